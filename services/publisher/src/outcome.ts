import { KvError, type KvErrorCode } from "@headwater/kv";
import { PlaylistError } from "@headwater/playlists";
import type { StoreResult } from "@headwater/segment-store/writer";
import { ProblemError, type PublishResult, toProblem } from "@headwater/service-kit";
import { BodyError } from "./body.ts";

/** Answers without a problem: what became of a body. `none`: there was nothing to store. */
export type Accepted = Exclude<StoreResult, "conflict" | "ended"> | "none";

export const STATUS: Readonly<Record<Accepted, 201 | 200 | 204>> = {
  stored: 201,
  same: 200,
  replaced: 200,
  none: 204,
};

const BODY_STATUS = { "cut-short": 400, "too-large": 413, timeout: 408 } as const;
const PLAYLIST_STATUS = { "too-large": 413, "not-a-playlist": 422, malformed: 422 } as const;
const RETRY_AFTER_SEC = 1;

const STORE_PROBLEM: Readonly<Record<KvErrorCode, () => ProblemError>> = {
  full: () => new ProblemError(507, "store-full", "There is no room left for media"),
  clock: () =>
    new ProblemError(503, "store-clock", "A clock is off by more than two seconds: what is stored now could be lost"),
  unavailable: () => new ProblemError(503, "store-unavailable", "The store cannot take it now"),
};

/** A refusal as the client sees it. */
export interface Refusal {
  readonly problem: ProblemError;
  readonly headers: Readonly<Record<string, string>>;
}

/** What a client is told of an error, whatever it is; the insides of a store or of ours are not shown. */
export function refusalOf(error: unknown): Refusal {
  const problem = problemOf(error);
  const isForNow = problem.status === 503 || problem.status === 507;
  return { problem, headers: isForNow ? { "Retry-After": String(RETRY_AFTER_SEC) } : {} };
}

function problemOf(error: unknown): ProblemError {
  if (error instanceof KvError) {
    return STORE_PROBLEM[error.code]();
  }
  if (error instanceof BodyError) return new ProblemError(BODY_STATUS[error.code], error.code, error.message);
  if (error instanceof PlaylistError) return new ProblemError(PLAYLIST_STATUS[error.code], error.code, error.message);
  return toProblem(error);
}

/** How an upload that was not stored is counted. */
export function countedAs({ code, status }: ProblemError): PublishResult {
  if (status >= 500) return "failed";
  if (code === "conflict") return "conflict";
  return code === "cut-short" || code === "timeout" ? "aborted" : "refused";
}

export const conflict = () =>
  new ProblemError(409, "conflict", "Other bytes are committed under this name, and they stay");

export const ended = () => new ProblemError(409, "ended", "The event ended before this number");

export const outsideTemplate = (numbers: { first: number; last: number }) =>
  new ProblemError(409, "outside-template", "The number is too early, or no longer within the DVR window", numbers);

export const storeUnknown = () => new ProblemError(503, "store-unavailable", "The events cannot be read now");
