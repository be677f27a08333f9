import { Agent as HttpAgent, request as httpRequest, type IncomingHttpHeaders } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";

const TIMEOUT_MS = 15_000;
/** Each of 20 viewers has a connection of its own. */
const OPTIONS = { keepAlive: true, maxSockets: 64 };
const agents = { http: new HttpAgent(OPTIONS), https: new HttpsAgent(OPTIONS) };

export interface Reply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  /** When its head came. */
  readonly atMs: number;
}

/** One GET. Rejects when no whole answer comes within 15 s. */
export function ask(url: string, headers: Readonly<Record<string, string>> = {}): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const isTls = url.startsWith("https:");
    const options = { headers, agent: isTls ? agents.https : agents.http, signal: AbortSignal.timeout(TIMEOUT_MS) };
    const req = (isTls ? httpsRequest : httpRequest)(url, options, (res) => {
      const atMs = Date.now();
      const parts: Buffer[] = [];
      res.on("data", (part: Buffer) => parts.push(part));
      res.on("error", reject);
      res.on("end", () =>
        resolve({ status: res.statusCode ?? 0, headers: res.headers, body: Buffer.concat(parts), atMs }),
      );
    });
    req.on("error", ({ message }) => reject(new Error(`no answer from ${url}: ${message}`)));
    req.end();
  });
}
