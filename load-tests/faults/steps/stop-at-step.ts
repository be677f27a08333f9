// Given to a publisher by `node --import`, and by nothing else: a PUT whose head asks for it gets as far as a step of its
// write and stays there, or takes the process with it. The publisher itself knows nothing of this: its kv is wrapped.
import { AsyncLocalStorage } from "node:async_hooks";
import { subscribe } from "node:diagnostics_channel";
import { openSync, writeSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as sleep } from "node:timers/promises";
import { CassandraKv } from "@headwater/kv-cassandra";
import { LocalKv } from "@headwater/kv-local";
import { type Ask, askOf, STEPS_FILE, type Step } from "./step.ts";

/** A row is on its way to Cassandra, or there, or on its way back, within this. */
const UNDER_WAY_MS = 4;

type Kv = LocalKv | CassandraKv;
type Staged = ReturnType<Kv["stage"]>;

const file = openSync(process.env[STEPS_FILE]!, "a");
const asking = new AsyncLocalStorage<Ask | undefined>();
/** Set while SQLite is at a row that it must not commit. */
let dyingOf: Ask | undefined;

/** Resolves at once, unless this is where the write stops. */
function reached(ask: Ask | undefined, step: Step): Promise<void> | undefined {
  if (ask?.step !== step) return undefined;
  stop(ask);
  return new Promise(() => {});
}

function stop({ id, isDeadly }: Ask): void {
  writeSync(file, `${id}\n`);
  if (isDeadly) process.kill(process.pid, "SIGKILL");
}

subscribe("http.server.request.start", (message) => {
  const { request, response } = message as { request: IncomingMessage; response: ServerResponse };
  const ask = askOf(request.headers);
  asking.enterWith(ask);
  if (ask?.step === "body") stopInBody(request, ask);
  if (ask?.step === "answer next") stopAnswer(response, ask);
});

/** The client sends no more than these bytes. */
function stopInBody(request: IncomingMessage, ask: Ask): void {
  const { push } = request;
  let sizeBytes = 0;
  request.push = (bytes: Buffer | null, ...rest) => {
    sizeBytes += bytes?.length ?? 0;
    if (sizeBytes >= ask.bodyBytes) stop(ask);
    return push.call(request, bytes, ...rest);
  };
}

function stopAnswer(response: ServerResponse, ask: Ask): void {
  response.writeHead = () => response;
  response.end = () => {
    stop(ask);
    return response;
  };
}

for (const kv of [LocalKv.prototype, CassandraKv.prototype] as Kv[]) {
  const { put, stage } = kv;
  kv.stage = function (namespace, nonce) {
    return stagedByStep(stage.call(this, namespace, nonce), asking.getStore());
  };
  kv.put = async function (namespace, row) {
    const ask = asking.getStore();
    if (namespace === "control") {
      await put.call(this, namespace, row);
      return reached(ask, "leading rows");
    }
    await reached(ask, "row next");
    if (ask?.step === "row under way") return dieUnderWay(ask, () => put.call(this, namespace, row));
    await put.call(this, namespace, row);
    return reached(ask, "row written");
  };
}

function stagedByStep(staged: Staged, ask: Ask | undefined): Staged {
  return {
    async write(n, bytes) {
      await reached(ask, `chunk ${n}`);
      await staged.write(n, bytes);
      await reached(ask, `chunk ${n} stored`);
    },
    async seal() {
      await staged.seal();
      await reached(ask, "sealed");
    },
    abandon: () => staged.abandon(),
  };
}

/** SQLite is left with an open transaction, Cassandra with a statement. */
async function dieUnderWay(ask: Ask, put: () => Promise<void>): Promise<void> {
  dyingOf = ask;
  void put().catch(() => {});
  await sleep(Math.random() * UNDER_WAY_MS);
  stop(ask);
}

const { exec } = DatabaseSync.prototype;
DatabaseSync.prototype.exec = function (sql) {
  if (dyingOf !== undefined && sql === "COMMIT") stop(dyingOf);
  exec.call(this, sql);
};
