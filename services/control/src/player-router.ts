import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Catalog } from "@headwater/segment-store/catalog";
import express, { type RequestHandler, Router } from "express";
import { publishUrl } from "./event-json.ts";
import { onlyMethods } from "./problems.ts";

const PUBLIC = join(import.meta.dirname, "..", "public");
const HLS = dirname(fileURLToPath(import.meta.resolve("hls.js/dist/hls.min.js")));

export interface PlayerOptions {
  readonly catalog: Catalog;
  readonly originUrl: string;
  readonly publishBase: string;
  /** Whether the origin asks readers for a token: the page then asks for it too. */
  readonly readersNeedToken: boolean;
}

/**
 * The dashboard: a page that plays events, and `/player.json`, all it needs to know. Both are open to whoever reaches
 * the control port and only read: names and URLs of events, never a token. What changes anything is under /v1.
 */
export function playerRouter({ catalog, originUrl, publishBase, readersNeedToken }: PlayerOptions): Router {
  const router = Router();
  router.use(pageHeaders(new URL(originUrl).origin));

  router
    .route("/player.json")
    .get((_req, res) => {
      const events = [...catalog.events()].sort((a, b) => (a.id < b.id ? -1 : 1));
      res.json({
        originUrl,
        readersNeedToken,
        events: events.map(({ id, end, pipelines }) => ({
          id,
          state: end === undefined ? "live" : "ended",
          masterUrl: `${originUrl}/live/${id}/master.m3u8`,
          pipelines: pipelines.map((p) => ({ id: p.id, publishUrl: publishUrl(publishBase, id, p.id) })),
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
