import type { IncomingMessage, ServerResponse } from "node:http";
import type { EventView } from "@headwater/segment-store/catalog";
import type { EventRecord } from "@headwater/segment-store/model";

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

/** One request and its answer. `subject` grows while the request is understood: every answer tells of it. */
export interface Exchange {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  subject?: Subject;
  /** The edge that asks, as its token is named. */
  edge?: string;
}
