/** A duration as seen: `320 ms`, `8.3 s`, `42 s`, `12 min`, `3 h`. */
export function seen(ms: number): string {
  if (ms < 999.5) return `${Math.round(ms)} ms`;
  if (ms < 9950) return `${(ms / 1000).toFixed(1)} s`;
  if (ms < 119_500) return `${Math.round(ms / 1000)} s`;
  if (ms < 119.5 * 60_000) return `${Math.round(ms / 60_000)} min`;
  return `${Math.round(ms / 3_600_000)} h`;
}

/** A duration as it is set: in seconds, exact to the millisecond. */
export const seconds = (ms: number): string => `${round(ms / 1000, 3)} s`;

/** A time that has passed, in whole units. */
export const ago = (ms: number): string => (ms < 9950 ? `${Math.round(ms / 1000)} s` : seen(ms));

export const round = (value: number, digits: number): number => Number(value.toFixed(digits));

export const count = (n: number, one: string, many = `${one}s`): string => `${n} ${n === 1 ? one : many}`;

/** `once`, `4 times`. */
export const times = (n: number): string => (n === 1 ? "once" : `${n} times`);

/** `4 of the last 30 copies`. */
export const ofLastCopies = (n: number, all: number): string =>
  all === 1 ? "the last copy" : `${n} of the last ${all} copies`;

/** `a`, `a and b`, `a, b and c`. */
export function list(words: readonly string[]): string {
  if (words.length < 2) return words.join("");
  return `${words.slice(0, -1).join(", ")} and ${words.at(-1)}`;
}
