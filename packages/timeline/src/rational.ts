import type { Rational } from "./types.ts";

const MIN_DURATION_MS = 200;
const MAX_DURATION_MS = 20_000;
const FRACTION = /^([1-9]\d{0,14})\/([1-9]\d{0,14})$/;

function gcd(a: bigint, b: bigint): bigint {
  return b === 0n ? a : gcd(b, a % b);
}

function reduce(num: bigint, den: bigint): Rational {
  const divisor = gcd(num, den);
  return { num: Number(num / divisor), den: Number(den / divisor) };
}

/** `num / den` in lowest terms, of positive whole numbers (media ticks and their timescale, say). */
export function rational(num: number, den: number): Rational {
  for (const part of [num, den]) {
    if (!Number.isSafeInteger(part) || part <= 0) throw new RangeError(`not a positive whole number: ${part}`);
  }
  return reduce(BigInt(num), BigInt(den));
}

/** A duration in seconds as milliseconds. */
export function durationMs({ num, den }: Rational): number {
  return multipleMs(1, { num, den });
}

/**
 * `count` durations in ms. Exact but for the one rounding to a double, which is below 0.001 ms for times of this
 * and the next centuries, and at most 1 ms while the result is below 2^53.
 */
export function multipleMs(count: number, { num, den }: Rational): number {
  const product = count * num * 1000;
  if (Number.isSafeInteger(product)) return product / den;
  const exact = BigInt(count) * BigInt(num) * 1000n;
  const whole = exact / BigInt(den);
  return Number(whole) + Number(exact % BigInt(den)) / den;
}

/** Whether a segment may be this long: 200 ms to 20 s. */
export function isSegmentDuration(duration: Rational): boolean {
  const ms = durationMs(duration);
  return ms >= MIN_DURATION_MS && ms <= MAX_DURATION_MS;
}

/**
 * An event's `segmentDuration`: whole milliseconds, or a fraction of seconds such as `"60060/30000"`.
 * Throws RangeError, in words for the operator, when it is neither or outside 200 ms … 20 s (interface §2).
 */
export function parseDuration(value: unknown): Rational {
  const duration = typeof value === "number" ? fromMs(value) : fromFraction(value);
  if (duration === undefined) {
    throw new RangeError('a segment duration is whole milliseconds or a fraction of seconds like "60060/30000"');
  }
  if (!isSegmentDuration(duration)) throw new RangeError("a segment duration lies between 200 ms and 20 s");
  return duration;
}

function fromMs(ms: number): Rational | undefined {
  return Number.isSafeInteger(ms) && ms > 0 ? rational(ms, 1000) : undefined;
}

function fromFraction(value: unknown): Rational | undefined {
  const match = typeof value === "string" ? FRACTION.exec(value) : null;
  return match === null ? undefined : rational(Number(match[1]), Number(match[2]));
}

/** The mean of at least one fraction: exact while its parts stay below 2^53, else to the nearest 10^-9. */
export function mean(values: readonly Rational[]): Rational {
  let [num, den] = [0n, 1n];
  for (const value of values) {
    num = num * BigInt(value.den) + BigInt(value.num) * den;
    den *= BigInt(value.den);
    const divisor = gcd(num, den);
    [num, den] = [num / divisor, den / divisor];
  }
  const exact = reduce(num, den * BigInt(values.length));
  if (Number.isSafeInteger(exact.num) && Number.isSafeInteger(exact.den)) return exact;
  return rational(Math.round((exact.num / exact.den) * 1e9), 1e9);
}
