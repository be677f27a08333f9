import { createHash } from "node:crypto";
import { type Agent, request } from "node:http";

const TIMEOUT_MS = 20_000;

export interface GotDigest {
  readonly status: number;
  /** Of the body, hex. */
  readonly sha256: string;
  readonly tookMs: number;
}

/** GETs once, and keeps nothing of the body but its digest. Rejects when no whole answer comes. */
export function getDigest(url: string, agent: Agent): Promise<GotDigest> {
  return new Promise((resolve, reject) => {
    const begunMs = performance.now();
    const digest = createHash("sha256");
    const req = request(url, { agent });
    const timer = setTimeout(() => req.destroy(new Error("no answer in time")), TIMEOUT_MS);
    const fail = (error: Error) => {
      clearTimeout(timer);
      reject(error);
    };
    req.on("error", fail);
    req.once("response", (res) => {
      res.on("data", (part: Buffer) => digest.update(part)).on("error", fail);
      res.once("end", () => {
        clearTimeout(timer);
        const tookMs = performance.now() - begunMs;
        resolve({ status: res.statusCode ?? 0, sha256: digest.digest("hex"), tookMs });
      });
    });
    req.end();
  });
}
