import { KvError } from "@headwater/kv";
import { PlaylistError } from "@headwater/playlists";
import { newPublishToken } from "@headwater/segment-store/events";
import { ProblemError } from "@headwater/service-kit";
import { describe, expect, test } from "@jest/globals";
import { mayPublish, readCredentials } from "../src/auth.ts";
import { BodyError } from "../src/body.ts";
import { conflict, countedAs, outsideTemplate, refusalOf, STATUS } from "../src/outcome.ts";
import { objectName, objectPath, parseTarget } from "../src/target.ts";

const basic = (text: string) => `Basic ${Buffer.from(text).toString("base64")}`;

describe("target", () => {
  const named: [url: string, name: string][] = [
    ["/publish/derby/a/720p/42.m4s", "720p/42.m4s"],
    ["/publish/derby/a/720p/seg-00042.ts?x=1", "720p/seg-00042.ts"],
    ["http://host:1/publish/derby/a/720p/42.m4s", "720p/42.m4s"],
    ["/publish/derby/a/Streams(video.cmfv)", "Streams(video.cmfv)"],
    ["/publish/derby/a/Streams%28video.cmfv%29", "Streams(video.cmfv)"],
    ["/publish/derby/a/a%20b.ts", "a b.ts"],
    ["/publish/derby/a?cid=1&copy=0&file=index0.ts", "index0.ts"],
    ["/publish/derby/a/?file=index0.ts", "index0.ts"],
    ["/publish/derby/a/720p/upload?cid=1&file=7.ts", "720p/7.ts"],
    ["/publish/derby/a/7.ts?file=", "7.ts"],
    ["/publish/derby/a/", ""],
  ];
  test.each(named)("%s", (url, name) => {
    const target = parseTarget(url)!;
    expect(target).toMatchObject({ event: "derby", pipeline: "a" });
    expect(objectName(target)).toBe(name);
  });

  test.each(["/", "/publish/derby", "/publish//derby/a/1.ts", "//publish/derby/a/1.ts", "/live/derby/a/1.ts", "*", ""])(
    "%s is no publish URL",
    (url) => expect(parseTarget(url)).toBeUndefined(),
  );

  const refused: [rest: string, status: number][] = [
    ["../b/1.ts", 400],
    ["720p/../1.ts", 400],
    ["720p/./1.ts", 400],
    ["720p/%2e%2e/1.ts", 400],
    ["720p%2f1.ts", 400],
    ["720p%5c1.ts", 400],
    ["720p\\1.ts", 400],
    ["720p/1%00.ts", 400],
    ["720p/1%0d%0a.ts", 400],
    ["720p/1\u0000.ts", 400],
    ["720p//1.ts", 400],
    ["/720p/1.ts", 400],
    ["720p/", 400],
    ["720p/%", 400],
    ["720p/%zz.ts", 400],
    ["720p/%ff.ts", 400],
    ["720p/%252e.ts", 400],
    ["720p/ü.ts", 400],
    ["a/b/c/d/e/1.ts", 400],
    ["720p/.1.ts", 400],
    ["upload?file=../1.ts", 400],
    ["upload?file=%2e%2e/1.ts", 400],
    ["720p/1.exe", 415],
    ["720p/1", 415],
    ["720p/1.m4s.tmp", 415],
    [`${"x".repeat(600)}.ts`, 414],
    [`${"x/".repeat(4096)}1.ts`, 414],
    [`upload?file=${"x".repeat(8192)}.ts`, 414],
  ];
  test.each(refused)("%p is refused with %i", (rest, status) => {
    const read = () => objectPath(objectName(parseTarget(`/publish/derby/a/${rest}`)!));
    expect(read).toThrow(expect.objectContaining({ status }));
    expect(read).toThrow(ProblemError);
  });
});

describe("credentials", () => {
  const rows: [header: string | undefined, credentials: object | undefined][] = [
    ["Bearer abc", { token: "abc" }],
    ["bearer abc", { token: "abc" }],
    [basic("a:abc"), { user: "a", token: "abc" }],
    [basic("a:b:c"), { user: "a", token: "b:c" }],
    [basic("a:"), { user: "a", token: "" }],
    [basic("abc"), undefined],
    ["Bearer", undefined],
    ["Bearer a b", undefined],
    ['Digest username="a"', undefined],
    ["", undefined],
    [undefined, undefined],
  ];
  test.each(rows)("%p", (header, credentials) => expect(readCredentials(header)).toEqual(credentials));

  test("open the pipeline with its token, under its own name, until the token ends", () => {
    const { token, sha256 } = newPublishToken();
    const former = newPublishToken();
    const tokens = [{ sha256 }, { sha256: former.sha256, validUntilMs: 1000 }];
    const pipeline = { id: "a", region: "west", tokens };
    expect(mayPublish(pipeline, { token }, 5000)).toBe(true);
    expect(mayPublish(pipeline, { user: "a", token }, 5000)).toBe(true);
    expect(mayPublish(pipeline, { user: "b", token }, 5000)).toBe(false);
    expect(mayPublish(pipeline, { token: "other" }, 0)).toBe(false);
    expect(mayPublish(pipeline, { token: former.token }, 999)).toBe(true);
    expect(mayPublish(pipeline, { token: former.token }, 1000)).toBe(false);
  });
});

describe("outcome", () => {
  test("what is taken", () => expect(STATUS).toEqual({ stored: 201, same: 200, replaced: 200, none: 204 }));

  const rows: [error: unknown, status: number, code: string, counted: string][] = [
    [new KvError("unavailable", "node 10.0.0.1 is down"), 503, "store-unavailable", "failed"],
    [new KvError("clock", "off by 3 s"), 503, "store-clock", "failed"],
    [new KvError("full", "/data is full"), 507, "store-full", "failed"],
    [new BodyError("cut-short", "cut"), 400, "cut-short", "aborted"],
    [new BodyError("timeout", "late"), 408, "timeout", "aborted"],
    [new BodyError("too-large", "big"), 413, "too-large", "refused"],
    [new PlaylistError("too-large", "Too long."), 413, "too-large", "refused"],
    [new PlaylistError("not-a-playlist", "No."), 422, "not-a-playlist", "refused"],
    [new PlaylistError("malformed", "Bad."), 422, "malformed", "refused"],
    [conflict(), 409, "conflict", "conflict"],
    [outsideTemplate({ first: 1, last: 2 }), 409, "outside-template", "refused"],
    [new Error("secret"), 500, "internal", "failed"],
  ];
  test.each(rows)("%p: %i %s", (error, status, code, counted) => {
    const { problem, headers } = refusalOf(error);
    expect(problem).toMatchObject({ status, code });
    expect(problem.message).not.toMatch(/10\.0\.0\.1|\/data|secret/);
    expect(headers).toEqual(status === 503 || status === 507 ? { "Retry-After": "1" } : {});
    expect(countedAs(problem)).toBe(counted);
  });
});
