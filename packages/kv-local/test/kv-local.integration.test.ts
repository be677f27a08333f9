import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import { decodeValue, type Kv, type Row, rowsOf } from "@headwater/kv";
import { sweep } from "@headwater/kv-local";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { chunkOf, PARTITION, SIZES } from "./crash-values.ts";
import { dataFolder } from "./folder.ts";

const TRIALS = 20;

let folder: Awaited<ReturnType<typeof dataFolder>>;
const writers: ChildProcess[] = [];
beforeEach(async () => {
  folder = await dataFolder();
});
afterEach(async () => {
  await Promise.all(writers.splice(0).map(kill));
  await folder.close();
});

function startWriter() {
  const script = join(import.meta.dirname, "writer-process.ts");
  const child = spawn(process.execPath, [script, folder.dir], { stdio: ["ignore", "pipe", "inherit"] });
  writers.push(child);
  const ended = once(child, "close");
  return { child, ended, lines: createInterface({ input: child.stdout }) };
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) {
    child.kill("SIGKILL");
    await once(child, "exit");
  }
}

async function rowsIn(kv: Kv): Promise<Row[]> {
  const rows: Row[] = [];
  for await (const row of rowsOf(kv, "1h", PARTITION)) rows.push(row);
  return rows;
}

async function expectWhole(kv: Kv, row: Row): Promise<void> {
  const { nonce } = decodeValue(row.value).ref!;
  expect(row.key.toString()).toBe(nonce);
  for (const n of SIZES.keys()) {
    expect((await kv.readChunk("1h", nonce, n))?.equals(chunkOf(nonce, n))).toBe(true);
  }
}

describe("several processes on one folder", () => {
  test("another process's commit is seen whole as soon as it is announced", async () => {
    const kv = await folder.open();
    const { lines, child } = startWriter();
    let seen = 0;
    for await (const nonce of lines) {
      const { rows } = await kv.range("1h", PARTITION, { limit: 1, from: Buffer.from(nonce) });
      expect(rows).toHaveLength(1);
      await expectWhole(kv, rows[0]!);
      if (++seen === 20) break;
    }
    await kill(child);
    expect(seen).toBe(20);
  }, 30_000);

  test("kill -9 at any moment loses no announced value and leaves no partial one", async () => {
    const announced = new Set<string>();
    const reader = await folder.open();
    for (let trial = 0; trial < TRIALS; trial++) {
      const { child, ended, lines } = startWriter();
      const first = once(lines, "line");
      lines.on("line", (nonce) => announced.add(nonce));
      await first;
      await delay(Math.random() * 40);
      child.kill("SIGKILL");
      await ended;

      for (const kv of [reader, await folder.open()]) {
        const nonces = new Set((await rowsIn(kv)).map((row) => row.key.toString()));
        expect([...announced].filter((nonce) => !nonces.has(nonce))).toEqual([]);
      }
    }
    const rows = await rowsIn(reader);
    expect(rows.length).toBeGreaterThanOrEqual(TRIALS);
    for (const row of rows) await expectWhole(reader, row);

    // What the killed writers left half done is unnamed, and swept once it is old enough; the rest stays.
    await sweep(reader, Date.now() + 11 * 60_000);
    for (const row of rows) await expectWhole(reader, row);
    expect(await sweep(reader, Date.now() + 11 * 60_000)).toEqual({ rows: 0, files: 0 });
  }, 60_000);
});
