/**
 * `bare-server.ts PORT URL`: plain node:http that answers everything as the URL was answered when it started, with the
 * same status, headers and bytes, and no thought. The least that a server on Node can cost.
 */
import { createServer, get } from "node:http";

const CHUNK_BYTES = 512 * 1024;
/** What node:http writes by itself. */
const ITS_OWN = new Set(["date", "connection", "keep-alive"]);

const [port, url] = process.argv.slice(2);

get(url!, async (answer) => {
  const parts: Buffer[] = [];
  for await (const part of answer) parts.push(part);
  const body = Buffer.concat(parts);
  const headers = answer.rawHeaders.filter((_, i, all) => !ITS_OWN.has(all[i - (i % 2)]!.toLowerCase()));
  const status = answer.statusCode!;
  const chunks: Buffer[] = [];
  for (let at = 0; body.length >= CHUNK_BYTES && at < body.length; at += CHUNK_BYTES)
    chunks.push(body.subarray(at, at + CHUNK_BYTES));
  // Text goes out in one piece with the head, which is the cheapest way for a small answer.
  const last = body.length < CHUNK_BYTES ? body.toString("latin1") : chunks.pop();
  createServer((_req, res) => {
    res.writeHead(status, headers);
    for (const chunk of chunks) res.write(chunk);
    res.end(last, "latin1");
  }).listen(Number(port), "127.0.0.1");
});
