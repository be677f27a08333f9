import { existsSync } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { CHUNK_BYTES, encodeValue, type Namespace, newNonce, nextToken } from "@headwater/kv";
import { runKvContract } from "@headwater/kv/contract";
import { ChangeRing, evictOldest, expire, type LocalKv, openLocalKv, spareBytes, sweep } from "@headwater/kv-local";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { dataFolder } from "./folder.ts";

runKvContract("kv-local", {
  make: async () => {
    const folder = await dataFolder();
    return { kv: await folder.open(), another: () => folder.open(), close: folder.close };
  },
});

const HOUR_MS = 3_600_000;
const NOW_MS = Date.UTC(2026, 7, 1, 12, 30);

let folder: Awaited<ReturnType<typeof dataFolder>>;
let kv: LocalKv;
beforeEach(async () => {
  folder = await dataFolder();
  kv = await folder.open();
});
afterEach(async () => await folder.close());

/** Commits a value of `sizeBytes` as it would have been at `atMs`; resolves to its nonce. */
async function commit(namespace: Namespace, atMs: number, { name = true, sizeBytes = 1000, key = 0 } = {}) {
  const nonce = newNonce(atMs);
  const staged = kv.stage(namespace, nonce);
  await staged.write(0, Buffer.alloc(sizeBytes, 7));
  await staged.seal();
  const value = encodeValue({ ref: { nonce, chunks: 1, sizeBytes, hash: "" }, meta: {} });
  const tokenUs = nextToken(atMs);
  if (name) await kv.put(namespace, { id: "id", key: Buffer.from(`${atMs} ${key}`), value, tokenUs });
  return nonce;
}
const isThere = async (namespace: Namespace, nonce: string) => (await kv.readChunk(namespace, nonce, 0)) !== undefined;
const count = async (namespace: Namespace) => (await kv.range(namespace, "id", { limit: 100 })).rows.length;

describe("expire", () => {
  test("deletes rows older than their class, and files an hour later, an hour's at a time", async () => {
    const old = await commit("1h", NOW_MS - 4 * HOUR_MS);
    const lately = await commit("1h", NOW_MS - 1.2 * HOUR_MS);
    const fresh = await commit("1h", NOW_MS - 0.9 * HOUR_MS);
    const longer = await commit("6h", NOW_MS - 4 * HOUR_MS);
    await kv.put("control", { id: "id", key: Buffer.of(1), value: Buffer.of(1), tokenUs: 1 });

    expect(await expire(kv, NOW_MS)).toEqual({ rows: 2, files: 1 });

    expect(await Promise.all([old, lately, fresh].map((nonce) => isThere("1h", nonce)))).toEqual([false, true, true]);
    expect(await isThere("6h", longer)).toBe(true);
    expect([await count("1h"), await count("6h"), await count("control")]).toEqual([1, 1, 1]);
    expect(await expire(kv, NOW_MS)).toEqual({ rows: 0, files: 0 });
  });

  test("goes through more rows than one batch", async () => {
    for (let n = 0; n < 450; n++) {
      await kv.put("1h", { id: "id", key: Buffer.from(`${n}`), value: Buffer.of(1), tokenUs: n });
    }
    expect(await expire(kv, NOW_MS)).toEqual({ rows: 450, files: 0 });
  });
});

describe("sweep", () => {
  test("deletes files that no row names, once they are 10 minutes old", async () => {
    const named = await commit("1h", NOW_MS - HOUR_MS);
    const given = await commit("1h", NOW_MS - HOUR_MS, { name: false });
    const young = await commit("1h", NOW_MS - 9 * 60_000, { name: false });
    const longer = await commit("7d", NOW_MS - 11 * 60_000, { name: false });

    expect(await sweep(kv, NOW_MS)).toEqual({ rows: 0, files: 2 });

    expect(await Promise.all([named, given, young].map((nonce) => isThere("1h", nonce)))).toEqual([true, false, true]);
    expect(await isThere("7d", longer)).toBe(false);
  });

  test("deletes the file of a row that was replaced", async () => {
    const nonce = await commit("1h", NOW_MS - HOUR_MS);
    const { rows } = await kv.range("1h", "id", { limit: 1 });
    await kv.put("1h", { ...rows[0]!, value: Buffer.from("{}"), tokenUs: rows[0]!.tokenUs + 1 });
    expect(await sweep(kv, NOW_MS)).toEqual({ rows: 0, files: 1 });
    expect(await isThere("1h", nonce)).toBe(false);
  });
});

describe("a limit of bytes", () => {
  test("the oldest media, of whatever class, goes first; control stays", async () => {
    await kv.put("control", { id: "id", key: Buffer.of(1), value: Buffer.of(1), tokenUs: 1 });
    const first = await commit("7d", NOW_MS - 3000);
    const second = await commit("1h", NOW_MS - 2000);
    const third = await commit("6h", NOW_MS - 1000);

    expect(await evictOldest(kv, 4000)).toEqual({ rows: 0, files: 0 });
    expect(await evictOldest(kv, 1300)).toEqual({ rows: 2, files: 2 });

    expect([await isThere("7d", first), await isThere("1h", second), await isThere("6h", third)]).toEqual([
      false,
      false,
      true,
    ]);
    expect(await count("control")).toBe(1);
    expect([await count("7d"), await count("1h"), await count("6h")]).toEqual([0, 0, 1]);
    expect(await evictOldest(kv, 0)).toEqual({ rows: 1, files: 1 });
  });

  test("new values are refused as full at the limit, rows are not, and eviction lets them in again", async () => {
    let nowMs = NOW_MS;
    const write = async (client: LocalKv) => {
      const staged = client.stage("1h", newNonce(NOW_MS));
      await staged.write(0, Buffer.of(1));
      await staged.seal();
    };
    const limited = await folder.open({ maxBytes: 2000, nowMs: () => nowMs });
    await commit("1h", NOW_MS - 1000, { key: 1 });
    await write(limited);
    await commit("1h", NOW_MS, { key: 2 });
    nowMs += 1000;
    const refused = limited.stage("1h", newNonce(NOW_MS));
    await expect(refused.write(0, Buffer.of(1))).rejects.toMatchObject({ name: "KvError", code: "full" });
    await expect(refused.write(1, Buffer.of(1))).rejects.toMatchObject({ code: "full" });
    await refused.abandon();
    await limited.put("control", { id: "id", key: Buffer.of(1), value: Buffer.of(1), tokenUs: 1 });

    await evictOldest(limited, 2000);
    nowMs += 1000;
    await write(limited);
  });

  test("the disk's spare bytes leave a reserve out", async () => {
    expect(Number.isFinite(await spareBytes(folder.dir))).toBe(true);
    await expect(spareBytes(join(folder.dir, "absent"))).rejects.toThrow();
  });
});

describe("files", () => {
  test("lie in a folder of their class and hour, one for each value, and none for a value given up", async () => {
    const nonce = newNonce(NOW_MS);
    const staged = kv.stage("6h", nonce);
    await staged.write(1, Buffer.of(1));
    const hour = String(Math.floor(NOW_MS / HOUR_MS));
    expect(await readdir(join(folder.dir, "chunks/6h", hour))).toEqual([nonce]);
    await staged.abandon();
    expect(await readdir(join(folder.dir, "chunks/6h", hour))).toEqual([]);
    await expect(staged.write(2, Buffer.of(1))).rejects.toMatchObject({ code: "unavailable" });
  });

  test.each(["", "../../../etc/passwd", "A".repeat(32), `${"a".repeat(31)}/`, "a".repeat(33), `${"a".repeat(32)}\n`])(
    "a nonce of %j names none",
    async (nonce) => {
      expect(await kv.readChunk("1h", nonce, 0)).toBeUndefined();
      expect(() => kv.stage("1h", nonce)).toThrow(RangeError);
    },
  );

  test("a value is never overwritten", async () => {
    const nonce = await commit("1h", NOW_MS);
    await expect(kv.stage("1h", nonce).write(0, Buffer.of(9))).rejects.toMatchObject({ code: "unavailable" });
    expect((await kv.readChunk("1h", nonce, 0))?.[0]).toBe(7);
  });

  test("a short last chunk keeps no more memory than it has bytes", async () => {
    const nonce = await commit("1h", NOW_MS, { sizeBytes: CHUNK_BYTES / 2 });
    expect((await kv.readChunk("1h", nonce, 0))?.buffer.byteLength).toBe(CHUNK_BYTES / 2);
  });
});

describe("the change ring", () => {
  const put = (id: string, n: number) =>
    kv.put("1h", { id, key: Buffer.of(n), value: Buffer.from(`v${n}`), tokenUs: n + 1 });

  test("hands over every commit since it was opened once, in order, and nothing for a put that changed nothing", async () => {
    await put("before", 0);
    const ring = new ChangeRing(folder.dir);
    expect(ring.read()).toEqual({ changes: [], overrun: false });
    for (const n of [0, 1, 2, 2]) await put("after", n);
    await kv.putIfAbsent("control", { id: "c", key: Buffer.of(), value: Buffer.of(), tokenUs: 1 });
    await kv.putIfAbsent("control", { id: "c", key: Buffer.of(), value: Buffer.of(5), tokenUs: 2 });
    const { changes, overrun } = ring.read();
    expect(changes.map(({ namespace, row }) => [namespace, row.id, row.value.toString()])).toEqual([
      ["1h", "after", "v0"],
      ["1h", "after", "v1"],
      ["1h", "after", "v2"],
      ["control", "c", ""],
    ]);
    expect(overrun).toBe(false);
    expect(ring.read()).toEqual({ changes: [], overrun: false });
    ring.close();
  });

  test("says so when it was overrun, and goes on with what is left", async () => {
    const ring = new ChangeRing(folder.dir);
    kv.database.exec("PRAGMA synchronous = OFF");
    for (let n = 0; n < 4001; n++) {
      await kv.put("1h", { id: "i", key: Buffer.from(`${n}`), value: Buffer.of(1), tokenUs: 1 });
    }
    const { changes, overrun } = ring.read();
    expect([changes.length, overrun]).toEqual([4000, true]);
    await put("later", 1);
    expect(ring.read()).toMatchObject({ changes: [{ row: { id: "later" } }], overrun: false });
    ring.close();
  });
});

describe("writes that come together", () => {
  const row = (n: number) => ({ id: "id", key: Buffer.of(n), value: Buffer.alloc(100, n), tokenUs: 1 });
  const TWENTY = Array.from({ length: 20 }, (_, n) => row(n));

  test("are one commit: the log grows by little more than for one", async () => {
    const logBytes = async () => (await stat(join(folder.dir, "rows.sqlite-wal"))).size;
    const grown = async (write: () => Promise<unknown>) => {
      const beforeBytes = await logBytes();
      await write();
      return (await logBytes()) - beforeBytes;
    };
    const alone = await grown(() => kv.put("1h", row(20)));
    const together = await grown(() => Promise.all(TWENTY.map((one) => kv.put("1h", one))));
    expect(together).toBeLessThan(3 * alone);
    expect(await count("1h")).toBe(21);
  });

  test("see each other: of two that want one key the first has it", async () => {
    const two = ["first", "second"].map((value) => ({ ...row(0), value: Buffer.from(value) }));
    const [first, second] = await Promise.all(two.map((one) => kv.putIfAbsent("1h", one)));
    expect([first, second?.value.toString()]).toEqual([undefined, "first"]);
  });

  test("fail together where the store is locked, and are committed where it is closed", async () => {
    const other = await folder.open();
    kv.database.exec("PRAGMA busy_timeout = 10");
    other.database.exec("BEGIN IMMEDIATE");
    const refused = await Promise.allSettled(TWENTY.map((one) => kv.put("1h", one)));
    expect(new Set(refused.map(({ status }) => status))).toEqual(new Set(["rejected"]));
    other.database.exec("ROLLBACK");
    const taken = Promise.all(TWENTY.map((one) => kv.put("1h", one)));
    await kv.close();
    await taken;
    expect((await other.range("1h", "id", { limit: 100 })).rows.length).toBe(20);
  });

  test("take none of the others with them where there is no room for all", async () => {
    await kv.put("1h", row(0));
    const { page_count: pages } = kv.database.prepare("PRAGMA page_count").get() as { page_count: number };
    kv.database.exec(`PRAGMA max_page_count = ${pages}`);
    const [big, small] = [
      { ...row(1), value: Buffer.alloc(60_000) },
      { ...row(0), tokenUs: 2 },
    ];
    const [refused, taken] = await Promise.allSettled([kv.put("1h", big), kv.put("1h", small)]);
    expect([refused, taken]).toMatchObject([{ reason: { code: "full" } }, { status: "fulfilled" }]);
  });
});

describe("failures are KvErrors", () => {
  test("a closed store, and a folder that cannot be made, are unavailable", async () => {
    const closed = await folder.open();
    await closed.close();
    await closed.close();
    await expect(closed.range("1h", "id", { limit: 1 })).rejects.toMatchObject({
      name: "KvError",
      code: "unavailable",
    });
    await expect(openLocalKv({ dir: "/dev/null/x" })).rejects.toMatchObject({ name: "KvError", code: "unavailable" });
    expect(existsSync("/dev/null/x")).toBe(false);
  });

  test("a database that has reached its own limit is full, and the row before stays", async () => {
    await kv.put("1h", { id: "id", key: Buffer.of(1), value: Buffer.of(1), tokenUs: 1 });
    const { page_count: pages } = kv.database.prepare("PRAGMA page_count").get() as { page_count: number };
    kv.database.exec(`PRAGMA max_page_count = ${pages}`);
    const big = { id: "id", key: Buffer.of(1), value: Buffer.alloc(60_000), tokenUs: 2 };
    await expect(kv.put("1h", big)).rejects.toMatchObject({ name: "KvError", code: "full" });
    const { rows } = await kv.range("1h", "id", { limit: 10 });
    expect(rows.map(({ tokenUs }) => tokenUs)).toEqual([1]);
  });

  test("a database that another process keeps locked is unavailable", async () => {
    const other = await folder.open();
    kv.database.exec("PRAGMA busy_timeout = 10");
    other.database.exec("BEGIN IMMEDIATE");
    const row = { id: "id", key: Buffer.of(1), value: Buffer.of(1), tokenUs: 1 };
    await expect(kv.put("1h", row)).rejects.toMatchObject({ name: "KvError", code: "unavailable" });
    await expect(kv.putIfAbsent("1h", row)).rejects.toMatchObject({ name: "KvError", code: "unavailable" });
    other.database.exec("ROLLBACK");
    await kv.put("1h", row);
    expect(await count("1h")).toBe(1);
  });
});
