import { connect, type Socket } from "node:net";

/** A GET that is held, over a connection of its own, which closes behind the last byte. */
export interface HeldReader {
  /** Resolves to the moment of the first byte; the socket then stands still until it is resumed. */
  readonly firstByteMs: Promise<number>;
  /** Resolves to the moment of the last byte, when all of them were the right ones; then the tag is known. */
  readonly lastByteMs: Promise<number>;
  readonly socket: Socket;
  etag(): string;
}

/** Connects and asks. `body`: what must come in the end. */
export async function heldReader(host: string, port: number, path: string, body: Buffer): Promise<HeldReader> {
  const socket = connect({ host, port });
  await new Promise<void>((resolve, reject) => socket.once("connect", resolve).once("error", reject));
  socket.write(`GET ${path} HTTP/1.1\r\nHost: origin\r\nConnection: close\r\n\r\n`);
  const first = Promise.withResolvers<number>();
  const last = Promise.withResolvers<number>();
  let head = "";
  let bytes = 0;
  let isRight = true;
  const take = (part: Buffer) => {
    isRight &&= part.equals(body.subarray(bytes, bytes + part.length));
    bytes += part.length;
  };
  socket.on("data", (part: Buffer) => {
    if (head !== "") return take(part);
    socket.pause();
    first.resolve(performance.now());
    const end = part.indexOf("\r\n\r\n") + 4;
    head = part.toString("latin1", 0, end);
    take(part.subarray(end));
  });
  socket.on("error", last.reject);
  socket.on("close", () => {
    if (isRight && bytes === body.length) return last.resolve(performance.now());
    const error = new Error(
      `a held request got ${head.slice(9, 12)} and ${bytes} bytes${isRight ? "" : ", not those sent"}`,
    );
    for (const { reject } of [first, last]) reject(error);
  });
  // Until everyone has a first byte nobody looks at the last; at those of who leaves, nobody at all.
  for (const { promise } of [first, last]) promise.catch(() => {});
  const etag = () => /^etag: (.*)$/im.exec(head)?.[1] ?? "none";
  return { firstByteMs: first.promise, lastByteMs: last.promise, socket, etag };
}
