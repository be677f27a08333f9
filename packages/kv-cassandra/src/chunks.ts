import { checkChunk, NAMESPACES, type Namespace, nonceTimeMs, type StagedValue } from "@headwater/kv";
import { type Client, types } from "cassandra-driver";
import { type Attempts, inTime } from "./deadline.ts";
import { bucketOf, chunksTable } from "./tables.ts";

/** Chunks of one value under way at once: enough to fill a 2 MiB segment's four, few enough to be fair. */
const IN_FLIGHT = 4;

/**
 * A value on its way into Cassandra. `write` resolves as soon as fewer than `IN_FLIGHT` chunks are under way, so the
 * bytes must stay as they are for good (see `frames.ts`); a chunk that fails makes the next `write` or the `seal` reject.
 */
export class CassandraStagedValue implements StagedValue {
  readonly #client: Client;
  readonly #cql: string;
  readonly #namespace: Namespace;
  readonly #attemptsFor: (n: number) => Attempts;
  readonly #nonce: string;
  readonly #timestamp: types.Long;
  readonly #underWay = new Set<Promise<void>>();
  #failure: unknown;
  #abandoned = false;

  constructor(client: Client, namespace: Namespace, nonce: string, attemptsFor: (n: number) => Attempts) {
    this.#client = client;
    this.#namespace = namespace;
    this.#attemptsFor = attemptsFor;
    this.#nonce = nonce;
    this.#timestamp = types.Long.fromNumber(nonceTimeMs(nonce) * 1000);
    this.#cql = `INSERT INTO ${chunksTable(namespace)} (nonce, bucket, n, bytes) VALUES (?, ?, ?, ?) USING TIMESTAMP ?`;
  }

  async write(n: number, bytes: Uint8Array): Promise<void> {
    checkChunk(this.#namespace, bytes);
    while (this.#underWay.size >= IN_FLIGHT) await Promise.race(this.#underWay);
    this.#throwIfFailed();
    if (this.#abandoned) return;
    const blob = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const params = [this.#nonce, bucketOf(n), n, blob, this.#timestamp];
    const work: Promise<void> = inTime(() => this.#client.execute(this.#cql, params), this.#attemptsFor(n))
      .then(
        () => {},
        (error) => {
          this.#failure ??= error;
        },
      )
      .finally(() => this.#underWay.delete(work));
    this.#underWay.add(work);
  }

  async seal(): Promise<void> {
    await Promise.all(this.#underWay);
    this.#throwIfFailed();
  }

  /** Chunks without a row expire with their table; a delete would only leave a tombstone. */
  async abandon(): Promise<void> {
    this.#abandoned = true;
    await Promise.all(this.#underWay);
  }

  #throwIfFailed(): void {
    if (this.#failure) throw this.#failure;
  }
}

/** One chunk. Any copy will do, as chunks never change; where the nearest has none, a quorum knows. */
export async function readChunk(
  client: Client,
  namespace: Namespace,
  nonce: string,
  n: number,
): Promise<Buffer | undefined> {
  const cql = `SELECT bytes FROM ${chunksTable(namespace)} WHERE nonce = ? AND bucket = ? AND n = ?`;
  const { chunkConsistency, rowConsistency } = NAMESPACES[namespace];
  for (const level of [chunkConsistency, rowConsistency]) {
    const consistency = types.consistencies[level];
    const { rows } = await client.execute(cql, [nonce, bucketOf(n), n], { consistency });
    if (rows[0]) return rows[0].bytes;
  }
  return undefined;
}
