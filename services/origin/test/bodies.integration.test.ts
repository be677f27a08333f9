import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { connect } from "node:net";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { ask, raw } from "./support/client.ts";
import { T0, World } from "./support/world.ts";

const CHUNK = 512 * 1024;
const bytes = randomBytes(24 * CHUNK + 77);
const url = "/live/derby/v1/720p/1.m4s";
const world = new World();

beforeAll(async () => {
  await world.openEvents();
  const event = await world.createEvent();
  world.clock.set(T0 + 2500);
  await world.publish({ event, number: 1, bytes });
  await world.startOrigin({ HEADWATER_MEMORY_CACHE_BYTES: `${bytes.length * 16}` });
});
afterAll(() => world.close());

test.each([
  ["within a chunk", 10, 99],
  ["across a boundary", CHUNK - 1, CHUNK],
  ["over several chunks", CHUNK + 5, 4 * CHUNK],
  ["to the last byte", 24 * CHUNK, bytes.length - 1],
])("a range %s", async (_, start, end) => {
  const { status, body } = await ask(world.port, "GET", url, { Range: `bytes=${start}-${end}` });
  expect(status).toBe(206);
  expect(body.equals(bytes.subarray(start, end + 1))).toBe(true);
});

test("a client that reads slowly gets every byte, and the origin holds no more than the socket takes", async () => {
  const socket = connect(world.port, "127.0.0.1");
  await once(socket, "connect");
  socket.pause();
  socket.write(`GET ${url} HTTP/1.1\r\nHost: origin\r\nConnection: close\r\n\r\n`);
  await new Promise((resolve) => setTimeout(resolve, 200));
  const [server] = world.origin.servers;
  expect(await connections(server!)).toBe(1);
  let count = 0;
  for await (const piece of socket as AsyncIterable<Buffer>) {
    count += piece.length;
    if (count < 4 * CHUNK) await new Promise((resolve) => setTimeout(resolve, 2));
  }
  expect(count).toBeGreaterThan(bytes.length);
  expect((await ask(world.port, "GET", url)).body.equals(bytes)).toBe(true);
});

test("clients that leave in the middle leave nothing behind", async () => {
  const [server] = world.origin.servers;
  const leave = async () => {
    const socket = connect(world.port, "127.0.0.1");
    socket.on("error", () => {});
    await once(socket, "connect");
    socket.write(`GET ${url} HTTP/1.1\r\nHost: origin\r\n\r\n`);
    await once(socket, "data");
    socket.destroy();
  };
  await Promise.all(Array.from({ length: 20 }, leave));
  for (let tries = 0; (await connections(server!)) > 0 && tries < 100; tries += 1) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  expect(await connections(server!)).toBe(0);
  expect((await ask(world.port, "GET", url)).status).toBe(200);
});

test("HTTP/1.0 gets a length and an end; one connection carries several answers", async () => {
  const old = await raw(world.port, `GET ${url} HTTP/1.0\r\n\r\n`);
  expect(old).toMatch(new RegExp(`\\r\\nContent-Length: ${bytes.length}\\r\\n`));
  expect(old.length - old.indexOf("\r\n\r\n") - 4).toBe(bytes.length);
  const ranged = `GET ${url} HTTP/1.1\r\nHost: origin\r\nRange: bytes=0-1\r\n`;
  const both = await raw(world.port, `${ranged}\r\n${ranged}Connection: close\r\n\r\n`);
  expect(both.match(/HTTP\/1\.1 206/g)).toHaveLength(2);
});

function connections(server: import("node:http").Server): Promise<number> {
  return new Promise((resolve, reject) => server.getConnections((error, n) => (error ? reject(error) : resolve(n))));
}
