import type { RequestListener } from "node:http";
import type { LiveUrl } from "@headwater/edge-protocol";
import express from "express";
import { announcesBody } from "../guard/request-body.ts";
import type { Underway } from "../guard/underway.ts";
import type { Inits } from "../inits.ts";
import type { Playlists } from "../playlists.ts";
import type { Segments } from "../segments.ts";
import type { Exchange } from "./exchange.ts";
import type { Responder } from "./responder.ts";
import { Urls } from "./urls.ts";

export interface FrontOptions {
  /** Undefined for those who may not read. */
  readonly edgeOf: (req: Exchange["req"]) => string | undefined;
  readonly underway: Underway;
  readonly responder: Responder;
  readonly segments: Segments;
  readonly inits: Inits;
  readonly playlists: Playlists;
}

/**
 * The origin's only way in: method, token, grammar. Segments and inits, which are nearly everything, are answered here;
 * playlists by Express, whose routing would cost a small answer more than all the rest of it.
 */
export function front(options: FrontOptions): RequestListener {
  const { edgeOf, underway, responder, segments, inits } = options;
  const urls = new Urls();
  const playlists = playlistApp(options, urls);

  const route = (exchange: Exchange): Promise<void> | void => {
    const { req, res } = exchange;
    // A body is not waited for, whatever the method: what has come of it by then is dropped.
    if (announcesBody(req)) res.shouldKeepAlive = false;
    if (req.method === "OPTIONS") return responder.preflight(exchange);
    if (req.method !== "GET" && req.method !== "HEAD") {
      res.shouldKeepAlive = false;
      return responder.refuse(exchange, { kind: "method-not-allowed" }, { Allow: "GET, HEAD, OPTIONS" });
    }
    const edge = edgeOf(req);
    if (edge === undefined) {
      return responder.refuse(exchange, { kind: "unauthorized" }, { "WWW-Authenticate": "Bearer" });
    }
    exchange.edge = edge;
    if (!underway.admits(exchange)) return responder.refuse(exchange, { kind: "overloaded" });
    const url = urls.parse(req.url ?? "");
    switch (url.kind) {
      case "outside":
        return responder.refuse(exchange, { kind: "outside-grammar" });
      case "segment":
        return segments.answer(exchange, url);
      case "init":
        return inits.answer(exchange, url);
      case "master":
      case "playlist":
        return playlists(req, res);
    }
  };
  return (req, res) => guarded(underway.enter(req, res), responder, route);
}

/** Paths come here only when the grammar has let them pass. */
function playlistApp({ playlists, responder, underway }: FrontOptions, urls: Urls): express.Express {
  const app = express();
  app.disable("x-powered-by");
  app.disable("etag");
  const answer =
    <K extends LiveUrl["kind"]>(kind: K, handler: (exchange: Exchange, url: LiveUrl & { kind: K }) => Promise<void>) =>
    (req: express.Request, res: express.Response): void => {
      const exchange = underway.of(res);
      if (exchange === undefined) return;
      guarded(exchange, responder, () => {
        const url = urls.parse(req.url);
        if (url.kind === kind) return handler(exchange, url as LiveUrl & { kind: K });
      });
    };
  app.get(
    "/live/:event/master.m3u8",
    answer("master", (exchange, url) => playlists.master(exchange, url)),
  );
  app.get(
    "/live/:event/:rendition/index.m3u8",
    answer("playlist", (exchange, url) => playlists.media(exchange, url)),
  );
  return app;
}

/** Never throws: whatever a handler throws or rejects with becomes an answer. */
function guarded(
  exchange: Exchange,
  responder: Responder,
  handler: (exchange: Exchange) => Promise<void> | void,
): void {
  try {
    handler(exchange)?.catch((error: unknown) => responder.fail(exchange, error));
  } catch (error) {
    responder.fail(exchange, error);
  }
}
