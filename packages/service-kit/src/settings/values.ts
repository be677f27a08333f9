import { SettingsError } from "./error.ts";
import type { Kind } from "./kind.ts";
import { SETTINGS, type Setting, TEST_PREFIX, type Values, type Variable } from "./table.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The value of every setting in the table. An empty text counts as not set.
 * @throws SettingsError on the first HEADWATER_* variable that is not in the table or whose value is not allowed
 */
export function readValues(env: Environment): Values {
  for (const variable of Object.keys(env)) {
    if (variable.startsWith("HEADWATER_") && !variable.startsWith(TEST_PREFIX)) refuseUnknown(variable, env[variable]);
  }
  const entries = Object.entries<Setting<unknown>>(SETTINGS);
  return Object.fromEntries(
    entries.map(([variable, setting]) => [variable, settingValue(env, variable, setting)]),
  ) as Values;
}

function settingValue(env: Environment, variable: string, setting: Setting<unknown>): unknown {
  const text = env[variable]?.trim() || setting.default;
  if (text === undefined) return undefined;
  const value = setting.kind.parse(text);
  if (value === undefined) {
    throw new SettingsError(`${variable} is ${shown(text, setting.kind)}, but must be ${setting.kind.allowed}.`);
  }
  return value;
}

function refuseUnknown(variable: string, value: string | undefined): void {
  if (Object.hasOwn(SETTINGS, variable)) return;
  // The value of a name misspelt may be a secret; that of the variable it was meant for is what matters.
  const meant = nearest(variable);
  const shownValue = /TOKEN|SECRET|PASSWORD/.test(variable) ? "a hidden value" : `"${clip(value ?? "")}"`;
  throw new SettingsError(
    `${variable} (set to ${shownValue}) is not a setting of Headwater; ${
      meant ? `did you mean ${meant}?` : "docs/settings.md lists those that are."
    }`,
  );
}

function shown(text: string, kind: Kind<unknown>): string {
  if (kind.secret) return "set to a value that is not shown";
  return `"${clip(text.replace(/:\/\/[^@/]*@/g, "://***@"))}"`;
}

function clip(text: string): string {
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}

/** The known variable at an edit distance of at most 3, if any. */
function nearest(variable: string): Variable | undefined {
  const scored = (Object.keys(SETTINGS) as Variable[]).map((known) => ({ known, distance: distance(variable, known) }));
  const best = scored.reduce((a, b) => (b.distance < a.distance ? b : a));
  return best.distance <= 3 ? best.known : undefined;
}

function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitute = (row[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(substitute, (row[j] as number) + 1, (next[j - 1] as number) + 1));
    }
    row = next;
  }
  return row[b.length] as number;
}
