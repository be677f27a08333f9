import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { setImmediate } from "node:timers/promises";
import { CHUNK_BYTES } from "@headwater/kv";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { ask, raw } from "./support/client.ts";
import { settle } from "./support/manual-time.ts";
import { T0, World } from "./support/world.ts";

const KIB = 1024;
const NEWEST = 10;
/** More than the kernel takes for a client that reads nothing. */
const bytes = randomBytes(16 * KIB * KIB);
const NEWEST_CHUNKS = bytes.length / CHUNK_BYTES;
const path = (number: number) => `/live/derby/v1/720p/${number}.m4s`;
const head = (target: string, more = "") => `GET ${target} HTTP/1.1\r\nHost: origin\r\n${more}\r\n`;
let world: World;

beforeEach(async () => {
  world = new World();
  await world.openEvents();
  const event = await world.createEvent();
  for (let number = 1; number < NEWEST; number += 1)
    await world.publish({ event, number, stampMs: T0 + number * 2000 });
  await world.publish({ event, number: NEWEST, bytes, stampMs: T0 + NEWEST * 2000 });
  world.clock.set(T0 + NEWEST * 2000 + 500);
});
afterEach(() => world.close());

/** A connection that takes nothing by itself. */
async function open(sent = ""): Promise<Socket> {
  const socket = connect(world.port, "127.0.0.1");
  socket.on("error", () => {});
  await once(socket, "connect");
  socket.pause();
  socket.write(sent);
  return socket;
}

/** Resolves when it is, in whatever way. */
const closed = (socket: Socket): Promise<void> => new Promise((resolve) => void socket.once("close", () => resolve()));

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await setImmediate();
}

const level = async (name: string, reason?: string): Promise<number> =>
  (await world.counted(`headwater_${name}`)).find(({ labels }) => reason === undefined || labels.reason === reason)
    ?.value ?? 0;
const cut = (reason: string) => level("cut_total", reason);
const underway = () => level("requests_in_flight");

describe("slow heads", () => {
  test("connections that send no head, half a head or nothing after a first answer are closed; others stay", async () => {
    const serverOptions = { headersTimeout: 300, requestTimeout: 300, connectionsCheckingInterval: 50 };
    await world.startOrigin({}, { serverOptions, firstIdleMs: 300 });
    const [silent, half, used] = await Promise.all([
      open(),
      open(`GET ${path(1)} HTTP/1.1\r\nHost:`),
      open(head(path(1))),
    ]);
    const twice = await open(head(path(1)) + head(path(2)));
    let answered = "";
    twice.setEncoding("latin1").on("data", (text: string) => {
      answered += text;
    });
    for (const socket of [silent, half, used, twice]) socket.resume();
    await Promise.all([silent, half, used].map(closed));
    await until(() => answered.includes("derby 720p 2 a"));
    expect(await cut("slow-head")).toBe(2);
    expect(answered.match(/^Keep-Alive: .*$/gm)?.map((line) => line.trim())).toEqual([
      "Keep-Alive: timeout=0",
      "Keep-Alive: timeout=75",
    ]);
    expect(twice.readyState).toBe("open");
    twice.destroy();
  });

  test("an edge with a token is kept after its first answer", async () => {
    await world.startOrigin({ HEADWATER_CDN_TOKENS: "acme:0123456789abcdef0123" }, { firstIdleMs: 300 });
    const known = await open(head(path(1), "Authorization: Bearer 0123456789abcdef0123\r\n"));
    const unknown = await open(head(path(1)));
    for (const socket of [known, unknown]) socket.resume();
    await closed(unknown);
    expect(known.readyState).toBe("open");
    known.destroy();
  });
});

describe("slow bodies", () => {
  test("a GET with a body is answered, and its connection closed without reading much of it", async () => {
    await world.startOrigin();
    const answer = await raw(world.port, head(path(1), "Content-Length: 5\r\n").concat("hello"));
    expect(answer).toMatch(/^HTTP\/1\.1 200 .*\r\nConnection: close\r\n.*derby 720p 1 a$/s);

    let taken = 0;
    const [server] = world.origin.servers;
    server!.once("connection", (one: Socket) => {
      one.once("close", () => {
        taken = one.bytesRead;
      });
    });
    const socket = await open(head(path(1), `Content-Length: ${1e9}\r\n`));
    socket.resume();
    const part = Buffer.alloc(64 * KIB);
    const send = () => {
      while (!socket.destroyed && socket.write(part));
    };
    socket.on("drain", send);
    send();
    await closed(socket);
    await until(() => taken > 0);
    expect(taken).toBeLessThan(256 * KIB);
    expect(await underway()).toBe(0);
  });
});

describe("slow readers", () => {
  test("one that takes nothing is cut, while one that takes slowly and one that is quick get all of it", async () => {
    await world.startOrigin();
    const stalled = await open(head(path(NEWEST)));
    const living = await open(head(path(NEWEST), "Connection: close\r\n"));
    await until(async () => (await underway()) === 2);
    expect(await level("media_in_flight_bytes")).toBe(bytes.length);

    // 256 KiB a second: what the kernel buffers would else hide all progress.
    let taken = 0;
    const take = async (atMost: number): Promise<void> => {
      for (let left = atMost; left > 0; ) {
        const piece = living.read(Math.min(left, Math.max(1, living.readableLength))) as Buffer | null;
        if (piece === null) {
          if (living.readableEnded) return;
          await setImmediate();
        } else left -= piece.length;
        taken += piece?.length ?? 0;
      }
    };
    for (let second = 1; second <= 12; second += 1) {
      await take(256 * KIB);
      await world.clock.pass(1000);
    }
    expect(await cut("slow-reader")).toBe(0);
    expect((await ask(world.port, "GET", path(NEWEST))).body.equals(bytes)).toBe(true);
    const isCut = closed(stalled);
    for (let second = 13; second <= 15; second += 1) {
      await take(256 * KIB);
      await world.clock.pass(1000);
    }
    stalled.resume();
    await isCut;
    expect(await cut("slow-reader")).toBe(1);
    while (!living.readableEnded) {
      await take(256 * KIB);
      await world.clock.pass(1000);
    }
    expect(taken).toBeGreaterThan(bytes.length);
    expect(await cut("slow-reader")).toBe(1);
    await until(async () => (await underway()) === 0);
    expect(await level("media_in_flight_bytes")).toBe(0);
  });

  test("what a held request waits for, and a pause of the process, are not the client's fault", async () => {
    await world.startOrigin();
    const held = ask(world.port, "GET", path(NEWEST + 1));
    await world.held(1);
    const stalled = await open(head(path(NEWEST)));
    await until(async () => (await underway()) === 2);
    world.clock.advance(5_000);
    await world.clock.pass(1000);
    expect((await held).status).toBe(404);
    expect(await cut("slow-reader")).toBe(0);
    await world.clock.pass(15_000);
    expect(await cut("slow-reader")).toBe(1);
    stalled.destroy();
  });
});

describe("bounds", () => {
  const overloaded = async (number: number, headers: Record<string, string> = {}) => {
    const answer = await ask(world.port, "GET", path(number), headers);
    const { "retry-after": retryAfter, "headwater-max-age-ms": maxAgeMs } = answer.headers;
    return answer.status === 503 && retryAfter === "1" && maxAgeMs === "1000";
  };

  test("requests: above the bound an edge with its share is 503, another one is served", async () => {
    const tokens = { acme: "0123456789abcdef0123", best: "abcdef0123456789abcd" };
    await world.startOrigin({
      HEADWATER_REQUESTS_MAX: "4",
      HEADWATER_CDN_TOKENS: `acme:${tokens.acme},best:${tokens.best}`,
    });
    const as = (edge: keyof typeof tokens) => ({ Authorization: `Bearer ${tokens[edge]}` });
    const held = Array.from({ length: 4 }, () => ask(world.port, "GET", path(NEWEST + 1), as("acme")));
    await world.held(4);
    expect(await overloaded(1, as("acme"))).toBe(true);
    expect((await ask(world.port, "GET", path(1), as("best"))).status).toBe(200);
    await world.clock.pass(4000);
    await Promise.all(held);
    await until(async () => (await underway()) === 0);
    expect(await overloaded(1, as("acme"))).toBe(false);
  });

  test("media: a DVR segment is refused before the live edge, and what is being sent goes to others too", async () => {
    await world.startOrigin({
      HEADWATER_MEDIA_IN_FLIGHT_BYTES: `${bytes.length + 20}`,
      HEADWATER_MEMORY_CACHE_BYTES: "0",
    });
    const slow = await open(head(path(NEWEST)));
    await until(async () => (await level("media_in_flight_bytes")) === bytes.length);
    expect([await overloaded(1), await overloaded(NEWEST - 1), await overloaded(NEWEST)]).toEqual([true, false, false]);
    slow.destroy();
    await until(async () => (await level("media_in_flight_bytes")) === 0);
    expect(await overloaded(1)).toBe(false);
  });

  test("media: what a pipeline that nobody reads waits for counts too, and what is sent twice is read and kept once", async () => {
    await world.startOrigin({
      HEADWATER_MEDIA_IN_FLIGHT_BYTES: `${bytes.length + 100}`,
      HEADWATER_MEMORY_CACHE_BYTES: "0",
    });
    const numbers = Array.from({ length: NEWEST }, (_, n) => NEWEST - n);
    const pipeline = await open(numbers.map((number) => head(path(number))).join(""));
    // The three live ones behind the newest have room beside it, and none of the DVR.
    const chunks = NEWEST_CHUNKS + 3;
    await until(async () => (await underway()) === NEWEST && world.chunkReads === chunks);
    const mediaBytes = await level("media_in_flight_bytes");
    expect([mediaBytes > bytes.length, mediaBytes <= bytes.length + 100]).toEqual([true, true]);

    const again = await open(head(path(NEWEST)).repeat(5));
    await until(async () => (await underway()) === NEWEST + 5);
    expect((await ask(world.port, "GET", path(NEWEST))).body.equals(bytes)).toBe(true);
    expect(world.chunkReads).toBe(chunks);
    for (const socket of [pipeline, again]) socket.destroy();
    await until(async () => (await level("media_in_flight_bytes")) === 0);
    expect((await ask(world.port, "GET", path(NEWEST))).body.equals(bytes)).toBe(true);
    expect(world.chunkReads).toBe(chunks + NEWEST_CHUNKS);
  });

  test("connections: further ones are closed at once", async () => {
    await world.startOrigin({ HEADWATER_CONNECTIONS_MAX: "2" });
    const [first, second] = [await open(head(path(1))), await open(head(path(1)))];
    await once(second.resume(), "data");
    const third = await open();
    await closed(third.resume());
    expect(await cut("connections")).toBe(1);
    first.destroy();
    second.destroy();
  });

  test("a pipeline of more requests than are answered in time is cut, and leaves nothing behind", async () => {
    await world.startOrigin();
    const some = await open(head(path(NEWEST + 1)) + head(path(1)).repeat(10));
    await until(async () => (await underway()) === 11);
    some.destroy();
    await until(async () => (await underway()) === 1 || (await underway()) === 0);
    const many = await open(head(path(NEWEST + 1)) + head(path(1)).repeat(1000));
    await closed(many.resume());
    expect(await cut("pipeline")).toBe(1);
    await settle();
    await until(async () => (await underway()) === 0);
  });
});
