import { contentType, type LiveQuery, type LiveUrl, renderLiveQuery } from "@headwater/edge-protocol";
import { type ListRange, type MediaPlaylist, multivariantPlaylist } from "@headwater/segment-store/reader";
import type { Clock } from "@headwater/service-kit";
import type { Directory } from "./directory.ts";
import { heldPlaylist, longestBlockMs, reloadOf } from "./holds/held-playlist.ts";
import type { HoldEnd, Holds } from "./holds/holds.ts";
import type { News } from "./holds/news.ts";
import { acceptsGzip } from "./http/accepts-gzip.ts";
import type { OriginDecision } from "./http/answers.ts";
import type { Exchange } from "./http/exchange.ts";
import type { Responder } from "./http/responder.ts";
import { PlaylistTexts } from "./playlist-texts.ts";
import { etagOf } from "./segments.ts";

const DEFAULT_WINDOW_SEC = 60;
/** Ranges of numbers are widened to multiples of it, so that readers nearby ask for one and the same list. */
const SNAP_NUMBERS = 32;

export interface PlaylistsOptions {
  readonly directory: Directory;
  readonly responder: Responder;
  readonly holds: Holds;
  readonly news: News;
  readonly clock: Clock;
}

/** GET and HEAD of playlists, which are written from memory. */
export class Playlists {
  readonly #options: PlaylistsOptions;
  readonly #texts = new PlaylistTexts();

  constructor(options: PlaylistsOptions) {
    this.#options = options;
  }

  /** Rejects with KvError when the catalog has to be read and cannot. */
  async master(exchange: Exchange, url: LiveUrl & { kind: "master" }): Promise<void> {
    const { directory, responder, clock } = this.#options;
    const found = await directory.event(exchange, url.event);
    if ("ruledOut" in found) return responder.refuse(exchange, found.ruledOut);
    exchange.class = "playlist";
    if (url.query.malformed !== undefined) return responder.refuse(exchange, { kind: "malformed-query" });
    const { view } = found;
    const nowMs = clock.nowMs();
    await view.ensureShape(nowMs);
    const streams = view.shape.all("stream");
    if (streams.length === 0) return responder.refuse(exchange, { kind: "nothing-published" });
    // What a rendition's bandwidth is measured by must be the same on every process.
    await Promise.all(streams.map(({ rendition }) => view.ensureTail(rendition, nowMs)));
    const { windowSec } = url.query;
    const query = windowSec === undefined ? undefined : renderLiveQuery({ windowSec }).slice(1);
    await this.#send(exchange, { kind: "master" }, multivariantPlaylist(view, query));
  }

  /** Rejects with KvError when the catalog has to be read and cannot. */
  async media(exchange: Exchange, url: LiveUrl & { kind: "playlist" }): Promise<void> {
    const { directory, responder, holds, news, clock } = this.#options;
    const { msn, skip } = url.query;
    const range = rangeOf(url.query);
    const arrivedMs = clock.nowMs();
    let ended: HoldEnd | undefined;
    while (ended !== "gone") {
      const found = await directory.rendition(exchange, url);
      if ("ruledOut" in found) return responder.refuse(exchange, found.ruledOut);
      exchange.class = "playlist";
      if (url.query.malformed !== undefined) return responder.refuse(exchange, { kind: "malformed-query" });
      const list = await found.rendition.mediaPlaylist(range, clock.nowMs(), skip);
      const reload = exchange.req.method === "HEAD" ? "answer" : reloadOf(list, msn);
      if (reload === "refuse") return responder.refuse(exchange, { kind: "reload-too-far" });
      const template = found.rendition.template();
      if (reload === "answer" || msn === undefined || template === undefined) {
        return this.#sendList(exchange, range, list);
      }
      // An unchanged list would be an error to players.
      if (ended === "deadline" || ended === "refused") return responder.refuse(exchange, { kind: "blocked-too-long" });
      if (ended === "drain") return responder.refuse(exchange, { kind: "draining" });
      const untilMs = arrivedMs + longestBlockMs(template);
      const fromMs = clock.nowMs();
      ended = await holds.wait(heldPlaylist(directory, news, found, msn), exchange.res, untilMs);
      exchange.holdMs += Math.max(0, clock.nowMs() - fromMs);
    }
  }

  async #sendList(exchange: Exchange, range: ListRange, list: MediaPlaylist | undefined): Promise<void> {
    const isEmpty = list?.first === undefined || list.last === undefined || list.first > lastOf(range, list.last);
    if (isEmpty) return this.#options.responder.refuse(exchange, { kind: "nothing-published" });
    await this.#send(exchange, { kind: "playlist", keepMs: list.maxAgeMs }, list.text);
  }

  async #send(exchange: Exchange, decision: OriginDecision, text: string): Promise<void> {
    const playlist = this.#texts.of(text, this.#options.clock.nowMs());
    const isGzip = acceptsGzip(exchange.req.headers["accept-encoding"]);
    const bytes = isGzip ? await playlist.gzip() : playlist.identity;
    const list = {
      // Other bytes need another strong tag.
      etag: `${etagOf(playlist.sha256)}${isGzip ? "-gzip" : ""}`,
      lastModifiedMs: playlist.firstSeenMs,
      sizeBytes: bytes.length,
      contentType: contentType("m3u8"),
      headers: { Vary: "Accept-Encoding", ...(isGzip && { "Content-Encoding": "gzip" }) },
    };
    await this.#options.responder.send(exchange, decision, list, () => ({ chunks: [bytes], tier: "memory" }));
  }
}

function rangeOf({ windowSec, from, to }: LiveQuery): ListRange {
  if (from === undefined && to === undefined) return { windowSec: windowSec ?? DEFAULT_WINDOW_SEC };
  return {
    from: from === undefined ? 0 : snap(from),
    ...(to !== undefined && { to: snap(to) + SNAP_NUMBERS - 1 }),
  };
}

const snap = (number: number): number => number - (number % SNAP_NUMBERS);

const lastOf = (range: ListRange, last: number): number =>
  Math.min(last, "to" in range && range.to !== undefined ? range.to : last);
