import { mkdtemp, rm } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startControl } from "@headwater/control";
import {
  createLogger,
  createMetrics,
  httpUrl,
  type Metrics,
  type Running,
  readSettings,
  systemClock,
} from "@headwater/service-kit";
import { openStores, type Stores } from "@headwater/stores";

export const OPERATOR = "operator-token-of-sixteen-or-more";
export const READER = "reader-token-of-sixteen-or-more";

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: whatever JSON came
  readonly json: any;
}

/** A control of its own over a fresh local store, on a free port. */
export class Control {
  readonly url: string;
  readonly stores: Stores;
  readonly running: Running;
  readonly metrics: Metrics;
  readonly #dir: string;

  private constructor(dir: string, stores: Stores, running: Running, metrics: Metrics) {
    this.#dir = dir;
    this.stores = stores;
    this.running = running;
    this.metrics = metrics;
    this.url = httpUrl({ host: "127.0.0.1", port: (running.servers[0]!.address() as AddressInfo).port });
  }

  static async start(change: (stores: Stores) => Stores = (stores) => stores): Promise<Control> {
    const dir = await mkdtemp(join(tmpdir(), "headwater-control-"));
    const env = {
      HEADWATER_DATA_DIR: dir,
      HEADWATER_CONTROL_LISTEN: "127.0.0.1:0",
      HEADWATER_OPERATOR_TOKENS: `alice:another-${OPERATOR},bob:${OPERATOR}`,
      HEADWATER_CDN_TOKENS: `edge:${READER}`,
      HEADWATER_REGION: "west",
      HEADWATER_LOG_LEVEL: "silent",
    };
    const settings = readSettings(env, "control");
    const stores = change(await openStores(settings, { writes: true }));
    const metrics = createMetrics("control");
    const context = {
      settings,
      metrics,
      logger: createLogger(settings),
      clock: systemClock,
      processId: "control-test",
      draining: new AbortController().signal,
      waiting: () => {},
    };
    return new Control(dir, stores, await startControl(context, { stores }), metrics);
  }

  /** A call with the operator's token unless `authorization` says otherwise; texts go as they are. */
  async call(method: string, path: string, body?: unknown, authorization = `Bearer ${OPERATOR}`): Promise<Answer> {
    const answer = await fetch(`${this.url}${path}`, {
      method,
      headers: authorization === "" ? {} : { Authorization: authorization },
      ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
    });
    const text = await answer.text();
    const isJson = /json/.test(answer.headers.get("content-type") ?? "") && text !== "";
    return { status: answer.status, headers: answer.headers, text, json: isJson ? JSON.parse(text) : undefined };
  }

  async close(): Promise<void> {
    const [server] = this.running.servers;
    server!.closeAllConnections();
    await new Promise((resolve) => server!.close(resolve));
    await this.running.close();
    await rm(this.#dir, { recursive: true, force: true });
  }
}
