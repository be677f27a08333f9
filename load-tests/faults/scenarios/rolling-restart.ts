import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { freePort, type Service, startOriginBeside, startPublisherBeside } from "@headwater/infra";
import { startBalancer } from "../balancer.ts";
import { Live } from "../live.ts";
import type { Fault } from "../scene.ts";
import { ALL_STORES } from "../world.ts";

const START = { origin: startOriginBeside, publisher: startPublisherBeside };
const DRAIN_DELAY_MS = 1_000;
/** When a supervisor kills what has not ended by itself. */
const ENDED_WITHIN_MS = 15_000;
const READY_MS = 30_000;
/** Most of a segment's time is its upload, for which readers wait. */
const TRAFFIC = { durationMs: 1_000, minBytes: 100_000, maxBytes: 500_000, spread: 0.7, readers: 6 };

/** A new version is rolled out: neither encoders nor edges, who come through nginx, have a request that fails. */
export const rollingRestart: Fault = {
  does: "Two origins and two publishers behind nginx are ended with SIGTERM and started again, one after another",
  stores: ALL_STORES,
  deadlineMs: 400_000,
  run: async (scene) => {
    const { report, dir, brief } = scene;
    const headwater = await scene.start();
    const fleet = await Promise.all(
      (["origin", "publisher", "origin", "publisher"] as const).map((kind, n) =>
        Restarted.start(kind, join(dir, `${kind}-${n}`), headwater.storeSettings),
      ),
    );
    const addresses = (kind: string) => fleet.filter((one) => one.kind === kind).map(({ address }) => address);
    const balancer = await startBalancer({
      dir: join(dir, "nginx"),
      origins: addresses("origin"),
      publishers: addresses("publisher"),
    });
    const live = await Live.start(scene, headwater, {
      ...TRAFFIC,
      through: (event) => ({
        ...event,
        readUrl: balancer.readUrl + new URL(event.readUrl).pathname,
        publishUrl: balancer.publishUrl + new URL(event.publishUrl).pathname,
      }),
    });
    try {
      await sleep(brief ? 1_500 : 3_000);
      for (let round = 1; round <= (brief ? 1 : 3); round++) {
        for (const one of brief ? fleet.slice(0, 2) : fleet) {
          await report.check(`round ${round}: ${one.kind} ends in < ${ENDED_WITHIN_MS / 1000} s`, async () => {
            const endedMs = await one.end();
            const readyMs = await one.startAgain();
            if (endedMs > ENDED_WITHIN_MS) throw new Error(`it took ${endedMs.toFixed(0)} ms`);
            return `${endedMs.toFixed(0)} ms, ready again ${readyMs.toFixed(0)} ms later`;
          });
          await sleep(1_000);
        }
      }
      await sleep(2_000);
    } finally {
      await live.stop();
    }
    await live.judgePuts();
    await live.judge();
    await balancer.stop();
    await Promise.all(fleet.map((one) => one.end()));
  },
};

/** A process that no supervisor looks after, on an address of its own. */
class Restarted {
  readonly kind: keyof typeof START;
  readonly address: string;
  readonly #dir: string;
  readonly #env: NodeJS.ProcessEnv;
  #running: Service | undefined;

  private constructor(kind: keyof typeof START, dir: string, settings: NodeJS.ProcessEnv, address: string) {
    this.kind = kind;
    this.address = address;
    this.#dir = dir;
    this.#env = {
      ...settings,
      HEADWATER_DRAIN_DELAY_MS: `${DRAIN_DELAY_MS}`,
      [`HEADWATER_${kind.toUpperCase()}_LISTEN`]: address,
    };
  }

  static async start(kind: keyof typeof START, dir: string, settings: NodeJS.ProcessEnv): Promise<Restarted> {
    const restarted = new Restarted(kind, dir, settings, `127.0.0.1:${await freePort()}`);
    await restarted.startAgain();
    return restarted;
  }

  /** SIGTERM; resolves when it has ended, to how long that took in ms. */
  async end(): Promise<number> {
    const begunMs = performance.now();
    await this.#running?.stop();
    return performance.now() - begunMs;
  }

  /** Resolves when it is ready, to how long that took in ms. */
  async startAgain(): Promise<number> {
    const begunMs = performance.now();
    this.#running = await START[this.kind]({ dir: this.#dir, env: this.#env, readyMs: READY_MS });
    return performance.now() - begunMs;
  }
}
