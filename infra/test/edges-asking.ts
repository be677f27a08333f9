import { once } from "node:events";
import { Agent, type IncomingHttpHeaders, request } from "node:http";
import type { EdgeKind, Headwater } from "../src/index.ts";

export interface AskOptions {
  readonly headers?: Record<string, string>;
  readonly method?: string;
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  /** When its head came. */
  readonly atMs: number;
}

export const agent = new Agent({ keepAlive: true, maxSockets: 100 });

/** One request to a loopback port. Rejects when nothing comes for 15 s. */
export async function ask(
  port: number,
  path: string,
  { headers = {}, method = "GET" }: AskOptions = {},
): Promise<Answer> {
  const req = request({ host: "127.0.0.1", port, path, method, headers, agent, timeout: 15_000 });
  req.once("timeout", () => req.destroy(new Error(`${method} ${path}: no answer`)));
  const [res] = await once(req.end(), "response");
  const atMs = Date.now();
  const parts: Buffer[] = [];
  for await (const part of res) parts.push(part);
  return { status: res.statusCode, headers: res.headers, body: Buffer.concat(parts), atMs };
}

/** What the origin answers while `work` runs, the probes of its health left out. */
export async function originAnswers(headwater: Headwater, work: () => Promise<unknown>): Promise<number> {
  const count = async () => {
    const metrics = await (await fetch(`${headwater.origin.adminUrl}/metrics`)).text();
    return metrics
      .split("\n")
      .filter((line) => line.startsWith("headwater_origin_requests_total{") && !line.includes("outside-grammar"))
      .reduce((sum, line) => sum + Number(line.split(" ").at(-1)), 0);
  };
  const before = await count();
  await work();
  return (await count()) - before;
}

/** Does the same at several edges at once, as most of it is waiting. A failure names its edge. */
export async function atEach<S extends { readonly kind: EdgeKind }>(
  sites: readonly S[],
  work: (site: S) => Promise<void>,
): Promise<void> {
  const at = (site: S) =>
    work(site).catch((error: Error) => {
      throw new Error(`${site.kind}: ${error.message}`, { cause: error });
    });
  const ended = await Promise.allSettled(sites.map(at));
  for (const one of ended) if (one.status === "rejected") throw one.reason;
}
