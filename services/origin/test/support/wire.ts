import { raw } from "./client.ts";

/** An answer as its bytes say it, without any library's understanding of HTTP. */
export interface WireAnswer {
  readonly statusLine: string;
  /** Names in lower case, each with every value that was sent, in order. */
  readonly headers: ReadonlyMap<string, readonly string[]>;
  /** Latin-1. */
  readonly body: string;
}

/** One request over a raw socket, which the server closes. */
export async function askWire(
  port: number,
  method: string,
  path: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<WireAnswer> {
  const lines = Object.entries({ Host: "origin", ...headers, Connection: "close" }).map(([name, v]) => `${name}: ${v}`);
  const answer = await raw(port, `${[`${method} ${path} HTTP/1.1`, ...lines].join("\r\n")}\r\n\r\n`);
  const end = answer.indexOf("\r\n\r\n");
  const [statusLine = "", ...fields] = answer.slice(0, end).split("\r\n");
  const sent = new Map<string, string[]>();
  for (const field of fields) {
    const [, name = "", value = ""] = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+): (.*)$/.exec(field) ?? [];
    sent.set(name.toLowerCase(), [...(sent.get(name.toLowerCase()) ?? []), value]);
  }
  return { statusLine, headers: sent, body: answer.slice(end + 4) };
}
