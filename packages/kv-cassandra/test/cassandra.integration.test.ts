import { randomUUID } from "node:crypto";
import { connect, createServer, type Socket } from "node:net";
import { cassandraForTests, freePort } from "@headwater/infra";
import { CHUNK_BYTES, KvError, newNonce, nextToken, type Row, rowsOf } from "@headwater/kv";
import { runKvContract } from "@headwater/kv/contract";
import { afterAll, describe, expect, test } from "@jest/globals";
import { Client } from "cassandra-driver";
import {
  type CassandraKv,
  MIGRATIONS,
  type Migration,
  migrateCassandra,
  openCassandraKv,
  type StoreEvent,
} from "../src/index.ts";

const TIMEOUT_MS = 120_000;

const cassandra = await cassandraForTests();
const where = {
  contactPoints: [cassandra?.contactPoint ?? ""],
  localDataCenter: cassandra?.datacenter ?? "",
};
const freshKeyspace = () => `test_${randomUUID().replaceAll("-", "").slice(0, 20)}`;
const opened: CassandraKv[] = [];
const keyspaces: string[] = [];

async function open(keyspace: string, more: Partial<Parameters<typeof openCassandraKv>[0]> = {}): Promise<CassandraKv> {
  const kv = await openCassandraKv({ ...where, keyspace, ...more });
  opened.push(kv);
  return kv;
}

function useKeyspace(): string {
  const keyspace = freshKeyspace();
  keyspaces.push(keyspace);
  return keyspace;
}

async function withAdmin<T>(work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ ...where, socketOptions: { readTimeout: 30_000 } });
  try {
    return await work(client);
  } finally {
    await client.shutdown();
  }
}

afterAll(async () => {
  await Promise.all(opened.map((kv) => kv.close()));
  if (cassandra) {
    await withAdmin(async (client) => {
      for (const keyspace of keyspaces) await client.execute(`DROP KEYSPACE IF EXISTS ${keyspace}`);
    });
  }
  await cassandra?.stop();
}, TIMEOUT_MS);

/** Of the cases that have partitions of their own: to make one takes seconds. */
const shared = useKeyspace();

(cassandra ? describe : describe.skip)("kv on a real Cassandra", () => {
  runKvContract("Cassandra", {
    make: async () => ({ kv: await open(shared), another: () => open(shared), close: async () => {} }),
  });

  describe("schema", () => {
    test(
      "four processes at once on a fresh keyspace make one schema, and a user waits for it",
      async () => {
        const keyspace = useKeyspace();
        const roles = ["user", "owner", "owner", "owner", "owner"] as const;
        const kvs = await Promise.all(roles.map((role) => open(keyspace, { role })));
        const row: Row = { id: "a", key: Buffer.of(1), value: Buffer.from("v"), tokenUs: nextToken(Date.now()) };
        await kvs[1]!.put("7d", row);
        for (const kv of kvs) expect((await kv.range("7d", "a", { limit: 1 })).rows).toEqual([row]);
        await withAdmin(async (client) => {
          const cql = "SELECT table_name, default_time_to_live FROM system_schema.tables WHERE keyspace_name = ?";
          const { rows } = await client.execute(cql, [keyspace]);
          const ttl = Object.fromEntries(rows.map((found) => [found.table_name, found.default_time_to_live]));
          expect(ttl).toEqual({
            schema_version: 0,
            rows_control: 0,
            ...{ rows_1h: 7200, rows_6h: 25_200, rows_24h: 90_000, rows_7d: 608_400 },
            ...{ chunks_1h: 7200, chunks_6h: 25_200, chunks_24h: 90_000, chunks_7d: 608_400 },
          });
        });
      },
      TIMEOUT_MS,
    );

    test(
      "a migration takes the steps that are missing, once, in order, and a user waits for them",
      async () => {
        const options = { ...where, keyspace: useKeyspace() };
        const taken: number[] = [];
        const migrate = (migrations: readonly Migration[]) =>
          migrateCassandra({ ...options, onStep: ({ version }) => taken.push(version) }, migrations);
        expect(await migrate(MIGRATIONS)).toBe(0);
        expect(await migrate(MIGRATIONS)).toBe(1);
        const comment = (text: string) => (keyspace: string) => [
          `ALTER TABLE ${keyspace}.rows_1h WITH comment = '${text}'`,
        ];
        const later = [
          ...MIGRATIONS,
          { version: 2, does: "two", statements: comment("two") },
          { version: 3, does: "three", statements: comment("three") },
        ];
        const waiting = migrateCassandra({ ...options, role: "user" }, later);
        expect((await Promise.all([migrate(later), migrate(later)])).every((before) => before >= 1)).toBe(true);
        await waiting;
        expect(taken).toEqual([1, 2, 3]);
        await withAdmin(async (client) => {
          const cql = "SELECT comment FROM system_schema.tables WHERE keyspace_name = ? AND table_name = 'rows_1h'";
          const { rows } = await client.execute(cql, [options.keyspace]);
          expect(rows[0]!.comment).toBe("three");
        });
      },
      TIMEOUT_MS,
    );

    test(
      "a node that is not there yet, another's lock and a table that is missing are waited for or mended, and why is told",
      async () => {
        const options = { ...where, keyspace: useKeyspace() };
        const [host, port] = where.contactPoints[0]!.split(":");
        const frontPort = await freePort();
        const sockets: Socket[] = [];
        const front = createServer((client) => {
          const node = connect(Number(port), host!);
          sockets.push(client, node);
          client.on("error", () => node.destroy()).pipe(node);
          node.on("error", () => client.destroy()).pipe(client);
        });
        const reasons: string[] = [];
        const onWaiting = (reason: string) => {
          reasons.push(reason);
          if (!front.listening) front.listen(frontPort, "127.0.0.1");
        };
        const contactPoints = [`127.0.0.1:${frontPort}`];
        const addressMap = { [`${host}:${port}`]: contactPoints[0]! };
        expect(await migrateCassandra({ ...options, contactPoints, addressMap, onWaiting })).toBe(0);
        expect(reasons).toEqual([expect.stringContaining("Cassandra cannot be used")]);
        for (const socket of sockets) socket.destroy();
        front.close();

        await withAdmin(async (client) => {
          await client.execute(`DROP TABLE ${options.keyspace}.chunks_7d`);
          await client.execute(
            `INSERT INTO ${options.keyspace}.schema_version (name, owner) VALUES ('lock', 'another') IF NOT EXISTS USING TTL 2`,
          );
        });
        reasons.length = 0;
        expect(await migrateCassandra({ ...options, onWaiting: (reason) => reasons.push(reason) })).toBe(0);
        expect(reasons).toEqual([expect.stringContaining("another process is changing that")]);
        const kv = await open(options.keyspace, { role: "user" });
        expect(await kv.readChunk("7d", newNonce(Date.now()), 0)).toBeUndefined();
      },
      TIMEOUT_MS,
    );

    test(
      "a schema newer than this release is refused at once",
      async () => {
        const keyspace = useKeyspace();
        await open(keyspace);
        await withAdmin((client) =>
          client.execute(`INSERT INTO ${keyspace}.schema_version (name, version) VALUES ('current', 99)`),
        );
        await expect(open(keyspace)).rejects.toMatchObject({
          code: "unavailable",
          message: expect.stringContaining("99"),
        });
        const older = migrateCassandra({ ...where, keyspace: useKeyspace(), role: "user", waitMs: 0 });
        await expect(older).rejects.toMatchObject({ message: expect.stringContaining("has schema version 0") });
      },
      TIMEOUT_MS,
    );
  });

  describe("pages and hedges", () => {
    test(
      "a page whose target is at risk ends early, with rows; who asks for none gets the whole",
      async () => {
        let jumpedMs = 0;
        let jumps = false;
        const jumping = () => {
          if (jumps) jumpedMs += 1000;
          return performance.now() + jumpedMs;
        };
        const kv = await open(shared, { clockMs: jumping });
        const tokenUs = nextToken(Date.now());
        for (let n = 0; n < 70; n++)
          await kv.put("1h", { id: "pages", key: Buffer.of(n), value: Buffer.alloc(100), tokenUs });
        jumps = true;
        const early = await kv.range("1h", "pages", { limit: 100, targetMs: 50 });
        expect([early.rows.length, early.more]).toEqual([32, true]);
        const whole = await kv.range("1h", "pages", { limit: 100 });
        expect([whole.rows.length, whole.more]).toEqual([70, false]);
        let count = 0;
        for await (const row of rowsOf(kv, "1h", "pages", { reverse: true, pageBytes: 1000 })) {
          count += 1;
          expect(row.key[0]).toBe(70 - count);
        }
        expect(count).toBe(70);
      },
      TIMEOUT_MS,
    );

    test(
      "where there is no second node, late requests are not hedged, and none fails for it",
      async () => {
        const events: StoreEvent[] = [];
        const kv = await open(shared, { onEvent: (event) => events.push(event) });
        const tokenUs = nextToken(Date.now());
        const nonce = newNonce(Date.now());
        const staged = kv.stage("1h", nonce);
        const chunk = Buffer.alloc(CHUNK_BYTES, 3);
        for (let n = 0; n < 40; n++) await staged.write(n, chunk);
        await staged.seal();
        const puts = Array.from({ length: 200 }, (_, n) => ({
          id: "hedges",
          key: Buffer.of(n),
          value: Buffer.of(n),
          tokenUs,
        }));
        await Promise.all(puts.map((row) => kv.put("1h", row)));
        const chunks = await Promise.all(puts.slice(0, 40).map((_, n) => kv.readChunk("1h", nonce, n)));
        expect(chunks.every((found) => found?.equals(chunk))).toBe(true);
        expect((await kv.range("1h", "hedges", { limit: 1000 })).rows).toHaveLength(200);
        expect(events.filter(({ event }) => event === "hedge")).toEqual([]);
      },
      TIMEOUT_MS,
    );
  });

  describe("clock and faults", () => {
    test(
      "a token from the future is refused, and so is every row while this machine's clock is off from Cassandra's",
      async () => {
        let offMs = 0;
        const kv = await open(shared, { nowMs: () => Date.now() + offMs });
        const row = { id: "clock", key: Buffer.of(1), value: Buffer.from("v") };
        const ahead = { ...row, tokenUs: nextToken(Date.now() + 30_000) };
        const refused = { code: "clock" };
        await expect(kv.put("1h", ahead)).rejects.toMatchObject(refused);
        await expect(kv.putIfAbsent("1h", ahead)).rejects.toMatchObject(refused);
        for (offMs of [5_000, -5_000, 3_600_000, -3_600_000]) {
          expect(Math.abs(kv.clockAheadMs() - offMs)).toBeLessThan(1_000);
          const stepped = { ...row, tokenUs: nextToken(Date.now() + offMs) };
          await expect(kv.put("1h", stepped)).rejects.toMatchObject(refused);
          await expect(kv.putIfAbsent("1h", stepped)).rejects.toMatchObject(refused);
        }
        expect((await kv.range("1h", "clock", { limit: 1 })).rows).toEqual([]);
        offMs = 500;
        await kv.put("1h", { ...row, tokenUs: nextToken(Date.now() + offMs) });
        expect((await kv.range("1h", "clock", { limit: 1 })).rows).toHaveLength(1);
        // One that was wrong when it started knows it before its first row.
        const wrong = await open(shared, { nowMs: () => Date.now() - 60_000 });
        await expect(wrong.put("1h", { ...row, tokenUs: nextToken(Date.now()) })).rejects.toMatchObject(refused);
      },
      TIMEOUT_MS,
    );

    test(
      "after its end, and where no node answers, everything rejects with KvError",
      async () => {
        const kv = await open(shared);
        await kv.close();
        const failed = { code: "unavailable" };
        const row: Row = { id: "a", key: Buffer.of(1), value: Buffer.from("v"), tokenUs: nextToken(Date.now()) };
        await expect(kv.put("1h", row)).rejects.toMatchObject(failed);
        await expect(kv.putIfAbsent("1h", row)).rejects.toMatchObject(failed);
        await expect(kv.range("1h", "a", { limit: 1 })).rejects.toMatchObject(failed);
        await expect(kv.readChunk("1h", newNonce(Date.now()), 0)).rejects.toMatchObject(failed);
        const staged = kv.stage("1h", newNonce(Date.now()));
        await staged.write(0, Buffer.alloc(CHUNK_BYTES)).catch(() => {});
        await expect(staged.seal()).rejects.toBeInstanceOf(KvError);
        await staged.abandon();
        const contactPoints = [`127.0.0.1:${await freePort()}`];
        await expect(open("nowhere", { contactPoints, waitMs: 0 })).rejects.toMatchObject(failed);
      },
      TIMEOUT_MS,
    );

    test(
      "an address map leads to a node under another address",
      async () => {
        // The node names itself; the map must be what is used for it.
        const [host, port] = where.contactPoints[0]!.split(":");
        const addressMap = { [`${host}:${port}`]: `localhost:${port}` };
        const kv = await open(shared, { addressMap });
        expect(await kv.readChunk("1h", newNonce(Date.now()), 0)).toBeUndefined();
      },
      TIMEOUT_MS,
    );
  });
});
