import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type TestCassandra, until } from "@headwater/infra";
import { pin } from "../bench/support/cpu-time.ts";
import { toldBy } from "../faults/told.ts";
import type { Sent } from "../faults/traffic/encoder.ts";
import { isAcknowledged } from "../faults/traffic/put.ts";
import { clusterWorld, localWorld, type World } from "../faults/world.ts";
import { cpuShare } from "../proof/harness/cpu.ts";
import { type Headwater, startHeadwater } from "../proof/harness/headwater.ts";
import { runK6, type ScenarioName } from "../run-k6.ts";
import { type Answers, readAnswers } from "./answers.ts";
import { type Cores, layOut, onCore } from "./cores.ts";
import { type StormEvent, startStormEvent } from "./event.ts";
import { Watch } from "./watch.ts";

/** Sixteen PUTs a second: two pipelines, four renditions, two segments a second. */
export const EVENT = { id: "storm", durationMs: 500, renditions: ["r1", "r2", "r3", "r4"] };
export const PUTS_PER_SECOND = (2 * EVENT.renditions.length * 1000) / EVENT.durationMs;
/** Small, so that a DVR window of some minutes does not fit, and is read from where it is stored. */
export const MEMORY_BYTES = 64 * 1024 ** 2;
/** Of each fleet: more than 1 000 samples of each class in a minute. */
const PROBE_EDGES = 9;
/** The probe takes this long to begin: what is measured in a phase comes after it. */
export const BEGIN_MS = 2_000;
/** On a busy machine k6 may take long to make its virtual users. */
const BEGUN_MS = 60_000;

/** A stretch of time with one kind of load; times in ms since the Unix epoch. */
export interface Phase {
  readonly name: string;
  readonly beganMs: number;
  /** From where on figures are taken. */
  readonly fromMs: number;
  readonly toMs: number;
  /** Share of the machine's processors that was busy, whoever used them. */
  readonly busy: number;
}

export interface StageOptions {
  /** An empty folder. */
  readonly dir: string;
  /** The local store without it. */
  readonly cassandra?: TestCassandra | undefined;
  /** Segments of each rendition that are there before. */
  readonly past: number;
}

export interface StormLoad {
  readonly scenario: ScenarioName;
  readonly settings: Readonly<Record<string, string>>;
}

export interface Load {
  readonly storm?: StormLoad;
  /** What else happens meanwhile. */
  readonly beside?: () => Promise<unknown>;
  /** Without the probe: nobody reads but the storm. */
  readonly unwatched?: boolean;
}

/** Headwater as `npm start` runs it, pinned, with two encoders (in this process, which its caller pins), watched each second, and a probe at its live edge. */
export class Stage {
  readonly cores: Cores;
  readonly headwater: Headwater;
  readonly event: StormEvent;
  readonly watch: Watch;
  readonly phases: Phase[] = [];
  readonly marks: { readonly text: string; readonly atMs: number }[] = [];
  /** What a light fleet of edges got, which runs apart from the storm; what the storm itself got. */
  readonly probe: Answers = new Map();
  readonly storm: Answers = new Map();
  readonly #dir: string;
  readonly #world: World;
  readonly #csv: { readonly file: string; readonly into: Answers }[] = [];

  constructor(dir: string, world: World, cores: Cores, headwater: Headwater, event: StormEvent, watch: Watch) {
    this.#dir = dir;
    this.#world = world;
    this.cores = cores;
    this.headwater = headwater;
    this.event = event;
    this.watch = watch;
  }

  static async start({ dir, cassandra, past }: StageOptions): Promise<Stage> {
    await mkdir(dir, { recursive: true });
    const cores = layOut();
    const world = cassandra === undefined ? localWorld : await clusterWorld(cassandra, join(dir, "parts"));
    if (world === undefined) throw new Error("memcached and Redis are missing: node infra/src/install.ts");
    const settings = {
      HEADWATER_MEMORY_CACHE_BYTES: `${MEMORY_BYTES}`,
      HEADWATER_LOG_LEVEL: "warn",
      ...world.settings,
    };
    const headwater = await startHeadwater(dir, settings).catch(async (error) => {
      await world.stop();
      throw error;
    });
    try {
      const { pids, urls } = await toldBy(headwater);
      // The supervisor too: an origin that it starts again keeps to the origin's core.
      pin(pids.supervisor, cores.origin);
      pin(await headwater.pid("publisher"), cores.publisher);
      for (const service of ["control", "worker"] as const) pin(await headwater.pid(service), cores.encoders);
      process.stdout.write("publishing what there is to seek back to\n");
      const event = await startStormEvent(headwater, { ...EVENT, past });
      const named = (kind: "origin" | "publisher") => urls.admin[kind].map((url, i) => [`${kind} ${i + 1}`, url]);
      const watch = new Watch(Object.fromEntries([...named("origin"), ...named("publisher")]));
      return new Stage(dir, world, cores, headwater, event, watch);
    } catch (error) {
      await headwater.stop();
      await world.stop();
      throw error;
    }
  }

  /** One phase: it begins once the storm does, and lasts so many seconds. Resolves when nothing of it runs any more. */
  async phase(name: string, seconds: number, { storm, beside, unwatched = false }: Load = {}): Promise<Phase> {
    process.stdout.write(`${name}, ${seconds} s\n`);
    const running = storm && this.#runStorm(name, storm, seconds);
    await running?.begun;
    const beganMs = Date.now();
    const busy = cpuShare();
    const probe = unwatched ? sleep(seconds * 1000) : this.#runProbe(name, seconds);
    await Promise.all([running?.ended, beside?.(), probe]);
    const toMs = beganMs + seconds * 1000;
    const phase = { name, beganMs, fromMs: beganMs + BEGIN_MS, toMs, busy: busy() };
    this.phases.push(phase);
    return phase;
  }

  /** The live edge as a light fleet sees it. */
  #runProbe(name: string, seconds: number): Promise<void> {
    const settings = { EDGES: `${PROBE_EDGES}`, DURATION: `${seconds}s` };
    return this.#k6("live-edge", this.#csvFile(`probe ${name}`), settings, this.probe, onCore(this.cores.encoders));
  }

  /** A scenario on the storm's core, where it gives way to everything else. */
  #runStorm(name: string, { scenario, settings }: StormLoad, seconds: number) {
    const file = this.#csvFile(`storm ${name}`);
    const all = { ...settings, DURATION: `${seconds}s` };
    const ended = this.#k6(scenario, file, all, this.storm, onCore(this.cores.storm, true));
    const begun = Promise.race([ended, until(async () => demandAnswers(file), BEGUN_MS)]);
    return { begun, ended };
  }

  #csvFile(name: string): string {
    return join(this.#dir, `${name.replace(/\W+/g, "-")}.csv`);
  }

  async #k6(
    scenario: ScenarioName,
    file: string,
    settings: Readonly<Record<string, string>>,
    into: Answers,
    prefix: readonly string[],
  ): Promise<void> {
    const env = { ...settings, ORIGIN: this.headwater.urls.origin, EVENT: EVENT.id };
    const code = await runK6(scenario, env, { stdio: "ignore", csvFile: file, prefix });
    // A missed threshold is judged here, over time; anything else means that there was no load.
    if (code !== 0 && code !== 99) throw new Error(`k6 ended ${scenario} with ${code}`);
    this.#csv.push({ file, into });
  }

  /** Every PUT that ended between two moments. */
  puts(fromMs: number, toMs: number): { readonly acknowledged: Sent[]; readonly failed: Sent[] } {
    const ended = this.event.encoders
      .flatMap(({ sent }) => sent)
      .filter((sent) => sent.endedMs !== undefined && sent.endedMs >= 0)
      .filter((sent) => putAtMs(sent) >= fromMs && putAtMs(sent) < toMs);
    return {
      acknowledged: ended.filter(isAcknowledged),
      failed: ended.filter((sent) => !isAcknowledged(sent)),
    };
  }

  /** Ends the load and all processes, then reads what k6 wrote. */
  async stop(): Promise<void> {
    await this.event.stop();
    await this.watch.stop();
    await this.headwater.stop();
    await this.#world.stop();
    for (const { file, into } of this.#csv) await readAnswers(file, into);
  }
}

/** When it ended, ms since the Unix epoch by the clock as it stands: it may have been set since this process began. */
export const putAtMs = ({ endedMs = 0 }: Sent): number => Date.now() - performance.now() + endedMs;

/** k6 writes what it measured every second. */
async function demandAnswers(csvFile: string): Promise<void> {
  if (!/^answers,/m.test(await readFile(csvFile, "utf8"))) throw new Error("k6 has not begun");
}
