import { answerWithin } from "./answer-within.ts";
import { type Kv, KvError } from "./port.ts";

/** The store in which writes are acknowledged, for those who read a copy of it that may lag behind. Asked seldom. */
export type HomeKv = Pick<Kv, "range" | "readChunk">;

/** Who asks waits no longer: the home may be far, or cut off. */
const DEADLINE_MS = 1000;
/** Questions at a time; while it is not known to answer, one. */
const MAX_ASKING = 32;
/** After a failure nobody is let through for so long. */
const REST_MS = 1000;

export interface HomeOptions {
  /** Monotonic ms. */
  readonly clockMs?: () => number;
  /** Told of every question and, once more, if it was not answered. */
  readonly onAsk?: (event: "home" | "home-failed", table: "rows" | "chunks") => void;
}

/**
 * A home that is opened by the first question, and that cannot hold up those who ask: what it does not answer within a
 * second, or while it rests, rejects with `KvError`.
 */
export function guardedHome(open: () => Promise<HomeKv>, options: HomeOptions = {}): HomeKv {
  const { clockMs = () => performance.now(), onAsk = () => {} } = options;
  let opening: Promise<HomeKv> | undefined;
  let asking = 0;
  let answers = true;
  let restsUntilMs = Number.NEGATIVE_INFINITY;

  const opened = (): Promise<HomeKv> => {
    opening ??= open().catch((error: unknown) => {
      opening = undefined;
      throw error;
    });
    return opening;
  };

  const ask = async <T>(table: "rows" | "chunks", question: (home: HomeKv) => Promise<T>): Promise<T> => {
    if (clockMs() < restsUntilMs || asking >= (answers ? MAX_ASKING : 1)) {
      throw new KvError(
        "unavailable",
        "the home datacenter is not asked: it has not answered, or has enough to answer",
      );
    }
    asking += 1;
    onAsk("home", table);
    try {
      const answer = await answerWithin(DEADLINE_MS, opened().then(question));
      answers = true;
      return answer;
    } catch (cause) {
      answers = false;
      restsUntilMs = clockMs() + REST_MS;
      onAsk("home-failed", table);
      throw new KvError("unavailable", "the home datacenter does not answer", { cause });
    } finally {
      asking -= 1;
    }
  };

  return {
    range: (...query) => ask("rows", (home) => home.range(...query)),
    readChunk: (...chunk) => ask("chunks", (home) => home.readChunk(...chunk)),
  };
}
