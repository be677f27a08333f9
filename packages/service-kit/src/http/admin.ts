import type { Server, ServerResponse } from "node:http";
import type { Registry } from "prom-client";
import { ProblemError, sendProblem } from "./problem.ts";
import { createHttpServer } from "./server.ts";

/** `reasons` say in plain words why a process is not ready; empty when it is. */
export type Readiness = { readonly ready: boolean; readonly reasons: readonly string[] };

export type AdminOptions = {
  readonly service: string;
  readonly version: string;
  readonly ready: () => Readiness;
  readonly registry: Registry;
};

/** /healthz, /readyz (503 with reasons while it cannot do its job or drains), /metrics; anything else 404. */
export function adminServer({ service, version, ready, registry }: AdminOptions): Server {
  const routes: Readonly<Record<string, (res: ServerResponse) => void | Promise<void>>> = {
    "/healthz": (res) => sendJson(res, 200, { service, pid: process.pid, version }),
    "/readyz": (res) => {
      const readiness = ready();
      sendJson(res, readiness.ready ? 200 : 503, readiness);
    },
    "/metrics": async (res) => send(res, 200, registry.contentType, await registry.metrics()),
  };
  return createHttpServer({
    request: async (req, res) => {
      try {
        const path = (req.url ?? "").split("?", 1)[0] as string;
        const route = Object.hasOwn(routes, path) ? routes[path] : undefined;
        if (!route) throw new ProblemError(404, "not-found", "Not found");
        if (req.method !== "GET" && req.method !== "HEAD") {
          sendProblem(res, new ProblemError(405, "method-not-allowed", "Only GET and HEAD"), { Allow: "GET, HEAD" });
          return;
        }
        await route(res);
      } catch (error) {
        sendProblem(res, error instanceof ProblemError ? error : new ProblemError(500, "internal", "Not available"));
      }
    },
  });
}

function sendJson(res: ServerResponse, status: number, body: unknown): void {
  send(res, status, "application/json", JSON.stringify(body));
}

function send(res: ServerResponse, status: number, contentType: string, text: string): void {
  const body = Buffer.from(text);
  res.writeHead(status, { "Content-Type": contentType, "Content-Length": body.length, "Cache-Control": "no-store" });
  res.end(res.req.method === "HEAD" ? undefined : body);
}
