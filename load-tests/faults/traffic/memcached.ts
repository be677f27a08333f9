import { once } from "node:events";
import { connect } from "node:net";

const TIMEOUT_MS = 1_000;

/** Whether the warmer has said of a server (host:port) that it has filled it. */
export async function isWarm(address: string): Promise<boolean> {
  return (await say(address, `get warm/${address}`)).startsWith("VALUE");
}

/** Makes a server (host:port) forget everything. */
export async function flushAll(address: string): Promise<void> {
  const reply = await say(address, "flush_all");
  if (!reply.startsWith("OK")) throw new Error(`${address} answers ${reply}`);
}

/** What a server answers first to a line of memcached's text protocol. */
async function say(address: string, line: string): Promise<string> {
  const [host = "", port = ""] = address.split(":");
  const socket = connect(Number(port), host);
  try {
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    socket.write(`${line}\r\n`);
    const [reply] = (await once(socket, "data", { signal })) as [Buffer];
    return reply.toString("latin1");
  } finally {
    socket.destroy();
  }
}
