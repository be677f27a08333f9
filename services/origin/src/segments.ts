import { contentType, type LiveUrl, mediaHeaders } from "@headwater/edge-protocol";
import type { Candidate } from "@headwater/segment-store/model";
import type { Look, SegmentReader } from "@headwater/segment-store/reader";
import type { Clock, Metrics } from "@headwater/service-kit";
import type { Directory, FoundRendition } from "./directory.ts";
import { heldSegment, waitsFor } from "./holds/held-segment.ts";
import type { HoldEnd, Holds } from "./holds/holds.ts";
import type { News } from "./holds/news.ts";
import type { Exchange } from "./http/exchange.ts";
import type { Open, Representation, Responder } from "./http/responder.ts";

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
  /** What is said of a candidate, made once. */
  readonly #copies = new WeakMap<Candidate, Representation>();
  /** Pipelines are named by the operator, so they are few. */
  readonly #served = new Map<string, () => void>();

  constructor(options: SegmentsOptions) {
    this.#options = options;
  }

  /** At once where memory has the answer. Rejects with KvError when storage has to be asked and cannot answer. */
  answer(exchange: Exchange, url: SegmentUrl): Promise<void> | void {
    const { directory, responder, clock } = this.#options;
    const nowMs = clock.nowMs();
    const found = directory.renditionNow(exchange, url);
    if (found === undefined) return this.#answerLater(exchange, url, nowMs);
    if ("ruledOut" in found) return responder.refuse(exchange, found.ruledOut);
    const look = found.rendition.lookNow(url.number, nowMs);
    if (look === undefined || waits(exchange, look, found, url, nowMs)) return this.#answerLater(exchange, url, nowMs);
    return this.#send(exchange, url, found, look);
  }

  async #answerLater(exchange: Exchange, url: SegmentUrl, arrivedMs: number): Promise<void> {
    const { directory, responder, holds, news, clock } = this.#options;
    let ended: HoldEnd | undefined;
    while (ended !== "gone") {
      const found = directory.renditionNow(exchange, url) ?? (await directory.rendition(exchange, url));
      if ("ruledOut" in found) return responder.refuse(exchange, found.ruledOut);
      const nowMs = clock.nowMs();
      const untilMs = arrivedMs + found.event.holdMs;
      const { rendition } = found;
      exchange.class = rendition.classOf(url.number);
      const look = rendition.lookNow(url.number, nowMs) ?? (await rendition.look(url.number, nowMs, exchange.edge));
      const isOver = isFinal(ended) || nowMs >= untilMs || !waits(exchange, look, found, url, nowMs);
      if (isOver) return this.#send(exchange, url, found, look, ended);
      ended = await holds.wait(heldSegment(directory, news, found, url.number), exchange.res, untilMs);
      exchange.holdMs += Math.max(0, clock.nowMs() - nowMs);
    }
  }

  #send(
    exchange: Exchange,
    url: SegmentUrl,
    found: FoundRendition,
    { decision, candidate }: Look,
    ended?: HoldEnd,
  ): Promise<void> | void {
    const { responder, reader } = this.#options;
    exchange.class = found.rendition.classOf(url.number);
    if (decision.kind !== "published" || candidate === undefined) {
      return responder.refuse(exchange, ended === "drain" ? { kind: "draining" } : decision);
    }
    if (candidate.ext !== url.ext) return responder.refuse(exchange, { kind: "wrong-extension" });
    const copy = this.#copy(candidate);
    const { event, rendition } = found;
    const open: Open = (lent) =>
      reader.hot(candidate) ??
      lent ??
      reader.open(event, candidate, rendition.asker(candidate.number, exchange.edge ?? ""));
    return responder.send(exchange, decision, copy, open);
  }

  #copy(candidate: Candidate): Representation {
    const known = this.#copies.get(candidate);
    if (known !== undefined) return known;
    const copy = this.#describe(candidate);
    this.#copies.set(candidate, copy);
    return copy;
  }

  /** Counts a copy sent. */
  #counted(pipeline: string, defective: "true" | "false"): () => void {
    const name = `${defective} ${pipeline}`;
    let counted = this.#served.get(name);
    if (counted === undefined) {
      counted = this.#options.metrics.servedTotal.series({ pipeline, defective }).inc;
      this.#served.set(name, counted);
    }
    return counted;
  }

  #describe(candidate: Candidate): Representation {
    const { pipeline, region, init, report, ref } = candidate;
    const defective = report.defects.length > 0 ? "true" : "false";
    return {
      etag: etagOf(ref.hash),
      lastModifiedMs: candidate.stampMs,
      sizeBytes: ref.sizeBytes,
      contentType: contentType(candidate.ext),
      headers: mediaHeaders({ pipeline, region, ...(init !== undefined && { init }), defects: report.defects }),
      copy: { pipeline, region },
      onBody: this.#counted(pipeline, defective),
    };
  }
}

function waits({ req }: Exchange, look: Look, { rendition }: FoundRendition, { number }: SegmentUrl, nowMs: number) {
  return req.method !== "HEAD" && waitsFor(look, rendition, number, nowMs);
}

/** Whether what there is now is the answer, whatever it is. */
function isFinal(ended: HoldEnd | undefined): boolean {
  return ended === "deadline" || ended === "drain" || ended === "refused";
}

/** Of an object by its SHA-256 in hex: the same on every process. */
export const etagOf = (sha256: string): string => sha256.slice(0, 32);
