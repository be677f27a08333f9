import { once } from "node:events";
import { Agent, request } from "node:http";

/** GETs over connections that stay open; each resolves to the head when its last byte is there, and rejects unless it is 200. */
export function keptAliveGet(): (url: string) => Promise<{ sizeBytes: number; cacheStatus: string | undefined }> {
  const agent = new Agent({ keepAlive: true, maxSockets: 64 });
  return async (url) => {
    const [res] = await once(request(url, { agent }).end(), "response");
    let sizeBytes = 0;
    for await (const part of res) sizeBytes += part.length;
    if (res.statusCode !== 200) throw new Error(`GET ${url} was answered ${res.statusCode}`);
    return { sizeBytes, cacheStatus: res.headers["cache-status"] };
  };
}
