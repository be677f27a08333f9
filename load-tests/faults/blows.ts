import { until } from "@headwater/infra";
import type { Headwater } from "../proof/harness/headwater.ts";
import { noise } from "./liar.ts";
import type { PoisonedNetwork } from "./poisoned-network.ts";
import type { PoisonedZone } from "./poisoned-zones.ts";
import { toldBy } from "./told.ts";
import type { Pipeline } from "./traffic/pipeline.ts";
import type { World } from "./world.ts";

const BACK_MS = 30_000;

/** A fault of one thing, which is whole again when `heal` has resolved. */
export interface Blow {
  readonly name: string;
  strike(): Promise<void> | void;
  heal(): Promise<void> | void;
}

export interface Targets {
  readonly world: World;
  readonly headwater: Headwater;
  readonly zones: readonly PoisonedZone[];
  readonly network: PoisonedNetwork;
  readonly pipelines: readonly Pipeline[];
}

/** Every blow that two pipelines, with encoders that send again, are to survive without a loss. */
export async function blowsTo({ world, headwater, zones, network, pipelines }: Targets): Promise<Blow[]> {
  const { admin } = (await toldBy(headwater)).urls;
  const slow = { type: "latency", attributes: { latency: 100, jitter: 50 } } as const;
  return [
    ...world.nodes.flatMap((node, n) => [
      { name: `Cassandra node ${n + 1} is killed`, strike: node.kill, heal: node.startAgain },
      { name: `Cassandra node ${n + 1} hangs`, strike: node.freeze, heal: node.thaw },
    ]),
    ...world.zones.flatMap((zone, n) => {
      const name = `memcached zone ${zones[n]!.name}`;
      return [
        { name: `${name} is killed`, strike: zone.kill, heal: zone.startAgain },
        { name: `${name} hangs`, strike: zone.freeze, heal: zone.thaw },
        { name: `${name} answers garbage`, strike: () => zones[n]!.tell(noise), heal: () => zones[n]!.heal() },
        { name: `${name} is 100 ms away`, strike: () => zones[n]!.poison(slow), heal: () => zones[n]!.heal() },
      ];
    }),
    ...(world.redis === undefined
      ? []
      : [{ name: "Redis is killed", strike: world.redis.kill, heal: world.redis.startAgain }]),
    { name: "Cassandra and Redis are 100 ms away", strike: () => network.poison(slow), heal: () => network.heal() },
    ...admin.origin.map((url, n) => killed(`origin ${n + 1}`, url)),
    ...admin.publisher.map((url, n) => killed(`publisher ${n + 1}`, url)),
    ...pipelines.map((pipeline) => ({
      name: `the encoder of pipeline ${pipeline.event.pipeline} is killed`,
      strike: () => pipeline.kill(),
      heal: () => pipeline.startAgain(),
    })),
  ];
}

/** The supervisor starts another one by itself. */
function killed(name: string, adminUrl: string): Blow {
  let killedPid = 0;
  return {
    name: `${name} is killed`,
    strike: async () => {
      killedPid = await pidAt(adminUrl);
      process.kill(killedPid, "SIGKILL");
    },
    heal: () =>
      until(async () => {
        if ((await pidAt(adminUrl)) === killedPid) throw new Error("the dead one answers");
        const { ok } = await fetch(`${adminUrl}/readyz`, { signal: AbortSignal.timeout(2_000) });
        if (!ok) throw new Error(`${name} is not ready`);
      }, BACK_MS),
  };
}

async function pidAt(adminUrl: string): Promise<number> {
  const answer = await fetch(`${adminUrl}/healthz`, { signal: AbortSignal.timeout(2_000) });
  return ((await answer.json()) as { pid: number }).pid;
}
