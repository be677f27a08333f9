import { contentType, type LiveUrl, mediaHeaders } from "@headwater/edge-protocol";
import type { Candidate } from "@headwater/segment-store/model";
import type { Look, SegmentReader } from "@headwater/segment-store/reader";
import type { Clock, Metrics } from "@headwater/service-kit";
import type { Directory, FoundRendition } from "./directory.ts";
import { heldSegment, waitsFor } from "./holds/held-segment.ts";
import type { HoldEnd, Holds } from "./holds/holds.ts";
import type { News } from "./holds/news.ts";
import type { Exchange } from "./http/exchange.ts";
import type { Representation, Responder } from "./http/responder.ts";

type SegmentUrl = LiveUrl & { kind: "segment" };

export interface SegmentsOptions {
  readonly directory: Directory;
  readonly reader: SegmentReader;
  readonly responder: Responder;
  readonly holds: Holds;
  readonly news: News;
  readonly clock: Clock;
  readonly metrics: Pick<Metrics, "servedTotal">;
}

/** GET and HEAD of numbered segments: the number decides, the next one is waited for, then the chosen copy is sent. */
export class Segments {
  readonly #options: SegmentsOptions;

  constructor(options: SegmentsOptions) {
    this.#options = options;
  }

  /** Rejects with KvError when storage has to be asked and cannot answer. */
  async answer(exchange: Exchange, url: SegmentUrl): Promise<void> {
    const { directory, responder, holds, news, clock } = this.#options;
    const arrivedMs = clock.nowMs();
    let ended: HoldEnd | undefined;
    while (ended !== "gone") {
      const found = await directory.rendition(exchange, url);
      if ("ruledOut" in found) return responder.refuse(exchange, found.ruledOut);
      const { event, rendition } = found;
      const nowMs = clock.nowMs();
      const untilMs = arrivedMs + event.holdMs;
      const look = await rendition.look(url.number, nowMs, exchange.edge);
      const waits = exchange.req.method !== "HEAD" && waitsFor(look, rendition, url.number, nowMs);
      if (!waits || isFinal(ended) || nowMs >= untilMs) return this.#send(exchange, url, found, look, ended);
      ended = await holds.wait(heldSegment(directory, news, found, url.number), exchange.res, untilMs);
    }
  }

  async #send(
    exchange: Exchange,
    url: SegmentUrl,
    found: FoundRendition,
    { decision, candidate }: Look,
    ended: HoldEnd | undefined,
  ): Promise<void> {
    const { responder, metrics } = this.#options;
    if (decision.kind !== "published" || candidate === undefined) {
      return responder.refuse(exchange, ended === "drain" ? { kind: "draining" } : decision);
    }
    if (candidate.ext !== url.ext) return responder.refuse(exchange, { kind: "wrong-extension" });
    const status = await responder.send(exchange, decision, this.#copy(found, candidate, exchange.edge));
    if (exchange.req.method === "HEAD" || (status !== 200 && status !== 206)) return;
    const defective = candidate.report.defects.length > 0 ? "true" : "false";
    metrics.servedTotal.inc({ pipeline: candidate.pipeline, defective });
  }

  #copy({ event, rendition }: FoundRendition, candidate: Candidate, edge = ""): Representation {
    const { pipeline, region, init, report, ref } = candidate;
    return {
      etag: etagOf(ref.hash),
      lastModifiedMs: candidate.stampMs,
      sizeBytes: ref.sizeBytes,
      contentType: contentType(candidate.ext),
      headers: mediaHeaders({ pipeline, region, ...(init !== undefined && { init }), defects: report.defects }),
      copy: { pipeline, region },
      open: () => this.#options.reader.open(event, candidate, rendition.asker(candidate.number, edge)),
    };
  }
}

/** Whether what there is now is the answer, whatever it is. */
function isFinal(ended: HoldEnd | undefined): boolean {
  return ended === "deadline" || ended === "drain" || ended === "refused";
}

/** Of an object by its SHA-256 in hex: the same on every process. */
export const etagOf = (sha256: string): string => sha256.slice(0, 32);
