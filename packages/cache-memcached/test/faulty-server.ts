import { createServer, type Socket } from "node:net";
import { Header } from "memjs";

/** What the server does, once, instead of answering. */
export type Fault = "reset" | "end" | "stall" | "half, then stall" | "half, then end" | "nonsense" | "huge length";

/** A small memcached that knows get and set, and breaks once when it is told to. */
export async function faultyServer() {
  const values = new Map<string, Buffer>();
  const sockets = new Set<Socket>();
  let fault: Fault | undefined;
  let connections = 0;

  function answer(socket: Socket, request: Buffer): void {
    const header = Header.fromBuffer(request);
    const keyEnd = 24 + header.extrasLength + header.keyLength;
    const key = request.toString("latin1", 24 + header.extrasLength, keyEnd);
    if (header.opcode === 1) values.set(key, Buffer.from(request.subarray(keyEnd)));
    const value = header.opcode === 0 ? values.get(key) : undefined;
    const status = header.opcode === 0 && value === undefined ? 1 : 0;
    const body = value === undefined ? Buffer.alloc(0) : Buffer.concat([Buffer.alloc(4), value]);
    const reply = Buffer.concat([
      Header.toBuffer({
        magic: 0x81,
        opcode: header.opcode,
        keyLength: 0,
        extrasLength: body.length > 0 ? 4 : 0,
        totalBodyLength: body.length,
        status,
        opaque: header.opaque,
      }),
      body,
    ]);
    const now = fault;
    fault = undefined;
    if (now === undefined) socket.write(reply);
    else misbehave(socket, reply, now);
  }

  const server = createServer((socket) => {
    connections += 1;
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => {});
    let received: Buffer = Buffer.alloc(0);
    socket.on("data", (packet: Buffer) => {
      received = Buffer.concat([received, packet]);
      while (
        socket.listenerCount("data") > 0 &&
        received.length >= 24 &&
        received.length >= 24 + received.readUInt32BE(8)
      ) {
        const size = 24 + received.readUInt32BE(8);
        answer(socket, received.subarray(0, size));
        received = received.subarray(size);
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));

  return {
    port: (server.address() as { port: number }).port,
    breakOnce(next: Fault) {
      fault = next;
    },
    get connections() {
      return connections;
    },
    close() {
      for (const socket of sockets) socket.destroy();
      return new Promise((resolve) => server.close(resolve));
    },
  };
}

function misbehave(socket: Socket, reply: Buffer, fault: Fault): void {
  const half = reply.subarray(0, reply.length / 2);
  socket.removeAllListeners("data"); // nothing more is answered on this connection
  switch (fault) {
    case "reset":
      socket.resetAndDestroy();
      break;
    case "end":
      socket.end();
      break;
    case "half, then stall":
      socket.write(half);
      break;
    case "half, then end":
      socket.end(half);
      break;
    case "stall":
      break;
    case "nonsense":
      socket.write("ERROR, and more of it than a header\r\n");
      break;
    case "huge length":
      socket.write(
        Header.toBuffer({ magic: 0x81, opcode: 0, keyLength: 0, extrasLength: 4, totalBodyLength: 0xfffffff0 }),
      );
      break;
  }
}
