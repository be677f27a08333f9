import { join } from "node:path";
import { findBinary } from "./binaries.ts";
import { accepts } from "./ports.ts";
import { type Part, startPart } from "./process.ts";
import { quietPort } from "./quiet-port.ts";

const CALL_TIMEOUT_MS = 5_000;

/** What happens to the bytes of every connection, those there are among them; see Toxiproxy's documentation. */
export interface Toxic {
  readonly type: "latency" | "bandwidth" | "timeout" | "reset_peer" | "slicer" | "limit_data";
  readonly attributes: Readonly<Record<string, number>>;
  /** Default: from the server to the client. */
  readonly stream?: "upstream" | "downstream";
}

/** A port in front of a server. */
export interface ToxicProxy {
  /** host:port, for the client. */
  readonly address: string;
  poison(toxic: Toxic): Promise<void>;
  /** Closes the port and all connections. */
  cut(): Promise<void>;
  /** As it was in the beginning. */
  heal(): Promise<void>;
}

export interface Toxiproxy extends Part {
  /** A proxy in front of `upstream` (host:port); `name` is its alone. */
  proxy(name: string, upstream: string): Promise<ToxicProxy>;
}

/** Shopify's Toxiproxy on loopback ports. */
export async function startToxiproxy({ dir }: { dir: string }): Promise<Toxiproxy> {
  const port = await quietPort();
  const part = await startPart({
    name: "toxiproxy",
    command: findBinary("toxiproxy") ?? "toxiproxy",
    args: ["-host", "127.0.0.1", "-port", `${port}`],
    logFile: join(dir, `toxiproxy-${port}.log`),
    ready: () => accepts(port),
  });
  const call = async (method: string, path: string, body?: object): Promise<unknown> => {
    const signal = AbortSignal.timeout(CALL_TIMEOUT_MS);
    const answer = await fetch(`http://127.0.0.1:${port}${path}`, {
      method,
      signal,
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`Toxiproxy: ${method} ${path}: ${answer.status} ${text}`);
    return text === "" ? undefined : JSON.parse(text);
  };
  return {
    ...part,
    proxy: async (name, upstream) => {
      const address = `127.0.0.1:${await quietPort()}`;
      await call("POST", "/proxies", { name, listen: address, upstream, enabled: true });
      const path = `/proxies/${name}`;
      return {
        address,
        poison: async ({ stream = "downstream", ...toxic }) => {
          await call("POST", `${path}/toxics`, { ...toxic, name: toxic.type, stream });
        },
        cut: async () => {
          await call("POST", path, { enabled: false });
        },
        heal: async () => {
          const toxics = (await call("GET", `${path}/toxics`)) as { name: string }[];
          for (const toxic of toxics) await call("DELETE", `${path}/toxics/${toxic.name}`);
          await call("POST", path, { enabled: true });
        },
      };
    },
  };
}
