import { SettingsError } from "@headwater/service-kit";
import { describe, expect, test } from "@jest/globals";
import { Backoff } from "../backoff.ts";
import { parseEnv } from "../cluster.ts";
import { encoderArgs, shellLine } from "../ffmpeg.ts";
import { serviceProcess, serviceProcesses } from "../services.ts";

const EVENT = { pipeline: "a", publishUrl: "http://127.0.0.1:7101/publish/demo/a", publishToken: "t0ken" };

describe("backoff", () => {
  test("at once, then 0.5 s … 10 s while it lives under 5 s", () => {
    const backoff = new Backoff();
    const delays = Array.from({ length: 8 }, () => backoff.next(100));
    expect(delays).toEqual([0, 500, 1000, 2000, 4000, 8000, 10_000, 10_000]);
  });

  test("a life of 5 s begins anew", () => {
    const backoff = new Backoff();
    expect([4999, 4999, 5000, 10, 10, 60_000].map((livedMs) => backoff.next(livedMs))).toEqual([
      0, 500, 0, 500, 1000, 0,
    ]);
  });
});

describe("processes", () => {
  test("one of each kind, or as many as asked for, ten admin ports apart", () => {
    const env = { HEADWATER_OPERATOR_TOKEN: "x", HEADWATER_ORIGIN_PROCESSES: "3" };
    expect(serviceProcesses(env).map(({ name, adminUrl }) => `${name} ${adminUrl}`)).toEqual([
      "publisher http://127.0.0.1:7111",
      "origin http://127.0.0.1:7112",
      "origin 2 http://127.0.0.1:7122",
      "origin 3 http://127.0.0.1:7132",
      "control http://127.0.0.1:7113",
      "worker http://127.0.0.1:7114",
    ]);
    expect(serviceProcesses(env)[3]?.env).toEqual({ ...env, HEADWATER_PROCESS_INDEX: "2" });
  });

  test("settings are checked before anything starts", () => {
    const check = (env: Record<string, string>) => () => serviceProcesses({ HEADWATER_OPERATOR_TOKEN: "x", ...env });
    expect(check({ HEADWATER_ORIGIN_LISTEN: "0.0.0.0:7102" })).toThrow(SettingsError);
    expect(check({ HEADWATER_WORKER_ADMIN_LISTEN: "127.0.0.1:0" })).toThrow(/WORKER_ADMIN_LISTEN has port "0"/);
    expect(() => serviceProcess("control", 0, {})).toThrow(/HEADWATER_OPERATOR_TOKENS/);
  });
});

test("the stack's settings are KEY=value lines", () => {
  expect(parseEnv("# stack\nA=1\n\nB=a=h:1;b=h:2\n")).toEqual({ A: "1", B: "a=h:1;b=h:2" });
});

describe("the encoder's command", () => {
  test("can be pasted into any shell", () => {
    const line = shellLine("ffmpeg", encoderArgs(EVENT, { outlivePublisher: true }));
    expect(line).toMatch(/^ffmpeg -hide_banner /);
    expect(line).toContain("-method PUT -headers 'Authorization: Bearer t0ken' -ignore_io_errors 1 ");
    expect(line).toContain("-hls_segment_filename http://127.0.0.1:7101/publish/demo/a/720p/%d.m4s ");
    expect(line).toMatch(/ http:\/\/127\.0\.0\.1:7101\/publish\/demo\/a\/720p\/index\.m3u8$/);
    expect(shellLine("echo", ["it's", "", "a b"])).toBe(`echo 'it'\\''s' '' 'a b'`);
  });

  test("logs in with pipeline and token where ffmpeg cannot send a header", () => {
    const args = encoderArgs(EVENT, { outlivePublisher: false, basic: true });
    expect(args.at(-1)).toBe("http://a:t0ken@127.0.0.1:7101/publish/demo/a/720p/index.m3u8");
    expect(args).not.toContain("-headers");
    expect(args).not.toContain("-ignore_io_errors");
  });
});
