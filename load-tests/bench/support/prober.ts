import { get } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { parentPort, Worker, workerData } from "node:worker_threads";

const PAUSE_MS = 25;

/** The longest that an answer took to begin, in ms, and how many there were, for each URL. */
export type Probed = readonly { readonly maxMs: number; readonly count: number }[];

/** Asks each URL again and again, from a thread of its own, until it is told to stop. */
export function startProber(urls: readonly string[]): { stop(): Promise<Probed> } {
  const worker = new Worker(new URL(import.meta.url), { workerData: urls });
  const probed = new Promise<Probed>((resolve, reject) => worker.once("message", resolve).once("error", reject));
  probed.catch(() => {});
  return {
    stop() {
      worker.postMessage("stop");
      return probed;
    },
  };
}

async function probe(url: string, isStopped: () => boolean): Promise<Probed[number]> {
  let maxMs = 0;
  let count = 0;
  while (!isStopped()) {
    maxMs = Math.max(maxMs, await firstByteMs(url));
    count += 1;
    await sleep(PAUSE_MS);
  }
  return { maxMs, count };
}

function firstByteMs(url: string): Promise<number> {
  const askedMs = performance.now();
  return new Promise((resolve, reject) => {
    const req = get(url, (res) => {
      const tookMs = performance.now() - askedMs;
      if (res.statusCode !== 200) reject(new Error(`${url}: ${res.statusCode}`));
      res.once("close", () => resolve(tookMs)).destroy();
    });
    req.once("error", reject);
  });
}

if (parentPort !== null) {
  const port = parentPort;
  let isStopped = false;
  port.once("message", () => {
    isStopped = true;
  });
  port.postMessage(await Promise.all((workerData as string[]).map((url) => probe(url, () => isStopped))));
  port.close();
}
