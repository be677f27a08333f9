import { KvError } from "@headwater/kv";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { init, noise, vtt } from "./support/media.ts";
import { TestPublisher } from "./support/publisher.ts";
import { chunk, head, LAST_CHUNK, pause, send, Wire } from "./support/wire.ts";

let publisher: TestPublisher;
let token: string;
let bearer: Record<string, string>;
const basic = (text: string) => ({ Authorization: `Basic ${Buffer.from(text).toString("base64")}` });
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

/** Sends a head alone, and gives the reply that comes before any body. */
async function early(method: string, target: string, headers: Record<string, string | number>) {
  const wire = await Wire.open(publisher.port, method === "HEAD");
  wire.socket.write(head(method, target, headers));
  const beganMs = Date.now();
  const reply = await wire.reply();
  return { ...reply, tookMs: Date.now() - beganMs, wire };
}

describe("who may publish", () => {
  const rows: [who: string, target: string, headers: () => Record<string, string>, status: number][] = [
    ["nobody", `${BASE}/720p/1.ts`, () => ({}), 401],
    ["nobody, on no event", "/publish/none/a/720p/1.ts", () => ({}), 401],
    ["nobody, on another path", "/etc/passwd", () => ({}), 401],
    ["nobody, on a bad path", `${BASE}/%00/../..`, () => ({}), 401],
    ["Digest", `${BASE}/720p/1.ts`, () => ({ Authorization: "Digest a=b" }), 401],
    ["a token, on another path", "/etc/passwd", () => bearer, 404],
    ["a token, on no event", "/publish/none/a/720p/1.ts", () => bearer, 404],
    ["a token, on no pipeline", "/publish/derby/b/720p/1.ts", () => bearer, 404],
    ["another token", `${BASE}/720p/1.ts`, () => ({ Authorization: "Bearer other" }), 403],
    ["the token under another name", `${BASE}/720p/1.ts`, () => basic(`b:${token}`), 403],
    ["another password", `${BASE}/720p/1.ts`, () => basic("a:other"), 403],
  ];
  test.each(rows)("%s: %s", async (_who, target, headers, status) => {
    // With a body on the way, and before any 100 Continue.
    const sent = { "Content-Length": 1_000_000, ...headers() };
    const reply = await early("PUT", target, sent);
    expect(reply).toMatchObject({ status, continued: false });
    expect(reply.headers).toMatchObject({ connection: "close", "content-type": "application/problem+json" });
    expect(reply.headers["www-authenticate"]).toBe(status === 401 ? 'Basic realm="headwater"' : undefined);
    expect(JSON.parse(reply.body)).toMatchObject({ status });
    expect(reply.tookMs).toBeLessThan(300);
    reply.wire.socket.destroy();

    const expecting = await early("PUT", target, { ...sent, Expect: "100-continue" });
    expect(expecting).toMatchObject({ status, continued: false });
    await expecting.wire.closed();
    expect(expecting.wire.text).toBe("");
  });

  test("the token as Bearer or as Basic, and 100 Continue only then", async () => {
    const body = vtt("who");
    for (const [i, headers] of [bearer, basic(`a:${token}`)].entries()) {
      const wire = await Wire.open(publisher.port);
      const sent = { ...headers, Expect: "100-continue", "Content-Length": body.length };
      wire.socket.write(head("PUT", `${BASE}/who${i}/1.vtt`, sent));
      for (let n = 0; n < 200 && !wire.text.startsWith("HTTP/1.1 100"); n += 1) await pause(5);
      expect(wire.text).toBe("HTTP/1.1 100 Continue\r\n\r\n");
      wire.socket.write(body);
      expect(await wire.reply()).toMatchObject({ status: 201, continued: true });
      wire.socket.destroy();
    }
  });

  test("a client in the middle of sending reads the refusal; no more than a little is taken", async () => {
    const wire = await Wire.open(publisher.port);
    wire.socket.write(
      head("PUT", `${BASE}/720p/1.ts`, { Authorization: "Bearer other", "Content-Length": 50_000_000 }),
    );
    for (let n = 0; n < 8; n += 1) wire.socket.write(noise(65_536));
    expect(await wire.reply()).toMatchObject({ status: 403 });
    await wire.closed();
  });

  test("a token is new for a moment: it opens at once; the former one stays for its overlap", async () => {
    await publisher.event("rotating");
    const { publishToken } = await publisher.events.rotateToken("rotating", "a", 60_000);
    const headers = { Authorization: `Bearer ${publishToken}` };
    expect((await send(publisher.port, "PUT", "/publish/rotating/a/s/1.vtt", headers, vtt("x"))).status).toBe(201);
  });
});

describe("what is refused", () => {
  const rows: [what: string, path: string, headers: Record<string, string | number>, body: string, status: number][] = [
    ["Range", "r/1.ts", { Range: "bytes=0-1" }, "x", 400],
    ["Content-Range", "r/1.ts", { "Content-Range": "bytes 0-1/2" }, "x", 400],
    ["gzip", "r/1.ts", { "Content-Encoding": "gzip" }, "x", 415],
    ["..", "r/../1.ts", {}, "x", 400],
    ["%2e%2e", "r/%2e%2e/1.ts", {}, "x", 400],
    ["%00", "r/1%00.ts", {}, "x", 400],
    ["//", "r//1.ts", {}, "x", 400],
    ["bad %", "r/%zz.ts", {}, "x", 400],
    ["8 kB", `r/${"x".repeat(8192)}.ts`, {}, "x", 414],
    ["another extension", "r/1.exe", {}, "x", 415],
    ["no extension", "r/1", {}, "x", 415],
    ["no playlist", "r/index.m3u8", {}, "hello", 422],
    ["a bad playlist", "r/index.m3u8", {}, "#EXTM3U\n#EXTINF:2,\na.ts\n", 422],
  ];
  test.each(rows)("%s: %s", async (_what, path, headers, body, status) => {
    const reply = await put(path, body, headers);
    expect(reply).toMatchObject({ status });
    expect(reply.headers.connection).toBe("close");
    expect(JSON.parse(reply.body).title).toMatch(/^[A-Z%].{10}/);
    expect(await publisher.renditions("derby")).not.toContain("r");
  });

  test("HTTP that is none: a clear 4xx, and the next request is served", async () => {
    for (const raw of ["PUT\r\n\r\n", `PUT ${BASE}/\0.ts HTTP/1.1\r\n\r\n`, head("PUT", `/${"x".repeat(20_000)}`)]) {
      const wire = await Wire.open(publisher.port);
      wire.socket.write(raw);
      expect((await wire.reply()).status).toBeGreaterThanOrEqual(400);
      wire.socket.destroy();
    }
    expect(await put("after/1.vtt", vtt("x"))).toMatchObject({ status: 201 });
  });

  test.each(["GET", "HEAD", "PATCH", "OPTIONS", "MKCOL", "MOVE", "PROPFIND"])("%s: 405 with Allow", async (method) => {
    const reply = await early(method, `${BASE}/720p/1.ts`, bearer);
    expect(reply.status).toBe(405);
    expect(reply.headers.allow).toBe("PUT, POST, DELETE");
    reply.wire.socket.destroy();
  });

  test("over the limit: at once where the length is told, else when it is passed", async () => {
    const told = await early("PUT", `${BASE}/cap/1.ts`, { ...bearer, "Content-Length": 4 * 1024 * 1024 + 1 });
    expect(told).toMatchObject({ status: 413 });
    expect(told.tookMs).toBeLessThan(300);
    told.wire.socket.destroy();

    const wire = await Wire.open(publisher.port);
    wire.socket.write(head("PUT", `${BASE}/cap/1.ts`, { ...bearer, ...CHUNKED }));
    for (let n = 0; n < 65; n += 1) wire.socket.write(chunk(noise(65_536)));
    expect(await wire.reply()).toMatchObject({ status: 413 });
    wire.socket.destroy();

    expect(await put("cap/index.m3u8", `#EXTM3U\n${"#x\n".repeat(400_000)}`)).toMatchObject({ status: 413 });
    expect(await publisher.renditions("derby")).not.toContain("cap");
  });

  test("a number outside the template: 409 with those that might come, before the body where it can be no init", async () => {
    const epoch = await publisher.event("epoch", { timeline: "epoch" });
    const headers = { Authorization: `Bearer ${epoch}` };
    const now = Math.floor(Date.now() / 2000);
    const reply = await early("PUT", `/publish/epoch/a/s/${now + 1000}.ts`, { ...headers, "Content-Length": 1000 });
    expect(reply).toMatchObject({ status: 409 });
    const problem = JSON.parse(reply.body);
    expect(problem).toMatchObject({ code: "outside-template", first: expect.any(Number), last: expect.any(Number) });
    expect(problem.last - now).toBeLessThan(10);
    reply.wire.socket.destroy();

    const of = (name: string, body: Buffer) => send(publisher.port, "PUT", `/publish/epoch/a/s/${name}`, headers, body);
    expect(await of("5.m4s", noise(1000))).toMatchObject({ status: 409 });
    expect(await of("5.m4s", noise(300_000))).toMatchObject({ status: 409 });
    expect(await of("init-0.mp4", init())).toMatchObject({ status: 201 });
    expect(await of(`${now}.vtt`, vtt("now"))).toMatchObject({ status: 201 });
    expect(await of(`${now - 30}.vtt`, vtt("late"))).toMatchObject({ status: 201 });
    expect(await publisher.inits("epoch", "s")).toHaveLength(1);
  });
});

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

describe("the same name again", () => {
  test("same bytes 200, other bytes 409 and the first stays", async () => {
    expect(await put("again/1.vtt", vtt("one"))).toMatchObject({ status: 201 });
    expect(await put("again/1.vtt", vtt("one"))).toMatchObject({ status: 200 });
    const other = await put("again/1.vtt", vtt("two"));
    expect(other).toMatchObject({ status: 409 });
    expect(JSON.parse(other.body)).toMatchObject({ code: "conflict" });
    const all = await stored("again");
    expect(all).toHaveLength(1);
    expect((await publisher.bytes("derby", all[0]!)).equals(vtt("one"))).toBe(true);
  });

  test("a defective copy gives way before its retry deadline", async () => {
    expect(await put("mended/1.ts", noise(5000))).toMatchObject({ status: 201 });
    expect(await put("mended/1.ts", noise(5000, 2))).toMatchObject({ status: 200 });
    const reported = { "Headwater-Defects": "gap;ms=120, nonsense" };
    expect(await put("reported/1.vtt", vtt("one"), reported)).toMatchObject({ status: 201 });
    expect((await stored("reported"))[0]!.report.defects).toEqual(["gap;ms=120"]);
    expect(await put("reported/1.vtt", vtt("two"))).toMatchObject({ status: 200 });
  });

  test("20 at the same instant: one candidate", async () => {
    const body = Buffer.concat([vtt("many"), Buffer.alloc(600_000, "\n")]);
    const replies = await Promise.all(Array.from({ length: 20 }, () => put("many/1.vtt", body)));
    expect(replies.map(({ status }) => status).sort()).toEqual([...Array(19).fill(200), 201]);
    expect(await stored("many")).toHaveLength(1);
  });

  test("DELETE is told yes and removes nothing", async () => {
    expect(await put("kept/1.vtt", vtt("kept"))).toMatchObject({ status: 201 });
    for (const path of ["kept/1.vtt", "kept/99.vtt", "unknown.txt", "kept/index.m3u8"]) {
      const wire = await Wire.open(publisher.port);
      wire.socket.write(head("DELETE", `${BASE}/${path}`, { ...bearer, ...CHUNKED }) + LAST_CHUNK);
      expect(await wire.reply()).toMatchObject({ status: 204, body: "" });
      wire.socket.write(head("DELETE", `${BASE}/${path}`, bearer));
      expect(await wire.reply()).toMatchObject({ status: 204 });
      wire.socket.destroy();
    }
    expect(await stored("kept")).toHaveLength(1);
    expect(await put("kept/1.vtt", vtt("other"))).toMatchObject({ status: 409 });
  });
});

describe("names that only a playlist explains", () => {
  const list = (first: number, names: string[]) =>
    `#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:2\n#EXT-X-MEDIA-SEQUENCE:${first}\n${names
      .map((name) => `#EXTINF:2.0,\n${name}\n`)
      .join("")}`;

  test("segments before their playlist are visible when it is answered", async () => {
    for (const n of [10, 11]) expect(await put(`flat_${n}.vtt`, vtt(`flat ${n}`))).toMatchObject({ status: 201 });
    expect(await publisher.renditions("derby")).not.toContain("flat");
    expect(await put("flat.m3u8", list(10, ["flat_10.vtt", "flat_11.vtt"]))).toMatchObject({ status: 201 });
    const bytes = await Promise.all((await stored("flat")).map((candidate) => publisher.bytes("derby", candidate)));
    expect(bytes.map(String)).toEqual([10, 11].map((n) => String(vtt(`flat ${n}`))));
  });

  test("a playlist before its segments: they are visible when they are answered", async () => {
    expect(await put("first.m3u8", list(0, ["first-20261124-083210.vtt"]))).toMatchObject({ status: 201 });
    expect(await put("first-20261124-083210.vtt", vtt("first"))).toMatchObject({ status: 201 });
    expect(await stored("first")).toHaveLength(1);
    expect(await put("first.m3u8", list(0, ["first-20261124-083210.vtt"]))).toMatchObject({ status: 200 });
    expect(await stored("first")).toHaveLength(1);
  });

  test("a playlist of many names before them all, then in any order and all at once", async () => {
    const names = Array.from({ length: 20 }, (_, n) => `ahead_${n}.vtt`);
    expect(await put("ahead.m3u8", list(0, names))).toMatchObject({ status: 201 });
    const replies = await Promise.all(names.map((name) => put(name, vtt(name))));
    expect(replies.map(({ status }) => status)).toEqual(names.map(() => 201));
    const bytes = await Promise.all((await stored("ahead")).map((candidate) => publisher.bytes("derby", candidate)));
    expect(bytes.map(String).sort()).toEqual(names.map((name) => String(vtt(name))).sort());
  });

  test("file names in the query", async () => {
    const to = (name: string, body: Buffer | string) =>
      send(publisher.port, "PUT", `${BASE}?cid=1&copy=0&file=${name}`, bearer, body);
    expect(await to("index0.vtt", vtt("query"))).toMatchObject({ status: 201 });
    expect(await to("index.m3u8", list(0, ["index0.vtt"]))).toMatchObject({ status: 201 });
    expect(await stored("index")).toHaveLength(1);
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
      const beganMs = Date.now();
      const reply = await send(broken.port, "PUT", "/publish/drill/a/s/1.ts", headers, noise(2_000_000));
      expect(reply).toMatchObject({ status });
      expect(Date.now() - beganMs).toBeLessThan(600);
      expect(reply.headers["retry-after"]).toBe(status === 503 ? "1" : undefined);
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
