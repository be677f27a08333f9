import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { createClockedEvent } from "../../faults/traffic/event.ts";
import { LateEncoder } from "../harness/late-encoder.ts";
import { type Polled, Poller } from "../harness/poller.ts";
import type { Report } from "../harness/report.ts";
import { findFaketime, startSteppedOrigin } from "../harness/stepped-service.ts";
import type { Scenario } from "./scenario.ts";

const DURATION_MS = 500;
const STEP_MS = 1500;
/** The offsets of the stepped clock, one after the other, each for some seconds. */
const OFFSETS_MS = [0, STEP_MS, 0, -STEP_MS, 0];
const EACH_MS = 4_000;
/** Node writes a Date anew once a second. */
const DATE_MS = 1_100;
/** HEADWATER_CLOCK_TOLERANCE_MS as it is unless told. */
const TOLERANCE_MS = 500;
/** The shortest lifetime of a 404: caches count whole seconds. */
const SHORTEST_MS = 1000;
/** A 2xx means that every origin serves it within this time (interface §3). */
const VISIBLE_WITHIN_MS = 500;

/**
 * By how much each rendition is published after the ends of its numbers: on time, and as late as may be. Numbers are
 * given up 6.5 s after their end; a clock that is 1.5 s ahead, and 0.5 s of tolerance, leave 4.5 s.
 */
const LATE_MS = { "on time": 0, late: 4_300 };

/**
 * Two origins on one store; the clock of one is stepped while an event is live. The rule, for every number that is
 * published, at P: a 404 for it is over by P plus the step and HEADWATER_CLOCK_TOLERANCE_MS, or is one of 1 s that was
 * given before P; it is never a 410; and both origins serve it from P + 500 ms on, whatever their clocks say.
 */
export const clockStep: Scenario = async ({ headwater, report, dir }) => {
  const library = findFaketime();
  if (library === undefined) {
    if (process.env.CI === "true") throw new Error("libfaketime is missing on this machine");
    report.note("!!! NOT TESTED: libfaketime is missing on this machine");
    return;
  }
  const stepped = await startSteppedOrigin(headwater, library, join(dir, "stepped"));
  try {
    const event = await createClockedEvent(headwater, "clock-step", DURATION_MS);
    const encoders = Object.values(LATE_MS).map((lateMs, i) => new LateEncoder(event, `r${i + 1}`, lateMs));
    await sleep(2 * DURATION_MS);
    const origins = { right: headwater.urls.origin, stepped: stepped.url };
    const polled = Object.entries(origins).flatMap(([clock, url]) =>
      encoders.map((encoder) => ({ clock, encoder, poller: pollerOf(`${url}/live/${event.id}/v1`, encoder) })),
    );
    for (const offsetMs of OFFSETS_MS) {
      await stepped.step(offsetMs);
      await sleep(DATE_MS);
      await report.check(`one clock is off by ${offsetMs} ms`, () => clockOf(stepped.url, offsetMs));
      await sleep(EACH_MS - DATE_MS);
    }
    // What was answered early is published meanwhile.
    await Promise.all(polled.map(({ poller }) => poller.stop()));
    await Promise.all(encoders.map((encoder) => encoder.stop()));

    await report.check("no PUT failed", async () => {
      demandNone(encoders.flatMap(({ failed }) => failed.map(String)));
      return `${encoders.map(({ publishedAtMs }) => publishedAtMs.size).join(" + ")} PUTs`;
    });
    for (const { clock, encoder, poller } of polled) {
      const name = `${clock} clock, ${encoder.lateMs === 0 ? "on time" : "late"}`;
      await judge(report, name, clock === "stepped" ? STEP_MS : 0, encoder.publishedAtMs, poller.answers);
    }
  } finally {
    await stepped.stop();
  }
};

/** Asks for what is there, what comes next, and what is early. */
function pollerOf(readUrl: string, encoder: LateEncoder): Poller {
  let round = 0;
  const numbers = () => {
    round += 1;
    const next = encoder.next();
    return [next - 2, next, next + 1, next + 2, next + 3 + (round % 12)];
  };
  return new Poller((number) => `${readUrl}/${encoder.rendition}/${number}.m4s`, numbers);
}

/** `offMs`: how far the origin's clock was off at most. */
async function judge(
  report: Report,
  name: string,
  offMs: number,
  publishedAtMs: ReadonlyMap<number, number>,
  all: readonly Polled[],
): Promise<void> {
  const first = Math.min(...publishedAtMs.keys());
  const answers = all.flatMap((answer) => {
    const atMs = publishedAtMs.get(answer.number);
    return atMs === undefined ? [] : [{ ...answer, publishedMs: atMs }];
  });
  await report.check(`${name}: no 404 outlives its number`, async () => {
    const over = answers
      .filter(({ status }) => status === 404)
      .map((one) => ({ ...one, overMs: Math.round(one.atMs + one.lifetimeMs - one.publishedMs) }));
    const isShort = (one: (typeof over)[0]) => one.lifetimeMs <= SHORTEST_MS && one.askedMs < one.publishedMs;
    const wrong = over.filter((one) => one.overMs > offMs + TOLERANCE_MS && !isShort(one));
    demandNone(wrong.map(({ number, lifetimeMs, overMs }) => `${number}, for ${lifetimeMs} ms, by ${overMs} ms`));
    const worst = (some: typeof over) => Math.max(0, ...some.map(({ overMs }) => overMs));
    const [short, long] = [over.filter(isShort), over.filter((one) => !isShort(one))];
    return `${over.length} × 404; past the publish by ${worst(long)} ms, those of 1 s by ${worst(short)} ms, at most`;
  });
  await report.check(`${name}: no 410 for what is published`, async () => {
    demandNone(answers.filter(({ status }) => status === 410).map(({ number }) => `${number}`));
    return `${answers.length} answers`;
  });
  await report.check(`${name}: served ${VISIBLE_WITHIN_MS} ms after its publish`, async () => {
    const due = answers.filter(({ askedMs, publishedMs }) => askedMs > publishedMs + VISIBLE_WITHIN_MS);
    demandNone(due.filter(({ status }) => status !== 200).map(({ number, status }) => `${number}: ${status}`));
    const held = answers.filter(({ status, askedMs, publishedMs }) => status === 200 && askedMs < publishedMs);
    return `${due.length} reads, and ${held.length} that were held for it`;
  });
  await report.check(`${name}: every request is answered`, async () => {
    const since = all.filter(({ number }) => number >= first);
    const wrong = since.filter(({ status }) => status !== 200 && status !== 404);
    demandNone(wrong.map(({ number, status }) => `${number}: ${status ?? "no answer"}`));
    return `${since.length} answers`;
  });
}

/** Rejects unless the origin's Date is off by that much; it tells whole seconds. */
async function clockOf(originUrl: string, offsetMs: number): Promise<string> {
  const answer = await fetch(originUrl, { signal: AbortSignal.timeout(2_000) });
  const date = answer.headers.get("date") ?? "";
  const offMs = Date.parse(date) - Date.now();
  if (offMs > offsetMs + 200 || offMs < offsetMs - 2200) throw new Error(`it tells ${date}, off by ${offMs} ms`);
  return date;
}

function demandNone(wrong: readonly string[]): void {
  if (wrong.length > 0) throw new Error(`${wrong.length}: ${wrong.slice(0, 4).join("; ")}`);
}
