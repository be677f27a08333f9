/**
 * Answers that change with time, each asked 1 ms before its moment and at it. The world is that of `rows.ts`; times are
 * ms after number 1 of every event began, all of them after 81 000.
 */
export interface Boundary {
  readonly what: string;
  readonly path: string;
  readonly atMs: number;
  readonly before: Expected;
  readonly after: Expected;
}

export interface Expected {
  readonly status: number;
  /** Undefined: the request is held. */
  readonly maxAgeMs?: number;
}

const HELD: Expected = { status: 404 };
const gone: Expected = { status: 410, maxAgeMs: 60_000 };

export const BOUNDARIES: readonly Boundary[] = [
  {
    what: "a copy is settled 200 ms of grace and 500 ms of tolerance after its stamp",
    path: "/live/duel/v1/720p/40.m4s",
    atMs: 81_600,
    before: { status: 200, maxAgeMs: 2000 },
    after: { status: 200, maxAgeMs: 58_400 },
  },
  {
    what: "a number leaves the DVR window",
    path: "/live/derby/v2/720p/11.m4s",
    atMs: 82_000,
    before: { status: 200, maxAgeMs: 1 },
    after: gone,
  },
  {
    what: "the second next is held from 500 ms before its predecessor is due",
    path: "/live/calm/v1/720p/42.m4s",
    atMs: 82_001,
    before: { status: 404, maxAgeMs: 1000 },
    after: HELD,
  },
  {
    what: "a hole is given up at its retry deadline",
    path: "/live/derby/v2/720p/38.m4s",
    atMs: 82_500,
    before: { status: 404, maxAgeMs: 1 },
    after: gone,
  },
  {
    what: "a media playlist holds until the next number is due, and for 500 ms at least",
    path: "/live/calm/720p/index.m3u8",
    atMs: 82_000,
    before: { status: 200, maxAgeMs: 501 },
    after: { status: 200, maxAgeMs: 500 },
  },
  {
    what: "a defective copy stays for good 500 ms of tolerance after its retry deadline",
    path: "/live/derby/v2/720p/39.m4s",
    atMs: 85_000,
    before: { status: 200, maxAgeMs: 1000 },
    after: { status: 200, maxAgeMs: 53_000 },
  },
];
