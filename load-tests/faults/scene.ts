import { join } from "node:path";
import { cpuShare } from "../proof/harness/cpu.ts";
import { type Headwater, startHeadwater } from "../proof/harness/headwater.ts";
import { regionsWorld } from "./regions.ts";
import { FaultReport } from "./report/fault-report.ts";
import { clusterWorld, localWorld, type Store, type World, type WorldCassandra } from "./world.ts";

/** What a fault is given to play in. */
export interface Scene {
  readonly report: FaultReport;
  /** Of the traffic and of the moments at which things happen. */
  readonly seed: string;
  /** An empty folder. */
  readonly dir: string;
  /** Fewer PUTs and fewer blows: a slice for every test run. */
  readonly brief: boolean;
  /** A folder of real segments, for the fault that can send them. */
  readonly media?: string | undefined;
  readonly world: World;
  /** `npm start` with the world's settings and these; it is stopped when the fault has ended. */
  start(settings?: NodeJS.ProcessEnv): Promise<Headwater>;
}

export interface Fault {
  /** What happens, in a sentence without its full stop. */
  readonly does: string;
  /** Where it can happen. */
  readonly stores: readonly Store[];
  /** Whether Cassandra's nodes need disks that can be filled. */
  readonly ownDisks?: boolean;
  /** No run may take longer. */
  readonly deadlineMs: number;
  /** Reports every check by itself; rejects only when it cannot go on. */
  readonly run: (scene: Scene) => Promise<void>;
}

export interface RunOptions {
  readonly name: string;
  readonly fault: Fault;
  readonly seed: string;
  readonly dir: string;
  readonly brief: boolean;
  readonly media?: string | undefined;
  /** The local store without it. */
  readonly cassandra?: WorldCassandra | undefined;
}

/** What is killed must be back in this time; a test run, which shares the machine with others, may take longer. */
export const backWithinMs = ({ brief }: Pick<Scene, "brief">): number => (brief ? 10_000 : 3_000);

/**
 * A 2xx means that every origin serves it within this time, with notices or without (interface §3); that too is only
 * measured on a machine of one's own.
 */
export const visibleWithinMs = ({ brief }: Pick<Scene, "brief">): number => (brief ? 1_500 : 500);

/** Runs one fault from the start of everything to its end. Rejects only if the world cannot be started or stopped. */
export async function runFault({ name, fault, seed, dir, brief, media, cassandra }: RunOptions): Promise<FaultReport> {
  const report = new FaultReport(name);
  const world = cassandra === undefined ? localWorld : await worldOn(cassandra, join(dir, "parts"));
  if (world === undefined) throw new Error("memcached and Redis are missing: node infra/src/install.ts");
  const started: Headwater[] = [];
  const start = async (settings: NodeJS.ProcessEnv = {}) => {
    const at = join(dir, `start-${started.length + 1}`);
    const headwater = await startHeadwater(at, { ...world.settings, ...settings });
    started.push(headwater);
    return headwater;
  };
  const busy = cpuShare();
  let failure: unknown;
  try {
    await fault.run({ report, seed, dir, brief, media, world, start });
  } catch (error) {
    failure = error;
  }
  report.note(`the machine was ${Math.round(100 * busy())} % busy`);
  for (const headwater of started) await headwater.stop();
  await world.stop();
  if (failure !== undefined) await report.check("went through", () => Promise.reject(failure));
  return report;
}

function worldOn(cassandra: WorldCassandra, dir: string): Promise<World | undefined> {
  return cassandra.far === undefined ? clusterWorld(cassandra, dir) : regionsWorld(cassandra, cassandra.far, dir);
}
