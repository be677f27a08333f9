import { type IncomingMessage, ServerResponse } from "node:http";
import type { EventView } from "@headwater/segment-store/catalog";
import type { EventRecord } from "@headwater/segment-store/model";
import type { Tier } from "@headwater/segment-store/reader";
import type { OriginDecision } from "./answers.ts";

/** What a request turned out to be about, as far as that is known. */
export interface Subject {
  readonly event: EventRecord;
  /** Once its shape has been read. */
  readonly view?: EventView;
  readonly rendition?: string;
  readonly number?: number;
  /** The version in the URL, if it has one that counts. */
  readonly version?: number;
}

/** What is asked for, by how much it matters; `refused`: nothing that there could be. */
export type RequestClass = "live-edge" | "dvr" | "playlist" | "init" | "refused";

/** Node's response, by which its exchange is found again: to look it up in a map would cost more than most that is done with it. */
export class OriginResponse<Request extends IncomingMessage = IncomingMessage> extends ServerResponse<Request> {
  /** Until it has left. */
  exchange: Exchange | undefined = undefined;
}

/** One request and its answer, of which it gathers what is known: for the answer itself, for bounds, and for the log. */
export class Exchange {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  /** When its head had come; monotonic. */
  readonly beganMs: number;
  /** Whether its connection has carried none before it. */
  readonly isFirst: boolean;
  /** Grows while the request is understood: every answer tells of it. */
  subject: Subject | undefined = undefined;
  /** The edge that asks, as its token is named. */
  edge: string | undefined = undefined;
  class: RequestClass = "refused";

  decision: OriginDecision["kind"] | undefined = undefined;
  tier: Tier | undefined = undefined;
  /** Waited for what was not there yet; for storage. */
  holdMs = 0;
  readMs = 0;
  /** From its head to its answer's. */
  firstByteMs = 0;
  /** Why storage or this process has failed it. */
  error: unknown = undefined;
  /** Of the body, as its head announces them. */
  sizeBytes = 0;

  /** The content whose bytes it keeps in memory. */
  content: string | undefined = undefined;
  /** Whether it was let in under the bound on requests. */
  isCounted = false;
  isCut = false;
  /** As it was last looked at: bytes that the kernel has taken from its connection, and how far it is behind. */
  takenBytes = 0;
  behindBytes = 0;
  /** Among those under way. */
  place = -1;

  constructor(req: IncomingMessage, res: ServerResponse, beganMs: number, isFirst: boolean) {
    this.req = req;
    this.res = res;
    this.beganMs = beganMs;
    this.isFirst = isFirst;
  }
}
