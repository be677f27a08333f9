import type { Decision } from "@headwater/timeline";

/** Everything that a request can come to. The set is closed: each kind has its row in `answerFor`. */
export type OriginDecision =
  | Decision
  /** `keepMs`: as long as any segment can need it. */
  | { readonly kind: "init"; readonly keepMs: number }
  | { readonly kind: "playlist"; readonly keepMs: number }
  /** Not read, to protect storage; `restMs`: it will not be before. */
  | { readonly kind: "shed"; readonly restMs: number }
  | {
      readonly kind:
        | "outside-grammar"
        | "wrong-extension"
        | "unknown-event"
        | "version-ahead"
        | "unknown-rendition"
        | "no-rendition-yet"
        | "newest-init"
        | "unknown-init"
        | "master"
        | "nothing-published"
        | "blocked-too-long"
        | "reload-too-far"
        | "draining"
        | "storage-failing"
        | "overloaded"
        | "malformed-query"
        | "unauthorized"
        | "method-not-allowed"
        | "internal"
        | "preflight";
    };

export interface Answer {
  readonly status: number;
  /** Until the answer may change; counts only for statuses that may be kept at all. */
  readonly maxAgeMs: number;
  /** Of an error's body. */
  readonly title: string;
  /** Of a 503, where it is not its lifetime. */
  readonly retryAfterSec?: number;
}

const SECOND = 1000;
const MINUTE = 60 * SECOND;

/** Interface §4, the table: what is asked, the status, the lifetime. */
export function answerFor(decision: OriginDecision, nowMs: number): Answer {
  switch (decision.kind) {
    case "outside-grammar":
      return answer(404, MINUTE, "There is no such URL");
    case "wrong-extension":
      return answer(404, MINUTE, "The rendition has another file extension");
    case "unknown-event":
      return answer(404, 5 * SECOND, "There is no such event");
    case "version-ahead":
      return answer(404, SECOND, "The event has not reached that version");
    case "unknown-rendition":
      return answer(404, 5 * SECOND, "The event has no such rendition");
    case "no-rendition-yet":
      return answer(404, SECOND, "The event has no such rendition yet");
    case "after-last":
      return answer(404, decision.untilMs - nowMs, "The event ended before this number");
    case "before-first":
      return answer(404, decision.untilMs - nowMs, "The event begins after this number");
    case "out-of-window":
      return answer(410, decision.untilMs - nowMs, "Older than the DVR window");
    case "masked":
      return answer(404, decision.untilMs - nowMs, "Every copy of this number is masked");
    case "storage-failing":
      return answer(503, SECOND, "Storage does not answer");
    case "overloaded":
      return answer(503, SECOND, "Too much is under way");
    case "shed":
      return { ...answer(503, decision.restMs, "Too many old segments are asked for"), retryAfterSec: 5 };
    case "published":
      return answer(200, decision.untilMs - nowMs);
    case "gone":
      return answer(410, decision.untilMs - nowMs, "This number was never published");
    case "hold":
      return answer(404, SECOND, "Not published yet");
    case "stalled":
      return answer(404, decision.untilMs - nowMs, "Not published yet: the rendition has stalled");
    case "hole":
      return answer(404, decision.untilMs - nowMs, "Missing, but may still come");
    case "early":
      return answer(404, decision.untilMs - nowMs, "Not published yet");

    case "init":
      return answer(200, decision.keepMs);
    case "newest-init":
      return answer(200, SECOND);
    case "unknown-init":
      return answer(404, SECOND, "The rendition has no such init segment");
    case "master":
      return answer(200, SECOND);
    case "playlist":
      return answer(200, decision.keepMs);
    case "nothing-published":
      return answer(404, SECOND, "Nothing is published yet");
    case "blocked-too-long":
      return answer(503, SECOND, "The playlist has not reached that number");
    case "reload-too-far":
      return answer(400, 0, "The playlist is more than two numbers away from that");
    case "draining":
      return answer(503, SECOND, "This process is ending");

    case "preflight":
      return answer(204, MINUTE);
    case "malformed-query":
      return answer(400, 0, "A query parameter has a value that is not allowed");
    case "unauthorized":
      return answer(401, 0, "A token is needed");
    case "method-not-allowed":
      return answer(405, 0, "Only GET, HEAD and OPTIONS");
    case "internal":
      return answer(500, 0, "Something went wrong here");
  }
}

/** An older version's URL is answered as the current one's, but not for long. */
export function ofOlderVersion(answered: Answer): Answer {
  return { ...answered, maxAgeMs: Math.min(answered.maxAgeMs, 5 * SECOND) };
}

function answer(status: number, maxAgeMs: number, title = ""): Answer {
  return { status, maxAgeMs, title };
}
