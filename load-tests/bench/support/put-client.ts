import { once } from "node:events";
import { Agent, request } from "node:http";

/** PUTs over connections that stay open; each resolves when its answer's head is there, and rejects unless that is 2xx. */
export function keptAlivePut(publishUrl: string, token?: string): (path: string, body: Buffer) => Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: 64 });
  return async (path, body) => {
    const headers = { "Content-Length": body.length, ...(token !== undefined && { Authorization: `Bearer ${token}` }) };
    const req = request(`${publishUrl}/${path}`, { method: "PUT", agent, headers }).end(body);
    const [res] = await once(req, "response");
    res.resume();
    if (res.statusCode < 200 || res.statusCode > 299) throw new Error(`PUT ${path} was answered ${res.statusCode}`);
  };
}
