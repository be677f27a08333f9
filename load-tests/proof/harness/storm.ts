/** What a storm is about: a live event of `.m4s`, whose numbers go up to 10¹⁵. */
export interface StormTarget {
  readonly event: string;
  readonly rendition: string;
  /** Nothing is published before it. */
  readonly first: number;
  /** A number that is not due for some segments, now. */
  ahead(): number;
}

type Random = () => number;
type Kind = (target: StormTarget, random: Random) => string;

const MAX_NUMBER = 999_999_999_999_999;
const upTo = (max: number, random: Random): number => Math.floor(random() * max);
const word = (random: Random): string => upTo(36 ** 8, random).toString(36);
const base = ({ event, rendition }: StormTarget, version: number | string = 1): string =>
  `/live/${event}/v${version}/${rendition}`;

/** Each makes a path under which there is nothing, and nothing comes while the storm lasts. */
const KINDS: Readonly<Record<string, Kind>> = {
  early: (target, random) => `${base(target)}/${target.ahead() + upTo(60, random)}.m4s`,
  "far off": (target, random) => `${base(target)}/${target.ahead() + upTo(MAX_NUMBER / 2, random)}.m4s`,
  late: (target, random) => `${base(target)}/${target.first - 1 - upTo(Math.min(target.first, 100_000), random)}.m4s`,
  "any number": (target, random) =>
    `${base(target)}/${target.ahead() + 60 + upTo(MAX_NUMBER / 3, random)}.m4s?${word(random)}`,
  "a number out of the grammar": (target, random) =>
    `${base(target)}/${"0".repeat(1 + upTo(30, random))}1${upTo(1e9, random)}.m4s`,
  "another extension": (target, random) =>
    `${base(target)}/${target.ahead()}.${["ts", "mp4", "aac", "exe"][upTo(4, random)]}`,
  "another event": (_, random) => `/live/${word(random)}-${word(random)}/v1/720p/${upTo(1e6, random)}.m4s`,
  "a playlist of another event": (_, random) => `/live/${word(random)}/master.m3u8?window=${upTo(1e6, random)}`,
  "another rendition": (target, random) => `/live/${target.event}/v1/${word(random)}/${target.ahead()}.m4s`,
  "a version to come": (target, random) => `${base(target, 2 + upTo(1e6, random))}/${target.ahead()}.m4s`,
  "an init of nobody": (target, random) => `${base(target)}/init-${word(random)}${word(random)}.mp4`,
  "dots and slashes": (target, random) => `${base(target)}/${"../".repeat(upTo(9, random))}etc/${word(random)}`,
  "percent signs": (target, random) => `${base(target)}/%2e%2e%2f${word(random)}%00.m4s`,
  "a name of our own objects": (_, random) => `/live/__proto__/v1/constructor/${upTo(1e6, random)}.m4s`,
  "kilobytes of path": (_, random) => `/live/${word(random).repeat(1 + upTo(300, random))}/v1/720p/1.m4s`,
};

/** The path of one request; every kind is as likely as the others. The same for the same random numbers and target. */
export function stormPath(target: StormTarget, random: Random): string {
  const kinds = Object.values(KINDS);
  return kinds[upTo(kinds.length, random)]!(target, random);
}
