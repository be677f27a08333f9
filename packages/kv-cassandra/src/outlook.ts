import type { Client, Host } from "cassandra-driver";
import { bucketOf } from "./tables.ts";

/** What tells where a partition's copies are, and who is up. */
type Cluster = Pick<Client, "keyspace" | "getReplicas">;

/**
 * Whether, as far as the driver can see, too few of a partition's copies in a datacenter are up for a quorum. `partition`
 * is the routing key of `rowsPartition` or `chunkPartition`. False where the driver does not know.
 */
export function lacksQuorum(cluster: Cluster, datacenter: string, partition: Buffer): boolean {
  const replicas = (cluster.getReplicas(cluster.keyspace, partition) ?? []) as readonly Host[];
  const local = replicas.filter((host) => host.datacenter === datacenter);
  return local.length > 0 && local.filter((host) => host.isUp()).length < Math.floor(local.length / 2) + 1;
}

/** The routing key of the rows of an id. */
export const rowsPartition = (id: string): Buffer => Buffer.from(id);

/** The routing key of a chunk: two columns, each as its length in 16 bits, its bytes and a zero. */
export function chunkPartition(nonce: string, n: number): Buffer {
  const bucket = Buffer.alloc(4);
  bucket.writeInt32BE(bucketOf(n));
  return Buffer.concat([Buffer.from(nonce), bucket].flatMap((part) => [lengthOf(part), part, Buffer.alloc(1)]));
}

function lengthOf(part: Buffer): Buffer {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(part.length);
  return length;
}
