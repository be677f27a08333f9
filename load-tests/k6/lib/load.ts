/** How k6 makes load. Open: turns begin at their rate whatever becomes of those before, so a slow server gets no fewer. */
export function steady(exec: string, rate: number, { seconds, startSec = 0 }: Span) {
  return {
    executor: "constant-arrival-rate" as const,
    exec,
    ...users(rate),
    rate: Math.max(1, Math.round(rate)),
    timeUnit: "1s",
    duration: `${seconds}s`,
    startTime: `${startSec}s`,
    gracefulStop: "10s",
  };
}

export interface Span {
  readonly seconds: number;
  readonly startSec?: number;
}

/** Rates that follow each other at once, without a ramp. A rate of 0 is silence. */
export function steps(exec: string, parts: readonly { readonly rate: number; readonly seconds: number }[]) {
  const [first] = parts;
  return {
    executor: "ramping-arrival-rate" as const,
    exec,
    ...users(Math.max(...parts.map(({ rate }) => rate))),
    startRate: Math.round(first?.rate ?? 0),
    timeUnit: "1s",
    stages: parts.flatMap(({ rate, seconds }) => [
      { target: Math.round(rate), duration: "0s" },
      { target: Math.round(rate), duration: `${seconds}s` },
    ]),
    gracefulStop: "10s",
  };
}

/** Closed: each of `count` edges goes on when it has its answer, and waits for the clock by itself. */
export function fleet(exec: string, count: number, { seconds, startSec = 0 }: Span) {
  return {
    executor: "constant-vus" as const,
    exec,
    vus: Math.max(1, Math.round(count)),
    duration: `${seconds}s`,
    startTime: `${startSec}s`,
    gracefulStop: "10s",
  };
}

function users(rate: number) {
  return {
    preAllocatedVUs: Math.max(10, Math.min(100, Math.ceil(rate / 4))),
    maxVUs: Math.max(50, Math.min(500, Math.ceil(rate * 2))),
  };
}
