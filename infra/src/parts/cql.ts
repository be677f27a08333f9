import { ask } from "./ports.ts";

const HEADER_BYTES = 9;
const STARTUP = 0x01;
const QUERY = 0x07;
const RESULT = 0x08;
const CONSISTENCY_ONE = 1;

/** Number of peers a node sees: a real query over CQL's native protocol, so an answer proves that the node serves. */
export async function cassandraPeers(port: number, host: string): Promise<number> {
  const frames = [frame(STARTUP, startup()), frame(QUERY, query("SELECT count(*) FROM system.peers_v2"))];
  const reply = await ask({ host, port, timeoutMs: 3000 }, frames, isWholeFrame);
  if (reply[4] !== RESULT) throw new Error(`${host}:${port} refused a CQL query`);
  return Number(reply.readBigInt64BE(reply.length - 8)); // one row of one bigint ends the frame
}

function isWholeFrame(bytes: Buffer): boolean {
  return bytes.length >= HEADER_BYTES && bytes.length >= HEADER_BYTES + bytes.readUInt32BE(5);
}

function frame(opcode: number, body: Buffer): Buffer {
  const header = Buffer.from([4, 0, 0, 0, opcode, 0, 0, 0, 0]);
  header.writeUInt32BE(body.length, 5);
  return Buffer.concat([header, body]);
}

function startup(): Buffer {
  return Buffer.concat([Buffer.from([0, 1]), shortString("CQL_VERSION"), shortString("3.0.0")]);
}

function query(cql: string): Buffer {
  const text = Buffer.from(cql);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(text.length);
  return Buffer.concat([length, text, Buffer.from([0, CONSISTENCY_ONE, 0])]);
}

function shortString(text: string): Buffer {
  return Buffer.concat([Buffer.from([0, text.length]), Buffer.from(text)]);
}
