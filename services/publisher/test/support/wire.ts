import { once } from "node:events";
import { connect, type Socket } from "node:net";

export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** Whether `100 Continue` came first. */
  readonly continued: boolean;
}

const DEADLINE_MS = 5_000;

/** One connection on which a test says exactly what goes over the wire. */
export class Wire {
  readonly socket: Socket;
  #text = "";
  #closed = false;
  readonly #isHead: boolean;

  /** `isHead`: replies are those to HEAD, without bodies. */
  static async open(port: number, isHead = false): Promise<Wire> {
    const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true, noDelay: true });
    await once(socket, "connect");
    return new Wire(socket, isHead);
  }

  private constructor(socket: Socket, isHead: boolean) {
    this.#isHead = isHead;
    this.socket = socket;
    socket.on("data", (bytes) => {
      this.#text += bytes.toString("latin1");
    });
    socket.on("error", () => {});
    socket.on("close", () => {
      this.#closed = true;
    });
    socket.on("end", () => {
      this.#closed = true;
    });
  }

  /** The next reply. Rejects when the connection closes without one, or none comes in 5 s. */
  async reply(): Promise<Reply> {
    for (const untilMs = Date.now() + DEADLINE_MS; Date.now() < untilMs; await pause(2)) {
      const reply = this.#take();
      if (reply !== undefined) return reply;
      if (this.#closed) throw new Error(`closed after ${JSON.stringify(this.#text)}`);
    }
    throw new Error(`no reply, only ${JSON.stringify(this.#text)}`);
  }

  /** Resolves when the server has closed its side. */
  async closed(): Promise<void> {
    for (const untilMs = Date.now() + DEADLINE_MS; !this.#closed; await pause(2)) {
      if (Date.now() > untilMs) throw new Error("the server keeps the connection");
    }
  }

  /** What has come and not been taken yet. */
  get text(): string {
    return this.#text;
  }

  #take(): Reply | undefined {
    const continued = this.#text.startsWith("HTTP/1.1 100");
    const rest = continued ? this.#text.slice(this.#text.indexOf("\r\n\r\n") + 4) : this.#text;
    const end = rest.indexOf("\r\n\r\n");
    if (end < 0) return undefined;
    const [first, ...lines] = rest.slice(0, end).split("\r\n");
    const headers = Object.fromEntries(
      lines.map((line) => [line.slice(0, line.indexOf(":")).toLowerCase(), line.slice(line.indexOf(":") + 2)]),
    );
    const bodyEnd = end + 4 + (this.#isHead ? 0 : Number(headers["content-length"] ?? 0));
    if (rest.length < bodyEnd) return undefined;
    this.#text = rest.slice(bodyEnd);
    return { status: Number(first!.split(" ")[1]), headers, body: rest.slice(end + 4, bodyEnd), continued };
  }
}

/** A request's head; `headers` in the order given. */
export function head(method: string, target: string, headers: Readonly<Record<string, string | number>> = {}): string {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return `${method} ${target} HTTP/1.1\r\nHost: publisher\r\n${lines.join("")}\r\n`;
}

export const chunk = (bytes: Buffer | string): Buffer => {
  const body = Buffer.from(bytes as string);
  return Buffer.concat([Buffer.from(`${body.length.toString(16)}\r\n`), body, Buffer.from("\r\n")]);
};
export const LAST_CHUNK = "0\r\n\r\n";

/** One whole request on a connection of its own. */
export async function send(
  port: number,
  method: string,
  target: string,
  headers: Readonly<Record<string, string | number>>,
  body: Buffer | string | undefined = undefined,
): Promise<Reply> {
  const wire = await Wire.open(port);
  const length = body === undefined ? {} : { "Content-Length": Buffer.byteLength(body) };
  wire.socket.write(head(method, target, { ...headers, ...length }));
  if (body !== undefined) wire.socket.write(body);
  try {
    return await wire.reply();
  } finally {
    wire.socket.destroy();
  }
}

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
