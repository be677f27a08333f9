import { KvError } from "@headwater/kv";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { init, noise, vtt } from "./support/media.ts";
import { TestPublisher } from "./support/publisher.ts";
import { chunk, head, LAST_CHUNK, pause, send, Wire } from "./support/wire.ts";

let publisher: TestPublisher;
let token: string;
let bearer: Record<string, string>;
const BASE = "/publish/derby/a";
const CHUNKED = { "Transfer-Encoding": "chunked" };

beforeAll(async () => {
  publisher = await TestPublisher.start();
  token = await publisher.event("derby");
  bearer = { Authorization: `Bearer ${token}` };
});
afterAll(() => publisher.close());

const put = (path: string, body?: Buffer | string, headers: Record<string, string | number> = {}, method = "PUT") =>
  send(publisher.port, method, `${BASE}/${path}`, { ...bearer, ...headers }, body);
const stored = async (rendition: string) => publisher.candidates("derby", rendition);

describe("a body", () => {
  const methods: [method: string, framing: string][] = [
    ["PUT", "length"],
    ["POST", "length"],
    ["PUT", "chunked"],
    ["POST", "chunked"],
  ];
  test.each(methods)("%s with %s is stored byte for byte", async (method, framing) => {
    const rendition = `${method}-${framing}`;
    const body = Buffer.concat([vtt(rendition), Buffer.alloc(1_300_000, "\n")]);
    const wire = await Wire.open(publisher.port);
    const framed = framing === "chunked" ? CHUNKED : { "Content-Length": body.length };
    wire.socket.write(head(method, `${BASE}/${rendition}/1.vtt`, { ...bearer, ...framed }));
    for (let at = 0; at < body.length; at += 100_000) {
      const piece = body.subarray(at, at + 100_000);
      wire.socket.write(framing === "chunked" ? chunk(piece) : piece);
    }
    if (framing === "chunked") wire.socket.write(LAST_CHUNK);
    expect(await wire.reply()).toMatchObject({ status: 201, body: "" });

    const [candidate] = await stored(rendition);
    expect((await publisher.bytes("derby", candidate!)).equals(body)).toBe(true);

    // The connection goes on.
    wire.socket.write(head(method, `${BASE}/${rendition}/1.vtt`, { ...bearer, "Content-Length": body.length }));
    wire.socket.write(body);
    expect(await wire.reply()).toMatchObject({ status: 200 });
    wire.socket.destroy();
  });

  const WHOLE = vtt("cut");
  const cuts: [where: string, framing: Record<string, string | number>, sent: Buffer[]][] = [
    ["behind the head", { "Content-Length": WHOLE.length }, []],
    ["one byte before the end", { "Content-Length": WHOLE.length }, [WHOLE.subarray(0, -1)]],
    ["behind the head, chunked", CHUNKED, []],
    ["inside a chunk", CHUNKED, [chunk(WHOLE).subarray(0, 20)]],
    ["behind all data, before the last chunk", CHUNKED, [chunk(WHOLE)]],
    ["inside the last chunk", CHUNKED, [chunk(WHOLE), Buffer.from("0\r\n\r")]],
    ["in broken framing", CHUNKED, [chunk(WHOLE), Buffer.from("zz\r\n")]],
  ];
  test.each(cuts)("cut %s: 400 and nothing is visible", async (where, framing, sent) => {
    for (const how of ["half-close", "close"] as const) {
      const aborted = await publisher.published("aborted");
      const wire = await Wire.open(publisher.port);
      wire.socket.write(head("PUT", `${BASE}/cut/1.vtt`, { ...bearer, ...framing }));
      for (const bytes of sent) wire.socket.write(bytes);
      await pause(30);
      if (how === "close") wire.socket.destroy();
      else {
        wire.socket.end();
        expect(await wire.reply()).toMatchObject({ status: 400 });
      }
      for (let n = 0; n < 100 && (await publisher.published("aborted")) === aborted; n += 1) await pause(10);
      expect([where, await publisher.published("aborted")]).toEqual([where, aborted + 1]);
      expect(await publisher.renditions("derby")).not.toContain("cut");
    }
    // The name is still free.
    expect((await put(`cut-${cuts.findIndex(([w]) => w === where)}/1.vtt`, WHOLE)).status).toBe(201);
  });

  test.each(["half-close", "close"])(
    "an encoder that hangs up (%s) right behind the last chunk has published",
    async (how) => {
      const body = Buffer.concat([vtt(how), Buffer.alloc(2_000_000, "\n")]);
      await Promise.all(
        [1, 2, 3, 4].map(async (number) => {
          const wire = await Wire.open(publisher.port);
          wire.socket.write(head("PUT", `${BASE}/gone-${how}-${number}/1.vtt`, { ...bearer, ...CHUNKED }));
          await new Promise((resolve) =>
            wire.socket.write(Buffer.concat([chunk(body), Buffer.from(LAST_CHUNK)]), resolve),
          );
          if (how === "close") wire.socket.destroy();
          else wire.socket.end();
        }),
      );
      for (const number of [1, 2, 3, 4]) {
        const rendition = `gone-${how}-${number}`;
        for (let n = 0; n < 200 && !(await publisher.renditions("derby")).includes(rendition); n += 1) await pause(10);
        for (let n = 0; n < 200 && (await stored(rendition)).length === 0; n += 1) await pause(10);
        const [candidate] = await stored(rendition);
        expect((await publisher.bytes("derby", candidate!)).equals(body)).toBe(true);
      }
    },
  );

  test("a header seconds before its body, and a body a piece at a time, are normal", async () => {
    const wire = await Wire.open(publisher.port);
    wire.socket.write(head("PUT", `${BASE}/slow/init.mp4`, { ...bearer, ...CHUNKED }));
    await pause(2500);
    const bytes = init("slow");
    for (const piece of [bytes.subarray(0, 10), bytes.subarray(10, 11), bytes.subarray(11)]) {
      wire.socket.write(chunk(piece));
      await pause(50);
    }
    wire.socket.write(LAST_CHUNK);
    expect(await wire.reply()).toMatchObject({ status: 201 });
    expect((await publisher.inits("derby", "slow"))[0]!.base64).toBe(bytes.toString("base64"));
    wire.socket.destroy();
  });

  test.each(["1.ts", "1.m4s", "index.m3u8", "manifest.mpd", "probe.txt", "probe", "init.mp4"])(
    "an empty one is a probe: %s",
    async (name) => {
      for (const method of ["PUT", "POST"]) {
        expect(await put(`probe/${name}`, "", {}, method)).toMatchObject({ status: 204, body: "" });
      }
      expect(await publisher.renditions("derby")).not.toContain("probe");
    },
  );

  test("an empty one in chunked framing is a probe too; a manifest is taken and ignored", async () => {
    for (const [name, body] of [
      ["1.ts", ""],
      ["index.m3u8", ""],
      ["a.mpd", "<MPD/>"],
    ] as const) {
      const wire = await Wire.open(publisher.port);
      wire.socket.write(head("POST", `${BASE}/probe/${name}`, { ...bearer, ...CHUNKED }));
      if (body !== "") wire.socket.write(chunk(body));
      wire.socket.write(LAST_CHUNK);
      expect(await wire.reply()).toMatchObject({ status: 204 });
      wire.socket.destroy();
    }
  });
});

/** A publisher whose store runs `before` in front of each write of a chunk. */
const withWrites = (before: () => Promise<void>) =>
  TestPublisher.start((stores) => ({
    ...stores,
    kv: {
      put: (namespace, row) => stores.kv.put(namespace, row),
      putIfAbsent: (namespace, row) => stores.kv.putIfAbsent(namespace, row),
      range: (namespace, id, query) => stores.kv.range(namespace, id, query),
      readChunk: (namespace, nonce, n) => stores.kv.readChunk(namespace, nonce, n),
      stage(namespace, nonce) {
        const staged = stores.kv.stage(namespace, nonce);
        const write = async (n: number, bytes: Uint8Array) => {
          await before();
          await staged.write(n, bytes);
        };
        return { write, seal: () => staged.seal(), abandon: () => staged.abandon() };
      },
    },
  }));

describe("a store in trouble", () => {
  test.each([
    ["unavailable", 503],
    ["full", 507],
  ] as const)("%s: %i at once, and nothing is visible", async (code, status) => {
    let failing = false;
    const broken = await withWrites(async () => {
      if (failing) throw new KvError(code, "a drill");
    });
    try {
      const headers = { Authorization: `Bearer ${await broken.event("drill")}` };
      failing = true;
      const reply = await send(broken.port, "PUT", "/publish/drill/a/s/1.ts", headers, noise(2_000_000));
      expect(reply).toMatchObject({ status });
      expect(reply.headers["retry-after"]).toBe("1");
      expect(await broken.renditions("drill")).toEqual([]);
      failing = false;
      expect((await send(broken.port, "PUT", "/publish/drill/a/s/1.ts", headers, noise(2_000_000))).status).toBe(201);
    } finally {
      await broken.close();
    }
  });

  test("slow: an encoder that has hung up long before its bytes are taken has published", async () => {
    const slow = await withWrites(() => pause(60));
    try {
      const headers = { Authorization: `Bearer ${await slow.event("slow")}`, ...CHUNKED };
      const body = Buffer.concat([vtt("slow"), Buffer.alloc(3_900_000, "\n")]);
      const wire = await Wire.open(slow.port);
      wire.socket.write(head("PUT", "/publish/slow/a/s/1.vtt", headers));
      wire.socket.end(Buffer.concat([chunk(body), Buffer.from(LAST_CHUNK)]));
      expect(await wire.reply()).toMatchObject({ status: 201 });
      const [candidate] = await slow.candidates("slow", "s");
      expect((await slow.bytes("slow", candidate!)).equals(body)).toBe(true);
    } finally {
      await slow.close();
    }
  });
});
