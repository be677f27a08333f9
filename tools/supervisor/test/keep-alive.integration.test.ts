import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { type KeptChild, keepAlive } from "../keep-alive.ts";

const CHILD = join(import.meta.dirname, "fixtures", "tiny-child.mjs");
let dir: string;
let lines: string[];
let kept: KeptChild | undefined;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "headwater-keep-alive-"));
  lines = [];
});

afterEach(async () => {
  await kept?.stop(0);
  rmSync(dir, { recursive: true });
});

function keep(mode: string, command = process.execPath): KeptChild {
  const args = [CHILD, join(dir, "starts"), mode];
  kept = keepAlive({ name: "tiny", command, args, env: process.env, ipc: false }, (line) => lines.push(line));
  return kept;
}

function startedAt(): number[] {
  try {
    return readFileSync(join(dir, "starts"), "utf8").trim().split("\n").map(Number);
  } catch {
    return [];
  }
}

async function until(condition: () => boolean): Promise<void> {
  const deadline = Date.now() + 15_000;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error(`waited in vain; ${JSON.stringify({ lines, starts: startedAt() })}`);
    await sleep(10);
  }
}

describe("a kept child", () => {
  test("that ends at once is started again at once, then after 0.5 s, 1 s, …", async () => {
    keep("end");
    await until(() => startedAt().length === 4);
    const starts = startedAt();
    const gaps = starts.slice(1).map((at, i) => at - (starts[i] as number));
    expect(gaps[1]).toBeGreaterThan(490);
    expect(gaps[2]).toBeGreaterThan(990);
    expect(lines.slice(0, 3)).toEqual([
      "tiny ended (exit code 0); starting it again at once",
      "tiny ended (exit code 0); starting it again in 0.5 s",
      "tiny ended (exit code 0); starting it again in 1 s",
    ]);
  });

  test("that is killed has another pid at once", async () => {
    const child = keep("stay");
    await until(() => startedAt().length === 1);
    const pid = child.pid() as number;
    process.kill(pid, "SIGKILL");
    await until(() => startedAt().length === 2);
    expect(child.pid()).not.toBe(pid);
    expect(lines).toEqual(["tiny ended (SIGKILL); starting it again at once"]);
  });

  test("that is stopped stays so, even between two lives", async () => {
    const child = keep("stay");
    await until(() => startedAt().length === 1);
    await child.stop(5_000);
    expect([child.pid(), lines]).toEqual([undefined, []]);

    const dying = keep("end");
    await until(() => lines.length === 2);
    await dying.stop(5_000);
    const starts = startedAt().length;
    await sleep(700);
    expect(startedAt().length).toBe(starts);
  });

  test("that does not heed SIGTERM is killed after the grace", async () => {
    const child = keep("stubborn");
    await until(() => startedAt().length === 1);
    await sleep(200);
    const before = Date.now();
    await child.stop(300);
    expect(Date.now() - before).toBeGreaterThanOrEqual(295);
    expect(child.pid()).toBeUndefined();
  });

  test("whose program is not there is tried again too", async () => {
    keep("stay", join(dir, "missing"));
    await until(() => lines.length === 2);
    expect(lines[1]).toMatch(/^tiny ended \(.*ENOENT\); starting it again in 0\.5 s$/);
  });
});
