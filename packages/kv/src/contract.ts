import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import {
  CHUNK_BYTES,
  encodeValue,
  type Kv,
  keyAfter,
  NAMESPACES,
  type Namespace,
  newNonce,
  nextToken,
  type RangeQuery,
  type Row,
  rowsOf,
} from "./index.ts";

export interface KvHarness {
  readonly kv: Kv;
  /** A second client of the same store, as another process has it. */
  another(): Promise<Kv>;
  /** Ends every client and removes the store. */
  close(): Promise<void>;
}

const TIMEOUT_MS = 60_000;
const NAMESPACE = "1h";
const key = (...bytes: number[]) => Buffer.from(bytes);
const hex = (rows: readonly Row[]) => rows.map((row) => row.key.toString("hex"));

/** What every store must do, whatever it is made of. One store serves all cases; each has partitions of its own. */
export function runKvContract(name: string, { make }: { make: () => Promise<KvHarness> }): void {
  describe(`${name} keeps the kv contract`, () => {
    let harness: KvHarness;
    let kv: Kv;
    let other: Kv;
    /** Some token close to now, as stores refuse ones far from it. */
    let tokenUs: number;

    beforeAll(async () => {
      harness = await make();
      kv = harness.kv;
      other = await harness.another();
      tokenUs = nextToken(Date.now());
    }, TIMEOUT_MS);
    afterAll(async () => await harness?.close(), TIMEOUT_MS);

    const newId = () => `contract-${randomUUID()}/part`;
    const row = (id: string, rowKey: Buffer, value: string | Buffer = "v", rowTokenUs = tokenUs): Row => ({
      id,
      key: rowKey,
      value: Buffer.from(value),
      tokenUs: rowTokenUs,
    });
    const all = async (client: Kv, id: string, query: Partial<RangeQuery> = {}, namespace: Namespace = NAMESPACE) => {
      const rows: Row[] = [];
      for await (const found of rowsOf(client, namespace, id, query)) rows.push(found);
      return rows;
    };
    const only = async (client: Kv, id: string, namespace: Namespace = NAMESPACE): Promise<Row> => {
      const rows = await all(client, id, {}, namespace);
      expect(rows).toHaveLength(1);
      return rows[0]!;
    };

    describe("rows", () => {
      test("come back as they were put, to another client at once", async () => {
        for (let round = 0; round < 10; round++) {
          const wanted = row(newId(), key(0, 1, 0xff), Buffer.of(0, 0xff, round));
          await kv.put(NAMESPACE, wanted);
          expect(await only(other, wanted.id)).toEqual(wanted);
        }
      });

      test("an unknown partition is empty", async () => {
        expect(await kv.range(NAMESPACE, newId(), { limit: 10 })).toEqual({ rows: [], more: false });
        expect(await kv.range(NAMESPACE, newId(), { limit: 10, reverse: true })).toEqual({ rows: [], more: false });
      });

      test("an empty value is a row", async () => {
        const id = newId();
        await kv.put(NAMESPACE, row(id, key(1), ""));
        expect((await only(other, id)).value).toEqual(Buffer.alloc(0));
      });

      test("a value of 64 KiB comes back whole", async () => {
        const wanted = row(newId(), key(1), Buffer.alloc(64 * 1024, "0123456789abcdef!"));
        await kv.put(NAMESPACE, wanted);
        expect((await only(other, wanted.id)).value.equals(wanted.value)).toBe(true);
      });

      test("the larger token wins, in either order of arrival", async () => {
        const [upward, downward] = [newId(), newId()];
        await kv.put(NAMESPACE, row(upward, key(1), "zz old", tokenUs));
        await other.put(NAMESPACE, row(upward, key(1), "new", tokenUs + 1));
        await kv.put(NAMESPACE, row(downward, key(1), "new", tokenUs + 1));
        await other.put(NAMESPACE, row(downward, key(1), "zz old", tokenUs));
        for (const id of [upward, downward]) {
          const { value, tokenUs: kept } = await only(kv, id);
          expect([value.toString(), kept]).toEqual(["new", tokenUs + 1]);
        }
      });

      test("of two with one token the bytewise larger value wins, in either order of arrival", async () => {
        const [upward, downward] = [newId(), newId()];
        // Where rows expire, Cassandra compares their expiry, in seconds, before their values.
        await kv.put("control", row(upward, key(1), Buffer.of(0x7f, 0xff)));
        await other.put("control", row(upward, key(1), Buffer.of(0x80)));
        await kv.put("control", row(downward, key(1), Buffer.of(0x80)));
        await other.put("control", row(downward, key(1), Buffer.of(0x7f, 0xff)));
        for (const id of [upward, downward]) expect((await only(kv, id, "control")).value).toEqual(Buffer.of(0x80));
      });

      test("the same row again changes nothing, alone or many at a time", async () => {
        const wanted = row(newId(), key(1), "same");
        await kv.put(NAMESPACE, wanted);
        await kv.put(NAMESPACE, wanted);
        await Promise.all([kv, other, kv, other].map((client) => client.put(NAMESPACE, wanted)));
        expect(await only(other, wanted.id)).toEqual(wanted);
      });

      test("partitions do not mix: neither by id nor by namespace", async () => {
        const id = newId();
        const ids = [id, `${id}/`, `${id}0`, id.slice(0, -1), id.toUpperCase()];
        for (const each of ids) await kv.put(NAMESPACE, row(each, key(1), each));
        await kv.put("6h", row(id, key(1), "6h"));
        await kv.put("control", row(id, key(1), "control"));
        for (const each of ids) expect((await only(other, each)).value.toString()).toBe(each);
        const elsewhere = await other.range("6h", id, { limit: 10 });
        expect(elsewhere.rows.map(({ value }) => value.toString())).toEqual(["6h"]);
      });

      test("ids may hold any character", async () => {
        const base = randomUUID();
        const odd = [
          "/",
          "//",
          "../..",
          "%",
          "%2F",
          "'",
          '"',
          " ",
          "\\",
          ":",
          "?",
          "*",
          "\u00e9",
          "e\u0301",
          "日本",
          "🎬",
          "\n",
        ];
        const ids = odd.map((text) => `${base}${text}x`);
        for (const id of ids) await kv.put(NAMESPACE, row(id, key(1), id));
        for (const id of ids) {
          const found = await only(other, id);
          expect([found.id, found.value.toString()]).toEqual([id, id]);
        }
      });
    });

    describe("a namespace's rules", () => {
      test("a token more than 2 s ahead of the clock is refused and changes nothing, one less far is taken", async () => {
        const ahead = row(newId(), key(1), "from the future", nextToken(Date.now() + 60_000));
        await expect(kv.put(NAMESPACE, ahead)).rejects.toMatchObject({ name: "KvError", code: "clock" });
        await expect(kv.putIfAbsent(NAMESPACE, ahead)).rejects.toMatchObject({ name: "KvError", code: "clock" });
        expect(await all(other, ahead.id)).toEqual([]);
        await kv.put(NAMESPACE, { ...ahead, tokenUs: nextToken(Date.now() + 1900) });
        expect(await all(other, ahead.id)).toHaveLength(1);
      });

      test.each(["control", NAMESPACE] as const)("a row of %s holds as much as they say, and no more", async (ns) => {
        const { inlineMaxBytes } = NAMESPACES[ns];
        const whole = row(newId(), key(1), Buffer.alloc(inlineMaxBytes, 7));
        await kv.put(ns, whole);
        expect((await only(other, whole.id, ns)).value.equals(whole.value)).toBe(true);
        const larger = row(newId(), key(1), Buffer.alloc(inlineMaxBytes + 1));
        await expect(kv.put(ns, larger)).rejects.toBeInstanceOf(RangeError);
        await expect(kv.putIfAbsent(ns, larger)).rejects.toBeInstanceOf(RangeError);
        expect(await all(other, larger.id, {}, ns)).toEqual([]);
      });

      test("a chunk that is too large, or in a namespace of rows, is refused", async () => {
        const staged = kv.stage(NAMESPACE, newNonce(Date.now()));
        await expect(staged.write(0, Buffer.alloc(CHUNK_BYTES + 1))).rejects.toBeInstanceOf(RangeError);
        await staged.abandon();
        const misplaced = kv.stage("control", newNonce(Date.now()));
        await expect(misplaced.write(0, Buffer.alloc(1))).rejects.toBeInstanceOf(RangeError);
        await misplaced.abandon();
      });
    });

    describe("ranges", () => {
      const ORDER = "00 0000 00ff 01 7f 7fff 80 8000 80ff c3a9 fe feff ff ff00 ffff".split(" ");
      let id: string;

      beforeAll(async () => {
        id = newId();
        const shuffled = ORDER.map((text, index) => ({ text, at: (index * 7) % ORDER.length }));
        shuffled.sort((a, b) => a.at - b.at);
        for (const { text } of shuffled) await kv.put(NAMESPACE, row(id, Buffer.from(text, "hex"), "x".repeat(100)));
      }, TIMEOUT_MS);

      test("keys sort bytewise, prefixes first", async () => {
        expect(hex(await all(other, id))).toEqual(ORDER);
        expect(hex(await all(other, id, { reverse: true }))).toEqual([...ORDER].reverse());
      });

      test.each<[string | undefined, string | undefined]>([
        ["7f", "80ff"],
        ["7f00", "80fe"],
        ["00", "00"],
        ["ff", undefined],
        ["ff01", undefined],
        [undefined, "00"],
        [undefined, "00fe"],
        ["feff", "ffff"],
        ["02", "03"],
        ["ff", "00"],
        ["ffffff", undefined],
      ])("from %s to %s, both inclusive, in both directions", async (from, to) => {
        const query = { ...(from && { from: Buffer.from(from, "hex") }), ...(to && { to: Buffer.from(to, "hex") }) };
        const wanted = ORDER.filter((text) => (!from || text >= from) && (!to || text <= to));
        expect(hex(await all(other, id, query))).toEqual(wanted);
        expect(hex(await all(other, id, { ...query, reverse: true }))).toEqual(wanted.reverse());
      });

      test("limit ends a page, and `more` tells whether rows remain", async () => {
        const page = await kv.range(NAMESPACE, id, { limit: 3 });
        expect([hex(page.rows), page.more]).toEqual([ORDER.slice(0, 3), true]);
        const last = await kv.range(NAMESPACE, id, { limit: 3, reverse: true });
        expect([hex(last.rows), last.more]).toEqual([ORDER.slice(-3).reverse(), true]);
        const whole = await kv.range(NAMESPACE, id, { limit: 5000 });
        expect([whole.rows.length, whole.more]).toEqual([ORDER.length, false]);
      });

      test("pageBytes ends a page with the row that takes it there, never before the first", async () => {
        const rowsFor = async (pageBytes: number) => {
          const { rows, more } = await kv.range(NAMESPACE, id, { limit: 100, pageBytes });
          return [rows.length, more];
        };
        expect(await rowsFor(1)).toEqual([1, true]);
        expect(await rowsFor(100)).toEqual([1, true]);
        expect(await rowsFor(101)).toEqual([2, true]);
        expect(await rowsFor(1000)).toEqual([10, true]);
        expect(await rowsFor(1_000_000)).toEqual([ORDER.length, false]);
      });

      test.each([
        { limit: 1 },
        { limit: 4 },
        { limit: 5 },
        { limit: 15 },
        { limit: 100, pageBytes: 1 },
        { limit: 100, pageBytes: 250 },
        { limit: 5, targetMs: 0 },
        { limit: 100, pageBytes: 250, targetMs: 0 },
      ])("pages of %j add up to the whole partition in both directions", async (size) => {
        expect(hex(await all(other, id, size))).toEqual(ORDER);
        expect(hex(await all(other, id, { ...size, reverse: true }))).toEqual([...ORDER].reverse());
      });

      test(
        "values of more than a default page are paged, too",
        async () => {
          const big = newId();
          for (let n = 0; n < 40; n++) await kv.put(NAMESPACE, row(big, key(n), Buffer.alloc(64 * 1024, n + 1)));
          const first = await kv.range(NAMESPACE, big, { limit: 5000 });
          expect([first.rows.length, first.more]).toEqual([16, true]);
          const next = await kv.range(NAMESPACE, big, { limit: 5000, from: keyAfter(first.rows.at(-1)!.key) });
          expect([next.rows.length, next.rows[0]!.key[0]]).toEqual([16, 16]);
          expect(await all(other, big)).toHaveLength(40);
        },
        TIMEOUT_MS,
      );
    });

    describe("putIfAbsent", () => {
      test("puts a row that is absent, and shows the one that was there", async () => {
        const first = row(newId(), key(1), "first");
        expect(await kv.putIfAbsent(NAMESPACE, first)).toBeUndefined();
        const found = await other.putIfAbsent(NAMESPACE, row(first.id, key(1), "zz second", tokenUs + 1));
        expect([found?.id, found?.key, found?.value.toString()]).toEqual([first.id, key(1), "first"]);
        expect((await only(other, first.id)).value.toString()).toBe("first");
        expect(await other.putIfAbsent(NAMESPACE, row(first.id, key(2), "beside"))).toBeUndefined();
      });

      test("a row put after it, with a token behind the one it has, replaces it", async () => {
        const id = newId();
        await kv.putIfAbsent(NAMESPACE, row(id, key(1), "first", nextToken(Date.now())));
        const { tokenUs: replacedUs } = await only(other, id);
        await other.put(NAMESPACE, row(id, key(1), "a later", nextToken(Date.now(), replacedUs)));
        expect((await only(kv, id)).value.toString()).toBe("a later");
      });

      test(
        "of 20 at once from two clients exactly one wins, and all others are shown its row",
        async () => {
          const id = newId();
          const answers = await Promise.all(
            Array.from({ length: 20 }, async (_, n) => {
              const value = `contender ${n}`;
              return {
                value,
                found: await (n % 2 ? kv : other).putIfAbsent(NAMESPACE, row(id, key(1), value, tokenUs + n)),
              };
            }),
          );
          const winners = answers.filter(({ found }) => !found);
          expect(winners).toHaveLength(1);
          for (const { found } of answers) if (found) expect(found.value.toString()).toBe(winners[0]!.value);
          expect((await only(kv, id)).value.toString()).toBe(winners[0]!.value);
        },
        TIMEOUT_MS,
      );
    });

    describe("staged values", () => {
      const bytesOf = (n: number, sizeBytes: number) => Buffer.alloc(sizeBytes, `chunk ${n} of this value;`);

      test(
        "chunks written out of order and at once are read by another client after the seal",
        async () => {
          const nonce = newNonce(Date.now());
          const staged = kv.stage(NAMESPACE, nonce);
          const sizes = [...Array.from({ length: 8 }, () => CHUNK_BYTES), 12_345];
          await Promise.all([5, 0, 8, 3, 1].map((n) => staged.write(n, bytesOf(n, sizes[n]!))));
          for (const n of [7, 2, 4, 6]) await staged.write(n, bytesOf(n, sizes[n]!));
          await staged.seal();
          const chunks = await Promise.all(sizes.map((_, n) => other.readChunk(NAMESPACE, nonce, n)));
          for (const [n, chunk] of chunks.entries()) expect(chunk?.equals(bytesOf(n, sizes[n]!))).toBe(true);
          expect(await other.readChunk(NAMESPACE, nonce, sizes.length)).toBeUndefined();
        },
        TIMEOUT_MS,
      );

      test.each([1, CHUNK_BYTES - 1, CHUNK_BYTES])("one chunk of %d bytes", async (sizeBytes) => {
        const nonce = newNonce(Date.now());
        const staged = kv.stage(NAMESPACE, nonce);
        await staged.write(0, bytesOf(0, sizeBytes));
        await staged.seal();
        expect((await other.readChunk(NAMESPACE, nonce, 0))?.equals(bytesOf(0, sizeBytes))).toBe(true);
        expect(await other.readChunk(NAMESPACE, nonce, 1)).toBeUndefined();
      });

      test("a value of no chunks can be sealed and named", async () => {
        const [id, nonce] = [newId(), newNonce(Date.now())];
        await kv.stage(NAMESPACE, nonce).seal();
        const value = encodeValue({ ref: { nonce, chunks: 0, sizeBytes: 0, hash: "" }, meta: {} });
        await kv.put(NAMESPACE, row(id, key(1), value));
        expect((await only(other, id)).value).toEqual(value);
        expect(await other.readChunk(NAMESPACE, nonce, 0)).toBeUndefined();
      });

      test("what was never staged is undefined", async () => {
        expect(await kv.readChunk(NAMESPACE, newNonce(Date.now()), 0)).toBeUndefined();
      });

      test("a value staged, or sealed but not named, shows in no row", async () => {
        const id = newId();
        const staged = kv.stage(NAMESPACE, newNonce(Date.now()));
        await staged.write(0, bytesOf(0, 1000));
        expect(await all(other, id)).toEqual([]);
        await staged.seal();
        expect(await all(other, id)).toEqual([]);
      });

      test("namespaces do not mix", async () => {
        const nonce = newNonce(Date.now());
        const staged = kv.stage(NAMESPACE, nonce);
        await staged.write(0, bytesOf(0, 10));
        await staged.seal();
        expect(await kv.readChunk("6h", nonce, 0)).toBeUndefined();
      });

      test("abandon never throws: before, amid and after writes, and twice", async () => {
        await kv.stage(NAMESPACE, newNonce(Date.now())).abandon();
        const staged = kv.stage(NAMESPACE, newNonce(Date.now()));
        const writes = [0, 1, 2].map((n) => staged.write(n, bytesOf(n, CHUNK_BYTES)));
        await staged.abandon();
        await Promise.allSettled(writes);
        await staged.abandon();
        const kept = kv.stage(NAMESPACE, newNonce(Date.now()));
        await kept.write(0, bytesOf(0, 10));
        await kept.seal();
        await kept.abandon();
      });
    });
  });
}
