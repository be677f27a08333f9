import { hotSet } from "@headwater/cache";
import { contentType, type LiveUrl, mediaHeaders } from "@headwater/edge-protocol";
import type { EventRecord, InitRecord } from "@headwater/segment-store/model";
import type { Clock } from "@headwater/service-kit";
import type { Directory } from "./directory.ts";
import type { Exchange } from "./http/exchange.ts";
import type { Representation, Responder } from "./http/responder.ts";
import { etagOf } from "./segments.ts";

const DECODED_MAX_BYTES = 16 * 1024 * 1024;

/** GET and HEAD of init segments, which are part of an event's shape and so always in memory. */
export class Inits {
  readonly #directory: Directory;
  readonly #responder: Responder;
  readonly #clock: Clock;
  readonly #decoded = hotSet<Buffer>({ maxBytes: DECODED_MAX_BYTES });

  constructor(directory: Directory, responder: Responder, clock: Clock) {
    this.#directory = directory;
    this.#responder = responder;
    this.#clock = clock;
  }

  /** Rejects with KvError when the shape has to be read and cannot. */
  async answer(exchange: Exchange, url: LiveUrl & { kind: "init" }): Promise<void> {
    const found = await this.#directory.rendition(exchange, url);
    if ("ruledOut" in found) {
      this.#responder.refuse(exchange, found.ruledOut);
      return;
    }
    exchange.class = "init";
    const { event, view } = found;
    const { rendition, hash } = url;
    const wanted = () => (hash === undefined ? view.shape.newestInit(rendition) : view.shape.init(rendition, hash));
    if (wanted() === undefined) await view.ensureShape(this.#clock.nowMs());
    const init = wanted();
    if (init === undefined) {
      this.#responder.refuse(exchange, { kind: "unknown-init" });
      return;
    }
    const decision =
      hash === undefined ? ({ kind: "newest-init" } as const) : ({ kind: "init", keepMs: event.dvrWindowMs } as const);
    const bytes = this.#bytes(init);
    const open = () => ({ chunks: [bytes], tier: "memory" }) as const;
    await this.#responder.send(exchange, decision, this.#representation(event, init, bytes.length), open);
  }

  #representation(event: EventRecord, init: InitRecord, sizeBytes: number): Representation {
    const { hash, pipeline, atMs } = init;
    const region = event.pipelines.find(({ id }) => id === pipeline)?.region ?? "";
    return {
      etag: etagOf(hash),
      lastModifiedMs: atMs,
      sizeBytes,
      contentType: contentType("mp4"),
      headers: mediaHeaders({ pipeline, region, init: hash, defects: [] }),
      copy: { pipeline, region },
    };
  }

  #bytes({ hash, base64 }: InitRecord): Buffer {
    const known = this.#decoded.get(hash);
    if (known !== undefined) return known;
    const bytes = Buffer.from(base64, "base64");
    this.#decoded.set(hash, bytes, bytes.length);
    return bytes;
  }
}
