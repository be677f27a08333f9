import type { ServerResponse } from "node:http";
import { Writable } from "node:stream";
import { setImmediate } from "node:timers/promises";
import { expect, test } from "@jest/globals";
import { sendBody } from "../src/http/body.ts";
import { Turns } from "../src/http/turns.ts";

const KIB = 1024;

/** A client that takes a write at once, or when it is told. */
function client(name: string, log: string[], takes: () => Promise<void> = async () => {}) {
  const stream = new Writable({
    highWaterMark: 16 * KIB,
    write(chunk: Buffer, _encoding, done) {
      log.push(`${name} ${chunk.length / KIB}`);
      void takes().then(() => done());
    },
  });
  return Object.assign(stream, { req: { socket: { setTimeout: () => {} } } }) as unknown as ServerResponse;
}

const body = (...sizesKib: number[]) => sizesKib.map((size) => Buffer.alloc(size * KIB, size));
const finished = (res: ServerResponse) => new Promise((resolve) => res.once("finish", resolve));

test("everyone gets the beginning before anyone gets more, then all take turns", async () => {
  const turns = new Turns();
  const log: string[] = [];
  const clients = Array.from({ length: 50 }, (_, n) => client(`${n}`, log));
  const done = clients.map(async (res) => {
    await turns.opening();
    sendBody(res, body(64, 64), turns);
    await finished(res);
  });
  await Promise.all(done);
  const sizes = log.map((line) => line.split(" ")[1]);
  expect(sizes).toEqual([...Array(50).fill("16"), ...Array(50).fill("48"), ...Array(50).fill("64")]);
});

test("few begin at once, many in bounded turns", async () => {
  const turns = new Turns();
  let opened = 0;
  for (let n = 0; n < 100; n += 1) void turns.opening().then(() => (opened += 1));
  await Promise.resolve();
  const perTurn = [opened];
  while (opened < 100) {
    const before = opened;
    await setImmediate();
    perTurn.push(opened - before);
  }
  expect(perTurn).toEqual([16, 16, 16, 16, 16, 16, 4]);
});

test("those who go on share a turn, and get 64 KiB each at the least", async () => {
  for (const [count, largest] of [
    [8, 1024],
    [64, 128],
    [200, 64],
  ] as const) {
    const turns = new Turns();
    const taken: number[] = [];
    const write = (parts: number) => (maxBytes: number) => {
      taken.push(maxBytes / KIB);
      if (parts > 1) turns.goOn(write(parts - 1));
    };
    for (let n = 0; n < count; n += 1) turns.goOn(write(2));
    while (taken.length < count * 2) await setImmediate();
    expect([taken.length, taken[0]]).toEqual([count * 2, largest]);
  }
});

test("a body goes out whole while the turn has room, others in parts behind their beginnings", async () => {
  const turns = new Turns();
  const log: string[] = [];
  const clients = ["one", "two", "three"].map((name) => client(name, log));
  for (const res of clients) sendBody(res, body(4096, 4096), turns);
  await Promise.all(clients.map(finished));
  const of = (name: string) => log.filter((line) => line.startsWith(name)).map((line) => Number(line.split(" ")[1]));
  expect(clients.map((_, n) => of(["one", "two", "three"][n]!))).toEqual([
    [4096, 4096],
    [4096, 4096],
    [16, 4080, 4096],
  ]);
});

test("a client that takes nothing delays nobody else and is given no more", async () => {
  const turns = new Turns();
  const log: string[] = [];
  const barrier = Promise.withResolvers<void>();
  const slow = client("slow", log, () => barrier.promise);
  const quick = client("quick", log);
  for (const res of [slow, quick]) sendBody(res, body(9 * 1024, 9 * 1024), turns);
  await finished(quick);
  expect(log).toEqual(["slow 16", "quick 16", "quick 8192", "quick 1008", "quick 7184", "quick 2032"]);
});

test("a client that has left is not written to", async () => {
  const turns = new Turns();
  const log: string[] = [];
  const res = client("gone", log);
  sendBody(res, body(9 * 1024, 9 * 1024), turns);
  res.destroy();
  await setImmediate();
  await setImmediate();
  expect(log).toEqual(["gone 16"]);
});

test("short bodies, and none, go out whole", async () => {
  for (const sizes of [[], [4], [16]]) {
    const log: string[] = [];
    const res = client("one", log);
    sendBody(res, body(...sizes), new Turns());
    await finished(res);
    expect(log).toEqual(sizes.map((size) => `one ${size}`));
  }
});
