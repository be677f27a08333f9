import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { freePort } from "@headwater/infra";
import { afterAll, afterEach, describe, expect, test } from "@jest/globals";

const TOOLS = join(import.meta.dirname, "..");
const dataDir = mkdtempSync(join(tmpdir(), "headwater-supervisor-"));
const started: ChildProcess[] = [];

type Ready = {
  urls: { control: string; admin: Record<string, string[]> };
  token: string;
  event: { publishUrl: string; publishToken: string };
  pids: Record<"publisher" | "origin" | "control" | "worker", number[]>;
};

afterEach(async () => {
  // SIGKILL would do as well: the services end by themselves when their supervisor is gone.
  const running = started.splice(0).filter((child) => child.exitCode === null && child.signalCode === null);
  await Promise.all(
    running.map((child) => {
      child.kill("SIGTERM");
      return once(child, "exit");
    }),
  );
});
afterAll(() => rmSync(dataDir, { recursive: true, force: true }));

async function environment(): Promise<Record<string, string>> {
  const env: Record<string, string> = {
    PATH: process.env.PATH ?? "",
    HEADWATER_DATA_DIR: dataDir,
    HEADWATER_DRAIN_DELAY_MS: "100",
    HEADWATER_LOG_LEVEL: "warn",
  };
  for (const service of ["PUBLISHER", "ORIGIN", "CONTROL", "WORKER"]) {
    if (service !== "WORKER") env[`HEADWATER_${service}_LISTEN`] = `127.0.0.1:${await freePort(0)}`;
    env[`HEADWATER_${service}_ADMIN_LISTEN`] = `127.0.0.1:${await freePort(0)}`;
  }
  return env;
}

function run(script: string, env: Record<string, string>, ...args: string[]) {
  const child = spawn(process.execPath, [join(TOOLS, script), ...args], { env, stdio: ["ignore", "pipe", "pipe"] });
  started.push(child);
  const written = { out: "", err: "" };
  child.stdout.on("data", (chunk) => (written.out += chunk));
  child.stderr.on("data", (chunk) => (written.err += chunk));
  return { child, written };
}

async function until<T>(
  what: string,
  ask: () => T | undefined | Promise<T | undefined>,
  timeoutMs = 15_000,
): Promise<T> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined && answer !== false) return answer;
    if (Date.now() > deadline) throw new Error(`waited in vain for ${what}`);
    await sleep(50);
  }
}

async function startReady(env: Record<string, string>) {
  const { child, written } = run("main.ts", env);
  const line = await until(
    `the line "headwater ready"; ${written.err}`,
    () => /^headwater ready (.+)$/m.exec(written.out)?.[1],
  );
  return { child, written, ready: JSON.parse(line) as Ready };
}

async function healthy(adminUrl: string | undefined): Promise<number | undefined> {
  const answer = await fetch(`${adminUrl}/readyz`).catch(() => undefined);
  if (!answer?.ok) return undefined;
  return ((await (await fetch(`${adminUrl}/healthz`)).json()) as { pid: number }).pid;
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

async function probe({ publishUrl, publishToken }: Ready["event"]): Promise<number> {
  const headers = { Authorization: `Bearer ${publishToken}`, "Content-Length": "0" };
  return (await fetch(`${publishUrl.replace(/\/$/, "")}/probe`, { method: "PUT", headers })).status;
}

describe("npm start", () => {
  test("runs the four, keeps them alive, keeps its tokens, and ends them all", async () => {
    const env = await environment();
    const first = await startReady(env);
    const { ready, child, written } = first;
    expect(
      Object.values(ready.pids)
        .flat()
        .every((pid) => typeof pid !== "number" || isAlive(pid)),
    ).toBe(true);
    expect(written.out).toMatch(/^ffmpeg .*Authorization: Bearer /m);
    const events = await fetch(`${ready.urls.control}/v1/events`, {
      headers: { Authorization: `Bearer ${ready.token}` },
    });
    expect(await events.text()).toContain('"demo"');
    expect(await probe(ready.event)).toBe(204);

    const [publisher] = ready.pids.publisher as [number];
    process.kill(publisher, "SIGKILL");
    const adminUrl = ready.urls.admin.publisher?.[0];
    expect(await until("another publisher", () => healthy(adminUrl))).not.toBe(publisher);
    expect(written.err).toContain("headwater: publisher ended (SIGKILL); starting it again at once");

    const stopped = Date.now();
    child.kill("SIGINT");
    child.kill("SIGINT");
    expect((await once(child, "exit"))[0]).toBe(0);
    expect(Date.now() - stopped).toBeLessThan(15_000);
    expect([...ready.pids.origin, ...ready.pids.control, ...ready.pids.worker].filter(isAlive)).toEqual([]);
    expect(await healthy(adminUrl)).toBeUndefined();

    const again = await startReady(env);
    expect([again.ready.token, again.ready.event]).toEqual([ready.token, ready.event]);
    rmSync(join(dataDir, "demo-publish-token"));
    again.child.kill("SIGTERM");
    await once(again.child, "exit");

    const rotated = await startReady(env);
    expect(rotated.ready.event.publishToken).not.toBe(ready.event.publishToken);
    expect(await probe(rotated.ready.event)).toBe(204);
  });

  test("is joined by one more origin, with the same settings, and leaves nobody behind when it is killed", async () => {
    const env = await environment();
    const { ready, child } = await startReady(env);
    const origin = ready.urls.admin.origin?.[0] as string;
    const more = run("service.ts", { PATH: env.PATH as string, HEADWATER_DATA_DIR: dataDir }, "origin");
    const second = origin.replace(/\d+$/, (port) => String(Number(port) + 10));
    const pid = await until("one more origin", () => healthy(second));

    child.kill("SIGKILL");
    await until("the end of the orphans", () =>
      Object.values(ready.pids).flat().slice(1).some(isAlive) ? undefined : true,
    );
    expect(isAlive(pid)).toBe(true);
    more.child.kill("SIGTERM");
    expect((await once(more.child, "exit"))[0]).toBe(0);
    expect(isAlive(pid)).toBe(false);
  });

  test("does not start with a wrong setting: one sentence", async () => {
    const { child, written } = run("main.ts", { ...(await environment()), HEADWATER_HOLDS_MAX: "many" });
    expect((await once(child, "close"))[0]).toBe(1);
    expect([written.out, written.err]).toEqual([
      "",
      'headwater: HEADWATER_HOLDS_MAX is "many", but must be a whole number from 0 to 1000000 (requests).\n',
    ]);
  });
});
