import { contentType, type LiveUrl, mediaHeaders } from "@headwater/edge-protocol";
import type { Candidate, EventRecord } from "@headwater/segment-store/model";
import type { SegmentReader } from "@headwater/segment-store/reader";
import type { Clock, Metrics } from "@headwater/service-kit";
import type { Directory } from "./directory.ts";
import type { Exchange } from "./http/exchange.ts";
import type { Representation, Responder } from "./http/responder.ts";

export interface SegmentsOptions {
  readonly directory: Directory;
  readonly reader: SegmentReader;
  readonly responder: Responder;
  readonly clock: Clock;
  readonly metrics: Pick<Metrics, "servedTotal">;
}

/** GET and HEAD of numbered segments: the number decides, then the chosen copy is sent. */
export class Segments {
  readonly #options: SegmentsOptions;

  constructor(options: SegmentsOptions) {
    this.#options = options;
  }

  /** Rejects with KvError when storage has to be asked and cannot answer. */
  async answer(exchange: Exchange, url: LiveUrl & { kind: "segment" }): Promise<void> {
    const { directory, responder, clock, metrics } = this.#options;
    const found = await directory.rendition(exchange, url);
    if ("ruledOut" in found) {
      responder.refuse(exchange, found.ruledOut);
      return;
    }
    const { decision, candidate } = await found.rendition.look(url.number, clock.nowMs());
    if (decision.kind !== "published" || candidate === undefined) {
      responder.refuse(exchange, decision);
      return;
    }
    if (candidate.ext !== url.ext) {
      responder.refuse(exchange, { kind: "wrong-extension" });
      return;
    }
    const status = await responder.send(exchange, decision, this.#copy(found.event, candidate));
    if (exchange.req.method === "HEAD" || (status !== 200 && status !== 206)) return;
    const defective = candidate.report.defects.length > 0 ? "true" : "false";
    metrics.servedTotal.inc({ pipeline: candidate.pipeline, defective });
  }

  #copy(event: EventRecord, candidate: Candidate): Representation {
    const { pipeline, region, init, report, ref } = candidate;
    return {
      etag: etagOf(ref.hash),
      lastModifiedMs: candidate.stampMs,
      sizeBytes: ref.sizeBytes,
      contentType: contentType(candidate.ext),
      headers: mediaHeaders({ pipeline, region, ...(init !== undefined && { init }), defects: report.defects }),
      copy: { pipeline, region },
      open: () => this.#options.reader.open(event, candidate),
    };
  }
}

/** Of an object by its SHA-256 in hex: the same on every process. */
export const etagOf = (sha256: string): string => sha256.slice(0, 32);
