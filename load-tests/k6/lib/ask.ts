import { check } from "k6";
import http from "k6/http";
import { Counter, Trend } from "k6/metrics";
import { type Class, outcomeOf, RULES } from "./classes.ts";
import { TOKEN } from "./settings.ts";
import { learn } from "./template.ts";

/** By `class` and `outcome`. */
const answers = new Counter("answers");
/** Until the first byte and the last, from the request on; of what could not be there yet, from when it could. */
const firstByte = new Trend("first_byte", true);
const whole = new Trend("whole", true);

http.setResponseCallback(http.expectedStatuses(200, 404, 503));

export interface Asked {
  /** When the object can be there at the earliest, ms since the Unix epoch: what is waited before that is not counted. */
  readonly fromMs?: number;
  readonly keepBody?: boolean;
}

/** GETs, judges and counts. What was shed is counted, and is neither right nor wrong. */
export function ask(name: Class, url: string, { fromMs = 0, keepBody = false }: Asked = {}) {
  const askedMs = Date.now();
  const answer = http.get(url, {
    tags: { class: name },
    headers: TOKEN ? { Authorization: `Bearer ${TOKEN}` } : {},
    redirects: 0,
    responseType: keepBody ? "text" : "none",
    timeout: "20s",
  });
  learn(answer.headers["Headwater-Template"]);
  const outcome = outcomeOf(name, answer);
  answers.add(1, { class: name, outcome });
  if (outcome !== "shed") {
    check(outcome, { [`${name}: ${RULES[name].right}`]: (found) => found === "right" }, { class: name });
  }
  if (outcome !== "none") {
    const { blocked, connecting, sending, waiting, receiving } = answer.timings;
    const headMs = blocked + connecting + sending + waiting;
    const freeMs = Math.max(0, fromMs - askedMs);
    firstByte.add(Math.max(0, headMs - freeMs), { class: name });
    whole.add(Math.max(0, headMs + receiving - freeMs), { class: name });
  }
  return { outcome, body: typeof answer.body === "string" ? answer.body : "", headers: answer.headers };
}
