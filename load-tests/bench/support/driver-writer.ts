import { randomBytes, randomUUID } from "node:crypto";
import { Client, types } from "cassandra-driver";

const CHUNK_BYTES = 512 * 1024;
/** As much as the row of a segment has. */
const ROW_BYTES = 600;

/**
 * What a PUT has to write, by the driver alone: four chunks at once, then the row that names them, into Headwater's own
 * tables, prepared, at LOCAL_QUORUM.
 */
export async function driverWriter(cluster: { contactPoint: string; datacenter: string; keyspace: string }) {
  const client = new Client({
    contactPoints: [cluster.contactPoint],
    localDataCenter: cluster.datacenter,
    keyspace: cluster.keyspace,
    protocolOptions: { port: Number(cluster.contactPoint.split(":")[1]) },
    queryOptions: { prepare: true, consistency: types.consistencies.localQuorum },
    pooling: { coreConnectionsPerHost: { [types.distance.local]: 4 } },
    monitorReporting: { enabled: false },
  });
  await client.connect();
  const writeChunk = "INSERT INTO chunks_6h (nonce, bucket, n, bytes) VALUES (?, 0, ?, ?)";
  const writeRow = "INSERT INTO rows_6h (id, key, value) VALUES (?, ?, ?)";
  const id = `bench/${randomUUID()}`;
  let number = 0;

  const write = async (body: Buffer): Promise<void> => {
    const nonce = randomUUID();
    const chunks: Buffer[] = [];
    for (let at = 0; at < body.length; at += CHUNK_BYTES) chunks.push(body.subarray(at, at + CHUNK_BYTES));
    await Promise.all(chunks.map((chunk, n) => client.execute(writeChunk, [nonce, n, chunk])));
    const key = Buffer.alloc(8);
    key.writeUInt32BE(number++, 4);
    await client.execute(writeRow, [id, key, randomBytes(ROW_BYTES)]);
  };
  return { write, close: () => client.shutdown() };
}
