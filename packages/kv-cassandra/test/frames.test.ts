import { PassThrough } from "node:stream";
import { expect, test } from "@jest/globals";
import writers from "cassandra-driver/lib/writers.js";
import { joinSmall, writeLargeValuesInPlace } from "../src/frames.ts";

const { FrameWriter, WriteQueue } = writers;
const EXECUTE = 0x0a;
const LARGE = Buffer.alloc(100_000, "chunk of a value;");
const MARK = Buffer.from("small");

function frameOf(parts: readonly Buffer[], streamId: number): readonly Buffer[] {
  const writer = new FrameWriter(EXECUTE);
  for (const part of parts) writer.writeBytes(part);
  return [writer.write(4, streamId, 0x02)].flat();
}

test("a frame with a large value is byte for byte the driver's own, and the value in it is not copied", () => {
  const shapes = [[LARGE], [MARK, LARGE, MARK], [LARGE, LARGE], [MARK, MARK]];
  const own = shapes.map((parts, index) => Buffer.concat(frameOf(parts, 300 + index)));
  writeLargeValuesInPlace();
  writeLargeValuesInPlace();
  for (const [index, parts] of shapes.entries()) {
    const frame = frameOf(parts, 300 + index);
    expect(Buffer.concat(frame).equals(own[index]!)).toBe(true);
    expect(frame.filter((part) => part === LARGE)).toHaveLength(parts.filter((part) => part === LARGE).length);
  }
});

test("small neighbours are joined, large parts are left where they are", () => {
  const joined = joinSmall([MARK, MARK, LARGE, LARGE, MARK]);
  expect(joined.map((part) => part.length)).toEqual([10, 100_000, 100_000, 5]);
  expect(joined[1]).toBe(LARGE);
  expect(joinSmall([])).toEqual([]);
});

test("the queue writes requests in order, leaves out what came too late or cannot be encoded, and goes on after a drain", async () => {
  writeLargeValuesInPlace();
  const socket = new PassThrough({ highWaterMark: 1000 });
  const queue = new WriteQueue(socket, {}, { socketOptions: { coalescingThreshold: 65_536 } });
  const told: string[] = [];
  const push = (name: string, write: () => Buffer | readonly Buffer[], isWanted = true) => {
    const operation = { streamId: 1, request: { write }, canBeWritten: () => isWanted };
    queue.push(operation, (error) => told.push(error ? `${name}: ${error.message}` : name));
  };
  push("a", () => Buffer.from("a"));
  push("late", () => MARK, false);
  push("broken", () => {
    throw new Error("no such type");
  });
  push("b", () => [Buffer.from("b"), LARGE, Buffer.from("!")]);
  push("c", () => Buffer.from("c"));
  const wanted = Buffer.concat([Buffer.from("ab"), LARGE, Buffer.from("!c")]);
  let got = Buffer.alloc(0);
  for await (const piece of socket) {
    got = Buffer.concat([got, piece]);
    if (got.length === wanted.length) break;
  }
  expect(got.equals(wanted)).toBe(true);
  expect(told).toEqual([
    expect.stringMatching(/^late: .*before it was written/),
    "broken: no such type",
    "a",
    "b",
    "c",
  ]);
});
