import type { ServerResponse } from "node:http";
import { describe, expect, test } from "@jest/globals";
import {
  beginAtZero,
  createLogger,
  createMetrics,
  ManualClock,
  ProblemError,
  problemHandler,
  sendProblem,
  toProblem,
} from "../src/index.ts";

class Answer {
  headersSent = false;
  status = 0;
  headers: Record<string, unknown> = {};
  body: string | undefined;
  destroyed = false;
  readonly req: { method: string };

  constructor(method = "GET") {
    this.req = { method };
  }
  writeHead(status: number, headers: Record<string, unknown>) {
    Object.assign(this, { status, headers, headersSent: true });
  }
  end(body?: Buffer) {
    this.body = body?.toString();
  }
  destroy() {
    this.destroyed = true;
  }
  get res(): ServerResponse {
    return this as unknown as ServerResponse;
  }
}

describe("problems", () => {
  test("are application/problem+json with a code, not to be kept", () => {
    const answer = new Answer();
    sendProblem(answer.res, new ProblemError(409, "outside-template", "Too early", { first: 1, last: 9 }));
    expect(answer).toMatchObject({
      status: 409,
      headers: { "Content-Type": "application/problem+json", "Cache-Control": "max-age=0, no-store" },
      body: '{"status":409,"code":"outside-template","title":"Too early","first":1,"last":9}',
    });
  });

  test("to a HEAD have the length of the body but no body; headers may be given", () => {
    const answer = new Answer("HEAD");
    sendProblem(answer.res, new ProblemError(404, "x", "X"), { "Cache-Control": "max-age=60" });
    expect(answer.body).toBeUndefined();
    expect(answer.headers).toMatchObject({ "Cache-Control": "max-age=60", "Content-Length": 37 });
  });

  test("a 500 never shows its insides, and its cause is reported; after the head the connection is cut", () => {
    const told: unknown[] = [];
    const handle = problemHandler((error) => told.push(error));
    const cause = new Error("password 123");
    const answer = new Answer();
    handle(cause, answer.res.req, answer.res, undefined);
    expect(answer.status).toBe(500);
    expect(answer.body).not.toContain("123");
    handle(cause, answer.res.req, answer.res, undefined);
    expect(answer.destroyed).toBe(true);
    expect(told).toEqual([cause, cause]);
  });

  test.each<[unknown, number, string]>([
    [new ProblemError(503, "store-down", "Later"), 503, "store-down"],
    [Object.assign(new Error("bad json {"), { status: 400, expose: true }), 400, "bad-request"],
    [Object.assign(new Error("x"), { status: 418 }), 500, "internal"],
    [Object.assign(new Error("x"), { status: 502, expose: true }), 500, "internal"],
    [undefined, 500, "internal"],
    ["text", 500, "internal"],
  ])("%s is told as %d %s", (error, status, code) => {
    expect(toProblem(error)).toMatchObject({ status, code });
  });
});

test("the log is JSON lines with service and level, without credentials", () => {
  const lines: string[] = [];
  const logger = createLogger({ service: "origin", logLevel: "info" }, { write: (line) => lines.push(line) });
  logger.debug("not shown");
  logger.info({ token: "hush", req: { headers: { authorization: "hush" } }, edge: { secret: "hush" }, n: 1 }, "hello");
  expect(lines).toHaveLength(1);
  expect(lines[0]).not.toContain("hush");
  expect(JSON.parse(lines[0] as string)).toMatchObject({ level: "info", service: "origin", n: 1, msg: "hello" });
});

test("each service exports the metrics that belong to it, and those of its process", async () => {
  const publisher = createMetrics("publisher");
  publisher.publishTotal.inc({ result: "stored" });
  publisher.publishSeconds.observe(0.012);
  publisher.controlStale.set(1);
  const text = await publisher.registry.metrics();
  expect(text).toContain('headwater_publish_total{result="stored"} 1');
  expect(text).toContain('headwater_publish_total{result="failed"} 0');
  expect(text).toContain('headwater_publish_seconds_bucket{le="0.02"} 1');
  expect(text).toContain("headwater_control_stale 1");
  expect(text).toContain("nodejs_eventloop_lag_p99_seconds");
  expect(text).not.toContain("headwater_holds");

  const origin = createMetrics("origin");
  origin.originRequestsTotal.inc({ decision: "published", status: 200 });
  origin.holds.set(7);
  const originText = await origin.registry.metrics();
  expect(originText).toContain('headwater_origin_requests_total{decision="published",status="200"} 1');
  expect(originText).toContain("headwater_holds 7");
  expect(originText).toContain('headwater_cut_total{reason="pipeline"} 0');
  beginAtZero(origin.zoneReadsTotal, { zone: ["a", "b"], outcome: ["hit"] });
  expect(await origin.registry.metrics()).toContain('headwater_zone_reads_total{zone="b",outcome="hit"} 0');
  expect(originText).not.toContain("headwater_publish");
});

test("a manual clock stands still until told", () => {
  const clock = new ManualClock(1000);
  clock.advance(5);
  expect(clock.nowMs()).toBe(1005);
  clock.set(7);
  expect(clock.nowMs()).toBe(7);
});
