import { request } from "node:http";
import { KvError, nextToken } from "@headwater/kv";
import { tokenMatches } from "@headwater/segment-store/events";
import {
  bucketOf,
  type Candidate,
  candidateRow,
  candidatesId,
  type EventRecord,
  shapeRow,
} from "@headwater/segment-store/model";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { Control, OPERATOR, READER } from "./support/control.ts";

let control: Control;
beforeAll(async () => {
  control = await Control.start();
});
afterAll(() => control.close());

const call: Control["call"] = (...args) => control.call(...args);

async function storedEvent(id: string): Promise<EventRecord> {
  const { rows } = await control.stores.kv.range("control", "events", { limit: 1000 });
  return rows.map((row) => JSON.parse(row.value.toString()).meta as EventRecord).find((event) => event.id === id)!;
}

/** Rows as a publisher leaves them, without bytes. */
async function publish(id: string, rendition: string, number: number, more: Partial<Candidate> = {}): Promise<void> {
  const { kv } = control.stores;
  const { uid } = await storedEvent(id);
  const bucket = bucketOf(number);
  const tokenUs = nextToken(Date.now());
  const stream = { rendition, exts: ["m4s"], firstNumber: number, codecs: [] };
  await kv.put("control", shapeRow(uid, "stream", stream, tokenUs));
  await kv.put("control", shapeRow(uid, "bucket", { rendition, bucket }, tokenUs));
  const report = { container: "fmp4", video: true, last: false, defects: [] };
  const made = { number, pipeline: "a", ref: { nonce: `${number}` }, run: 0, stampMs: Date.now(), report, ...more };
  const candidate = made as unknown as Candidate;
  await kv.put("6h", candidateRow(candidatesId(uid, rendition, bucket), candidate, tokenUs));
}

describe("an event's life", () => {
  test("created with tokens that are shown once, read, changed, ended, deleted, and made again", async () => {
    const body = { id: "derby", pipelines: [{ id: "a", region: "west" }, { id: "b" }], renditions: ["720p"] };
    const created = await call("POST", "/v1/events", body);
    expect(created.status).toBe(201);
    expect(created.headers.get("location")).toBe("/v1/events/derby");
    expect(created.json).toMatchObject({ id: "derby", version: 1, segmentDuration: 2000, dvrWindowMs: 14_400_000 });
    expect(Date.parse(created.json.createdAt)).toBeGreaterThan(Date.now() - 10_000);
    const [a, b] = created.json.pipelines;
    expect(a.publishUrl).toBe("http://127.0.0.1:7101/publish/derby/a/");
    expect(b).toMatchObject({ id: "b", region: "west" });
    const { pipelines } = await storedEvent("derby");
    expect(tokenMatches(pipelines[0]!, a.publishToken, Date.now())).toBe(true);
    expect(tokenMatches(pipelines[0]!, b.publishToken, Date.now())).toBe(false);

    const read = await call("GET", "/v1/events/derby");
    expect(read.status).toBe(200);
    expect(read.text).not.toMatch(/oken|sha256|uid/);
    expect((await call("GET", "/v1/events")).json).toEqual({ events: [read.json] });
    expect((await call("HEAD", "/v1/events/derby")).status).toBe(200);

    const patched = await call("PATCH", "/v1/events/derby", { holdMs: 1000, renditions: ["720p", "1080p"] });
    expect(patched.json).toEqual({ ...read.json, holdMs: 1000, renditions: ["720p", "1080p"] });
    expect((await call("POST", "/v1/events/derby/version")).json.version).toBe(2);

    const ended = await call("POST", "/v1/events/derby/end", { lastNumber: 40 });
    expect(ended.json.end).toMatchObject({ lastNumber: 40 });
    expect(await call("POST", "/v1/events/derby/end")).toMatchObject({ status: 409, json: { code: "ended" } });

    expect(await call("DELETE", "/v1/events/derby")).toMatchObject({ status: 204, text: "" });
    for (const [method, path] of [
      ["GET", ""],
      ["PATCH", ""],
      ["DELETE", ""],
      ["POST", "/end"],
      ["POST", "/version"],
    ] as const) {
      const answer = await call(method, `/v1/events/derby${path}`, method === "PATCH" ? {} : undefined);
      expect(answer).toMatchObject({ status: 404, json: { status: 404, code: "unknown-event" } });
    }
    expect(await call("POST", "/v1/events", body)).toMatchObject({ status: 201, json: { version: 3 } });
    await call("DELETE", "/v1/events/derby");
  });

  test("ends by default with the highest number published in any rendition, committed a moment ago", async () => {
    await call("POST", "/v1/events", { id: "final" });
    await publish("final", "720p", 4095);
    await call("GET", "/v1/events/final");
    await publish("final", "audio", 4094);
    await publish("final", "720p", 4096);
    expect((await call("POST", "/v1/events/final/end", {})).json.end).toMatchObject({ lastNumber: 4096 });
  });

  test("ends without a number when nothing was published", async () => {
    await call("POST", "/v1/events", { id: "empty" });
    expect((await call("POST", "/v1/events/empty/end")).json.end).toMatchObject({ lastNumber: null });
    expect((await storedEvent("empty")).end?.lastNumber).toBe(-1);
  });

  test("its start may move until something is published", async () => {
    await call("POST", "/v1/events", { id: "start", startNumber: 7 });
    expect((await call("PATCH", "/v1/events/start", { startNumber: 9 })).json.startNumber).toBe(9);
    await publish("start", "720p", 9);
    expect(await call("PATCH", "/v1/events/start", { startNumber: 8 })).toMatchObject({
      status: 422,
      json: { field: "startNumber" },
    });
  });

  test("a new token, with the one before valid for a while", async () => {
    const created = (await call("POST", "/v1/events", { id: "keys" })).json.pipelines[0];
    const rotated = await call("POST", "/v1/events/keys/tokens", { pipeline: "a", overlapMs: 60_000 });
    expect(rotated.status).toBe(201);
    expect(Object.keys(rotated.json)).toEqual(["pipeline", "publishUrl", "publishToken", "previousValidUntil"]);
    const untilMs = Date.parse(rotated.json.previousValidUntil);
    const pipeline = (await storedEvent("keys")).pipelines[0]!;
    expect(tokenMatches(pipeline, rotated.json.publishToken, untilMs + 1)).toBe(true);
    expect(tokenMatches(pipeline, created.publishToken, untilMs - 1)).toBe(true);
    expect(tokenMatches(pipeline, created.publishToken, untilMs)).toBe(false);
    expect(await call("POST", "/v1/events/keys/tokens", { pipeline: "z" })).toMatchObject({
      status: 422,
      json: { field: "pipeline" },
    });
    expect((await call("POST", "/v1/events/nothing/tokens", { pipeline: "a" })).status).toBe(404);
  });

  test("of two creations at the same instant one wins", async () => {
    const answers = await Promise.all([1, 2, 3].map(() => call("POST", "/v1/events", { id: "race" })));
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409, 409]);
  });
});

describe("masks", () => {
  const pipelines = [{ id: "a" }, { id: "b" }];

  test("add up, are listed in their order with who made them, and are removed one by one", async () => {
    await call("POST", "/v1/events", { id: "cover", pipelines });
    expect((await call("GET", "/v1/events/cover/masks")).json).toEqual({ masks: [] });
    const sentMs = Date.now();
    const first = await call("POST", "/v1/events/cover/masks", { pipeline: "a", from: 3, to: null });
    expect(first.status).toBe(201);
    expect(Date.now() - sentMs).toBeGreaterThanOrEqual(1000);
    expect(first.json).toEqual({
      id: expect.any(String),
      pipeline: "a",
      from: 3,
      to: null,
      createdAt: expect.any(String),
      by: "bob",
      confirmedBy: [],
    });
    const wanted = { pipeline: "b", rendition: "720p", from: 0, to: 0 };
    const second = await call("POST", "/v1/events/cover/masks", wanted, `Bearer another-${OPERATOR}`);
    expect(second).toMatchObject({ status: 201, json: { ...wanted, by: "alice" } });
    const path = (id: string) => `/v1/events/cover/masks/${id}`;
    expect((await call("GET", "/v1/events/cover/masks")).json).toEqual({ masks: [first.json, second.json] });
    expect(await call("DELETE", path(first.json.id))).toMatchObject({ status: 204, text: "" });
    expect(await call("DELETE", path(first.json.id))).toMatchObject({ status: 404, json: { code: "unknown-mask" } });
    expect((await call("GET", "/v1/events/cover/masks")).json).toEqual({ masks: [second.json] });
  });

  test("of an event made again are its own", async () => {
    await call("POST", "/v1/events", { id: "again" });
    await call("POST", "/v1/events/again/masks", { pipeline: "a", from: 0, to: 9 });
    await call("DELETE", "/v1/events/again");
    await call("POST", "/v1/events", { id: "again" });
    expect((await call("GET", "/v1/events/again/masks")).json).toEqual({ masks: [] });
  });

  test.each([
    ["pipeline", { from: 0, to: 0 }],
    ["pipeline", { pipeline: "z", from: 0, to: 0 }],
    ["rendition", { pipeline: "a", rendition: "../x", from: 0, to: 0 }],
    ["rendition", { pipeline: "a", rendition: "1080p", from: 0, to: 0 }],
    ["from", { pipeline: "a", to: 0 }],
    ["from", { pipeline: "a", from: -1, to: 0 }],
    ["from", { pipeline: "a", from: "0", to: 0 }],
    ["to", { pipeline: "a", from: 0 }],
    ["to", { pipeline: "a", from: 0, to: 1.5 }],
    ["to", { pipeline: "a", from: 2, to: 1 }],
    ["region", { pipeline: "a", from: 0, to: 0, region: "west" }],
  ])("422 names %s in %j", async (field, mask) => {
    await call("POST", "/v1/events", { id: "strict", pipelines, renditions: ["720p"] });
    const answer = await call("POST", "/v1/events/strict/masks", mask);
    expect(answer).toMatchObject({ status: 422, json: { code: "invalid-field", field } });
  });
});

describe("what is wrong with a feed, in plain words", () => {
  test("before anything has come, and when segments last too long", async () => {
    await call("POST", "/v1/events", { id: "feed", renditions: ["720p"] });
    const before = await call("GET", "/v1/events/feed/diagnosis");
    expect(before).toMatchObject({
      status: 200,
      json: { findings: [{ severity: "info", code: "nothing-published" }] },
    });
    expect(Math.abs(Date.parse(before.json.at) - Date.now())).toBeLessThan(10_000);
    const nowMs = Date.now();
    for (const n of [0, 1, 2]) {
      await publish("feed", "720p", n, { stampMs: nowMs - (2 - n) * 8333, durationMs: 8333, latenessMs: 0 });
    }
    await new Promise((resolve) => setTimeout(resolve, 300));
    const { json } = await call("GET", "/v1/events/feed/diagnosis");
    expect(json.findings).toEqual([
      {
        severity: "warning",
        code: "segment-duration",
        rendition: "720p",
        pipeline: "a",
        message: expect.stringContaining(
          "720p: segments last 8.3 s, the event expects 2.0 s: set the keyframe interval",
        ),
      },
    ]);
  });
});

describe("refusals", () => {
  const bearer = (token: string) => `Bearer ${token}`;
  const big = JSON.stringify({ id: "x".repeat(65 * 1024) });

  test.each<[number, string, string, string, unknown?, string?]>([
    [401, "no token", "GET", "/v1/events", undefined, ""],
    [401, "no token, before anything else", "POST", "/v1/nothing", "{", ""],
    [401, "an unknown token", "GET", "/v1/events", undefined, bearer("nobody-knows-this-token")],
    [401, "Basic", "GET", "/v1/events", undefined, `Basic ${btoa(`bob:${OPERATOR}`)}`],
    [403, "a CDN's token", "GET", "/v1/events", undefined, bearer(READER)],
    [200, "the scheme in small letters", "GET", "/v1/events", undefined, `bearer ${OPERATOR}`],
    [200, "another operator", "GET", "/v1/events", undefined, bearer(`another-${OPERATOR}`)],
    [400, "not JSON", "POST", "/v1/events", '{"id":'],
    [400, "nothing", "POST", "/v1/events"],
    [400, "nothing to change", "PATCH", "/v1/events/race"],
    [413, "too much", "POST", "/v1/events", big],
    [422, "no object", "POST", "/v1/events", "[]"],
    [422, "a wrong field", "POST", "/v1/events", { id: "derby", holdMs: 9000 }],
    [422, "an unknown field", "POST", "/v1/events/race/version", { to: 7 }],
    [404, "an unknown event", "GET", "/v1/events/nothing"],
    [404, "a broken percent sign", "GET", "/v1/events/%E0%A4"],
    [404, "the feed of an unknown event", "GET", "/v1/events/nothing/diagnosis"],
    [401, "a feed, without a token", "GET", "/v1/events/race/diagnosis", undefined, ""],
    [405, "a feed, to be changed", "POST", "/v1/events/race/diagnosis", {}],
    [404, "an unknown call", "GET", "/v1/nothing"],
    [404, "a capability there is not", "GET", "/v1/events/race/invalidations"],
    [404, "no page", "GET", "/nothing"],
    [404, "no file outside the pages", "GET", "/..%2fpackage.json"],
    [405, "all events", "PUT", "/v1/events"],
    [405, "one event", "POST", "/v1/events/race"],
    [405, "its end", "GET", "/v1/events/race/end"],
    [400, "no mask", "POST", "/v1/events/race/masks"],
    [404, "a mask of an unknown event", "POST", "/v1/events/nothing/masks", { pipeline: "a", from: 0, to: 0 }],
    [404, "an unknown mask", "DELETE", "/v1/events/race/masks/nothing"],
    [405, "one mask", "GET", "/v1/events/race/masks/nothing"],
    [405, "all masks", "DELETE", "/v1/events/race/masks"],
    [401, "masks, without a token", "GET", "/v1/events/race/masks", undefined, ""],
    [405, "the page", "POST", "/"],
    [405, "what it plays", "POST", "/player.json"],
  ])("%i for %s", async (status, _what, method, path, ...rest) => {
    const answer = await call(method, path, ...rest);
    expect(answer.status).toBe(status);
    if (status === 200) return;
    expect(answer.headers.get("content-type")).toBe("application/problem+json");
    expect(answer.json).toMatchObject({ status, code: expect.any(String), title: expect.any(String) });
    if (status === 401) expect(answer.headers.get("www-authenticate")).toMatch(/^Bearer/);
    if (status === 405) expect(answer.headers.get("allow")).toMatch(/^(?:[A-Z]+, )*[A-Z]+$/);
    expect(answer.text.length).toBeLessThan(500);
  });

  test("403 for a publish token, the former one too", async () => {
    const before = (await call("POST", "/v1/events", { id: "kind" })).json.pipelines[0].publishToken;
    const after = (await call("POST", "/v1/events/kind/tokens", { pipeline: "a" })).json.publishToken;
    for (const token of [before, after]) {
      expect((await call("DELETE", "/v1/events/kind", undefined, bearer(token))).status).toBe(403);
    }
  });

  test("403 and 409 say what is wrong in a code", async () => {
    expect(await call("POST", "/v1/events", { id: "race" })).toMatchObject({ status: 409, json: { code: "id-taken" } });
    expect((await call("GET", "/v1/events", undefined, bearer(READER))).json.code).toBe("wrong-kind-of-token");
  });

  test("without the store: what is known is read, changes are answered 503", async () => {
    let down = false;
    const failing = await Control.start((stores) => {
      const up = () => {
        if (down) throw new KvError("unavailable", "gone");
        return stores.kv;
      };
      const kv: typeof stores.kv = {
        put: async (...args) => up().put(...args),
        putIfAbsent: async (...args) => up().putIfAbsent(...args),
        range: async (...args) => up().range(...args),
        stage: (...args) => up().stage(...args),
        readChunk: async (...args) => up().readChunk(...args),
      };
      return { ...stores, kv };
    });
    try {
      await failing.call("POST", "/v1/events", { id: "known" });
      down = true;
      const change = await failing.call("PATCH", "/v1/events/known", { holdMs: 1 });
      expect(change).toMatchObject({ status: 503, json: { code: "store-unavailable" } });
      expect(change.headers.get("retry-after")).toBe("1");
      expect(await failing.call("GET", "/v1/events/known")).toMatchObject({ status: 200, json: { holdMs: 4000 } });
      await new Promise((resolve) => setTimeout(resolve, 300));
      await failing.call("GET", "/v1/events/known");
      expect(failing.running.notReady()).toEqual(["the store does not answer"]);
      expect(await failing.metrics.registry.metrics()).toContain("headwater_control_stale 1");
      down = false;
      await new Promise((resolve) => setTimeout(resolve, 300));
      await failing.call("GET", "/v1/events/known");
      expect(failing.running.notReady()).toEqual([]);
    } finally {
      await failing.close();
    }
  });
});

describe("the dashboard, open to who reaches it", () => {
  test.each([
    ["/", "text/html"],
    ["/app.js", "text/javascript"],
    ["/player.js", "text/javascript"],
    ["/commands.js", "text/javascript"],
    ["/findings.js", "text/javascript"],
    ["/style.css", "text/css"],
    ["/hls.min.js", "text/javascript"],
    ["/favicon.ico", "image/svg+xml"],
  ])("%s", async (path, type) => {
    const answer = await call("GET", path, undefined, "");
    expect(answer.status).toBe(200);
    expect(answer.headers.get("content-type")).toContain(type);
    expect(answer.headers.get("content-security-policy")).toContain("connect-src 'self' http://127.0.0.1:7102;");
    expect(answer.headers.get("x-powered-by")).toBeNull();
  });

  test("its page names nothing from elsewhere", async () => {
    expect((await call("GET", "/", undefined, "")).text).not.toMatch(/(?:src|href)="(?!\/[^/])[^"]+"/);
  });

  test("/player.json tells what to play and where to push, and no secret", async () => {
    await call("POST", "/v1/events", { id: "show" });
    const { json, text } = await call("GET", "/player.json", undefined, "");
    expect(json).toMatchObject({ originUrl: "http://127.0.0.1:7102", readersNeedToken: true });
    expect(json.events).toContainEqual({
      id: "show",
      state: "live",
      masterUrl: "http://127.0.0.1:7102/live/show/master.m3u8",
      pipelines: [{ id: "a", publishUrl: "http://127.0.0.1:7101/publish/show/a/" }],
      findings: expect.any(Array),
    });
    expect(text).not.toMatch(/publishToken|sha256|uid/);
    await call("POST", "/v1/events/show/end");
    const after = (await call("GET", "/player.json", undefined, "")).json.events;
    expect(after.find((event: { id: string }) => event.id === "show").state).toBe("ended");
  });

  test("a path that climbs out of the page's folder is not found", async () => {
    const status = await new Promise<number | undefined>((resolve, reject) => {
      const { hostname, port } = new URL(control.url);
      request({ hostname, port, path: "/../package.json" }, (res) => {
        res.resume();
        resolve(res.statusCode);
      })
        .on("error", reject)
        .end();
    });
    expect(status).toBe(404);
  });
});
