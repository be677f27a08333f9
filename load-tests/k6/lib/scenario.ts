import type { Options, Scenario } from "k6/options";
import { type Class, RULES } from "./classes.ts";
import { P99_MS } from "./settings.ts";

/** Options of a scenario: of each class a share of right answers, the first byte's p99, and that it came up at all. */
export function scenario(scenarios: Record<string, Scenario>, classes: readonly Class[]): Options {
  const thresholds = classes.flatMap((name) => [
    [`answers{class:${name}}`, ["count>0"]],
    [`checks{class:${name}}`, ["rate>0.999"]],
    [`first_byte{class:${name}}`, [`p(99)<${P99_MS || RULES[name].limitMs}`]],
    // These are always met: k6 tells the figures of a class only where there is a threshold.
    [`answers{class:${name},outcome:shed}`, ["count>=0"]],
    [`whole{class:${name}}`, ["p(99)>=0"]],
  ]);
  return {
    scenarios,
    thresholds: { dropped_iterations: ["count==0"], checks: ["rate>0.999"], ...Object.fromEntries(thresholds) },
    discardResponseBodies: true,
    summaryTrendStats: ["med", "p(99)", "max"],
    systemTags: ["status", "scenario"],
  };
}
