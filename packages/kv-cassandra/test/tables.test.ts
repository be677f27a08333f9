import { KvError } from "@headwater/kv";
import { expect, test } from "@jest/globals";
import { inTime } from "../src/deadline.ts";
import { bucketOf, tableId, tableStatements } from "../src/tables.ts";

test("tables: one TTL and about 24 windows in it, chunks neither compressed nor repaired on read, control forever", () => {
  const statements = tableStatements("ks");
  const of = (table: string) => statements.find((cql) => cql.includes(` ks.${table} `)) ?? "";
  expect(statements).toHaveLength(9);
  expect(new Set(statements.map((cql) => cql.match(/ID = (\S+)/)?.[1])).size).toBe(9);
  const windows = { "1h": [7200, 5], "6h": [25_200, 18], "24h": [90_000, 63], "7d": [608_400, 423] };
  for (const [retention, [ttl, minutes]] of Object.entries(windows)) {
    for (const table of [`rows_${retention}`, `chunks_${retention}`]) {
      expect(of(table)).toContain(`default_time_to_live = ${ttl} `);
      expect(of(table)).toContain(`'compaction_window_size': ${minutes}}`);
    }
    expect(of(`chunks_${retention}`)).toContain("'enabled': false");
    expect(of(`rows_${retention}`)).not.toContain("read_repair");
  }
  expect(of("rows_control")).not.toMatch(/time_to_live|TimeWindow/);
});

test("ids of tables are UUIDs that every process computes alike, and differ by keyspace", () => {
  expect(tableId("a", "t")).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(tableId("a", "t")).toBe(tableId("a", "t"));
  expect(tableId("a", "t")).not.toBe(tableId("b", "t"));
  expect([0, 3, 4, 8].map(bucketOf)).toEqual([0, 0, 1, 2]);
});

test("whatever goes wrong is a KvError that keeps its cause", async () => {
  const cause = new Error("no host");
  await expect(inTime(() => Promise.reject(cause), { maxMs: 1000 })).rejects.toMatchObject({
    code: "unavailable",
    cause,
  });
  const ends: boolean[] = [];
  const counted = { maxMs: 1000, onEnd: (_tookMs: number, failed: boolean) => ends.push(failed) };
  await expect(inTime(() => Promise.reject(cause), counted)).rejects.toBeInstanceOf(KvError);
  const clock = new KvError("clock", "ahead");
  await expect(inTime(() => Promise.reject(clock), counted)).rejects.toBe(clock);
  await inTime(async () => 7, counted);
  expect(ends).toEqual([true, false, false]);
  await expect(inTime(() => Promise.reject(clock), { maxMs: 1000 })).rejects.toBe(clock);
  expect(await inTime(async () => 7, { maxMs: 1000 })).toBe(7);
});
