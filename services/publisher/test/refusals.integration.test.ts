import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { init, noise, vtt } from "./support/media.ts";
import { TestPublisher } from "./support/publisher.ts";
import { chunk, head, pause, send, Wire } from "./support/wire.ts";

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

/** Sends a head alone, and gives the reply that comes before any body. */
async function early(method: string, target: string, headers: Record<string, string | number>) {
  const wire = await Wire.open(publisher.port, method === "HEAD");
  wire.socket.write(head(method, target, headers));
  return { ...(await wire.reply()), wire };
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
    // Each is rotated away well before the publisher's next look at the events is due.
    for (const status of [201, 200, 200, 200]) {
      const { publishToken } = await publisher.events.rotateToken("rotating", "a", 60_000);
      const headers = { Authorization: `Bearer ${publishToken}` };
      expect(await send(publisher.port, "PUT", "/publish/rotating/a/s/1.vtt", headers, vtt("x"))).toMatchObject({
        status,
      });
    }
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
