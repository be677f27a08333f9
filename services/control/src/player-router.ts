import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Catalog } from "@headwater/segment-store/catalog";
import express, { type RequestHandler, Router } from "express";
import type { FeedWatch } from "./diagnosis/index.ts";
import { publishUrl } from "./event-json.ts";
import { onlyMethods } from "./problems.ts";

const PUBLIC = join(import.meta.dirname, "..", "public");
const HLS = dirname(fileURLToPath(import.meta.resolve("hls.js/dist/hls.min.js")));

/** What is worst is told; the rest is in the API. */
const MAX_FINDINGS = 10;

export interface PlayerOptions {
  readonly catalog: Catalog;
  readonly feedWatch: FeedWatch;
  readonly originUrl: string;
  readonly publishBase: string;
  /** Whether the origin asks readers for a token: the page then asks for it too. */
  readonly readersNeedToken: boolean;
}

/**
 * The dashboard: a page that plays events, and `/player.json`, all it needs to know. Both are open to whoever reaches
 * the control port and only read: names and URLs of events and what is wrong with their feeds, never a token. What changes anything is under /v1.
 */
export function playerRouter(options: PlayerOptions): Router {
  const { catalog, feedWatch, originUrl, publishBase, readersNeedToken } = options;
  const router = Router();
  router.use(pageHeaders(new URL(originUrl).origin));

  router
    .route("/player.json")
    .get((_req, res) => {
      const events = [...catalog.events()].sort((a, b) => (a.id < b.id ? -1 : 1));
      res.json({
        originUrl,
        readersNeedToken,
        events: events.map((event) => ({
          id: event.id,
          state: event.end === undefined ? "live" : "ended",
          masterUrl: `${originUrl}/live/${event.id}/master.m3u8`,
          pipelines: event.pipelines.map(({ id }) => ({ id, publishUrl: publishUrl(publishBase, event.id, id) })),
          ...(event.end === undefined && { findings: feedWatch.findings(event).slice(0, MAX_FINDINGS) }),
        })),
      });
    })
    .all(onlyMethods("GET"));

  router
    .route("/hls.min.js")
    .get((_req, res) => res.sendFile("hls.min.js", { root: HLS, maxAge: "1h" }))
    .all(onlyMethods("GET"));

  router
    .route("/favicon.ico")
    .get((_req, res) => res.sendFile("favicon.svg", { root: PUBLIC, maxAge: "1h" }))
    .all(onlyMethods("GET"));

  router
    .route("/")
    .post(onlyMethods("GET"))
    .put(onlyMethods("GET"))
    .patch(onlyMethods("GET"))
    .delete(onlyMethods("GET"));
  router.use(express.static(PUBLIC, { cacheControl: false }));
  return router;
}

/** Nothing from elsewhere but media of the origin; hls.js plays through blobs and works in a worker made of one. */
function pageHeaders(origin: string): RequestHandler {
  const policy = [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    `connect-src 'self' ${origin}`,
    `media-src blob: ${origin}`,
    "worker-src blob:",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join("; ");
  return (_req, res, next) => {
    res.setHeader("Content-Security-Policy", policy);
    res.setHeader("Referrer-Policy", "no-referrer");
    next();
  };
}
