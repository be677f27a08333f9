import { setTimeout as sleep } from "node:timers/promises";
import { Live } from "../live.ts";
import type { Fault } from "../scene.ts";
import type { Victim } from "../victim.ts";

const PUT_P99_MS = 500;
/** What three nodes, Headwater and its traffic can do on two processors: 8 PUTs a second. */
export const CALM = { durationMs: 500 };

/**
 * One of three Cassandra nodes stops and comes back: a quorum is left, and nobody notices. `outMs` should be longer
 * than the other nodes need to count it out, so that both are seen: a node that is waited for and one that is not.
 */
const oneNode = (
  does: string,
  strike: (node: Victim) => void,
  bringBack: (node: Victim) => Promise<void> | void,
): Fault => ({
  does,
  stores: ["cluster3"],
  deadlineMs: 300_000,
  run: async (scene) => {
    const node = scene.world.nodes.at(-1);
    if (node === undefined) throw new Error("needs nodes of its own");
    const live = await Live.start(scene, await scene.start(), CALM);
    const outMs = scene.brief ? 5_000 : 30_000;
    try {
      await sleep(3_000);
      strike(node);
      await sleep(outMs);
      await bringBack(node);
      await sleep(scene.brief ? 2_000 : 10_000);
    } finally {
      await live.stop();
    }
    await live.judgePuts(PUT_P99_MS);
    await live.judge();
  },
});

export const nodeKilled = oneNode(
  "One of three Cassandra nodes is killed with -9, and started again after half a minute",
  (node) => node.kill(),
  (node) => node.startAgain(),
);

export const nodeFrozen = oneNode(
  "One of three Cassandra nodes hangs (SIGSTOP) for half a minute, and goes on",
  (node) => node.freeze(),
  (node) => node.thaw(),
);
