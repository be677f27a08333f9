import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { Agent, get, type IncomingMessage } from "node:http";
import { connect, createServer } from "node:net";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "@jest/globals";

const SERVICE = join(import.meta.dirname, "fixtures", "tiny-service.ts");
const DATA_PORT = 17_302;
const ADMIN_PORT = 17_312;

type Service = { child: ChildProcess; ended: Promise<number | null>; output: () => string };
const started: ChildProcess[] = [];

afterEach(() => {
  for (const child of started.splice(0)) child.kill("SIGKILL");
});

function start(env: Record<string, string> = {}): Service {
  const child = fork(SERVICE, {
    env: {
      PATH: process.env.PATH,
      HEADWATER_ORIGIN_LISTEN: `127.0.0.1:${DATA_PORT}`,
      HEADWATER_ORIGIN_ADMIN_LISTEN: `127.0.0.1:${ADMIN_PORT}`,
      HEADWATER_DRAIN_DELAY_MS: "300",
      ...env,
    },
    execArgv: [],
    stdio: ["ignore", "pipe", "pipe", "ipc"],
  });
  started.push(child);
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream?.on("data", (chunk) => (output += chunk));
  return { child, ended: once(child, "exit").then(([code]) => code), output: () => output };
}

async function ask(port: number, path: string, agent?: Agent): Promise<IncomingMessage & { body: string }> {
  const request = get({ host: "127.0.0.1", port, path, agent });
  const [res] = (await once(request, "response")) as [IncomingMessage];
  return Object.assign(res, { body: await text(res) });
}

const startReady = (env: Record<string, string> = {}) => startAnswering(200, env);

/** Resolves when its /readyz has that status. */
async function startAnswering(status: number, env: Record<string, string>): Promise<Service> {
  const service = start(env);
  await untilReadyz(status).catch((error) => Promise.reject(new Error(`${error.message}: ${service.output()}`)));
  return service;
}

async function untilReadyz(wanted: number, port = ADMIN_PORT): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    const status = await ask(port, "/readyz").then(
      (res) => res.statusCode,
      () => 0,
    );
    if (status === wanted) return;
    await sleep(25);
  }
  throw new Error(`/readyz is not ${wanted}`);
}

describe("a service", () => {
  /** Of one with a request that never ends, which takes ten seconds to stop, beside the other tests. */
  let stuck: Promise<{ readonly exitCode: number | null; readonly tookMs: number; readonly answer: unknown }>;
  let stopping: ChildProcess;
  beforeAll(async () => {
    const [dataPort, adminPort] = [DATA_PORT + 3, ADMIN_PORT + 3];
    const { child, ended } = start({
      HEADWATER_ORIGIN_LISTEN: `127.0.0.1:${dataPort}`,
      HEADWATER_ORIGIN_ADMIN_LISTEN: `127.0.0.1:${adminPort}`,
    });
    stopping = child;
    started.length = 0;
    await untilReadyz(200, adminPort);
    const answer = ask(dataPort, "/stuck").catch((error: NodeJS.ErrnoException) => error.code);
    await sleep(50);
    const fromMs = Date.now();
    child.kill("SIGTERM");
    stuck = ended.then(async (exitCode) => ({ exitCode, tookMs: Date.now() - fromMs, answer: await answer }));
  });
  afterAll(() => void stopping.kill("SIGKILL"));

  test("answers health, readiness and metrics on its admin port, and 404 or 405 otherwise", async () => {
    const { child } = await startReady();
    const health = await ask(ADMIN_PORT, "/healthz");
    expect(JSON.parse(health.body)).toEqual({ service: "origin", pid: child.pid, version: "0.1.0" });
    expect(JSON.parse((await ask(ADMIN_PORT, "/readyz")).body)).toEqual({ ready: true, reasons: [] });
    expect((await ask(ADMIN_PORT, "/metrics")).body).toContain("headwater_holds 0");
    expect((await ask(ADMIN_PORT, "/constructor")).statusCode).toBe(404);
    expect((await fetch(`http://127.0.0.1:${ADMIN_PORT}/readyz`, { method: "POST" })).status).toBe(405);
    expect((await ask(DATA_PORT, "/")).body).toMatch(new RegExp(`^origin-.+-${child.pid}$`));
  });

  test("says why it is not ready while its start has to wait, and is ready then", async () => {
    const { child } = await startAnswering(503, { TINY_WAITS: "1" });
    const reasons = ["starting: the store is not there"];
    expect(JSON.parse((await ask(ADMIN_PORT, "/readyz")).body)).toEqual({ ready: false, reasons });
    expect((await ask(ADMIN_PORT, "/metrics")).body).toContain("headwater_ready 0");
    child.kill("SIGUSR2");
    await untilReadyz(200);
    expect((await ask(ADMIN_PORT, "/metrics")).body).toContain("headwater_ready 1");
  });

  test("drains: 503 at once, the port open with Connection: close, a running request ends, exit 0", async () => {
    const { child, ended, output } = await startReady();
    const agent = new Agent({ keepAlive: true });
    expect((await ask(DATA_PORT, "/", agent)).headers.connection).toBe("keep-alive");
    const slow = ask(DATA_PORT, "/slow");
    await sleep(50);
    child.kill("SIGINT");
    child.kill("SIGINT");
    await sleep(100);
    child.kill("SIGTERM");
    const ready = await ask(ADMIN_PORT, "/readyz");
    expect([ready.statusCode, ready.body]).toEqual([503, '{"ready":false,"reasons":["draining"]}']);
    expect((await ask(DATA_PORT, "/", agent)).headers.connection).toBe("close");
    const answer = await slow;
    expect([answer.statusCode, answer.headers.connection, answer.body]).toEqual([200, "close", "slow, draining: true"]);
    expect(await ended).toBe(0);
    expect(output()).toContain("closed\n");
    agent.destroy();
  });

  test("drains when its parent has gone", async () => {
    const { child, ended } = await startReady();
    child.disconnect();
    expect(await ended).toBe(0);
  });

  test("dies of a rejection that nobody handled, with 1", async () => {
    const { ended, output } = await startReady();
    await ask(DATA_PORT, "/throw").catch(() => undefined);
    expect(await ended).toBe(1);
    expect(output()).toContain("nobody handles this");
  });

  test("does not start with a wrong setting: one sentence, exit 1", async () => {
    const { ended, output } = start({ HEADWATER_HOLDS_MAX: "many" });
    expect(await ended).toBe(1);
    expect(output()).toBe(
      'headwater origin: HEADWATER_HOLDS_MAX is "many", but must be a whole number from 0 to 1000000 (requests).\n',
    );
  });

  test("does not start when its admin port is taken", async () => {
    const other = createServer().listen(ADMIN_PORT, "127.0.0.1");
    await once(other, "listening");
    const { ended, output } = start();
    expect(await ended).toBe(1);
    expect(output()).toContain(`cannot listen on 127.0.0.1:${ADMIN_PORT}: another process listens there`);
    other.close();
  });

  test("shares its data port with another of its kind, ten admin ports on", async () => {
    const first = await startReady();
    const second = start({ HEADWATER_PROCESS_INDEX: "1" });
    const pids = new Set<number>();
    for (let tries = 0; tries < 200 && pids.size < 2; tries++) {
      pids.add(Number((await ask(DATA_PORT, "/", new Agent())).body.split("-").at(-1)));
      await sleep(10);
    }
    expect(pids).toEqual(new Set([first.child.pid, second.child.pid]));
    expect(JSON.parse((await ask(ADMIN_PORT + 10, "/healthz")).body).pid).toBe(second.child.pid);
  });

  test.each([
    ["GARBAGE\r\n\r\n", "HTTP/1.1 400 Bad Request"],
    [`GET / HTTP/1.1\r\nHost: h\r\nX: ${"x".repeat(20_000)}\r\n\r\n`, "HTTP/1.1 431 Request Header Fields Too Large"],
  ])("answers malformed HTTP, never to be kept, and hangs up", async (request, status) => {
    await startReady();
    const socket = connect(DATA_PORT, "127.0.0.1", () => socket.write(request));
    const answer = await text(socket);
    expect(answer).toContain(status);
    expect(answer).toContain("Cache-Control: max-age=0, no-store\r\n");
    expect(answer).toContain("Connection: close\r\n");
  });

  test("cuts a request that never ends, and still exits 0 within 15 s", async () => {
    const { exitCode, tookMs, answer } = await stuck;
    expect([exitCode, answer]).toEqual([0, "ECONNRESET"]);
    expect(tookMs).toBeGreaterThan(9_000);
    expect(tookMs).toBeLessThan(15_000);
  }, 20_000);
});
