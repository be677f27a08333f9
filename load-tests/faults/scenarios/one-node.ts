import { setTimeout as sleep } from "node:timers/promises";
import { Live } from "../live.ts";
import type { Fault } from "../scene.ts";
import { describeMs, percentile } from "../traffic/figures.ts";
import type { NodeVictim } from "../victim.ts";

const PUT_P99_MS = 500;
/** What three nodes, Headwater and its traffic can do on two processors: 8 PUTs a second of one chunk each. */
export const CALM = { durationMs: 500, minBytes: 100_000, maxBytes: 500_000 };
/** Nodes that have just been started answer late, as their code is not compiled yet. */
export const WARM_UP_MS = 20_000;

/**
 * One of three Cassandra nodes stops and comes back: a quorum is left, and nobody notices. `outMs` should be longer
 * than the other nodes need to count it out, so that both are seen: a node that is waited for and one that is not.
 */
export const oneNode = (
  does: string,
  strike: (node: NodeVictim) => Promise<void> | void,
  bringBack: (node: NodeVictim) => Promise<void> | void,
): Fault => ({
  does,
  stores: ["cluster3"],
  deadlineMs: 300_000,
  run: async (scene) => {
    const node = scene.world.nodes.at(-1);
    if (node === undefined) throw new Error("needs nodes of its own");
    const live = await Live.start(scene, await scene.start(), CALM);
    let [warmMs, outMs, backMs, wholeMs] = [0, 0, 0, 0];
    try {
      await sleep(WARM_UP_MS);
      warmMs = performance.now();
      await sleep(10_000);
      await strike(node);
      outMs = performance.now();
      await sleep(30_000);
      backMs = performance.now();
      await bringBack(node);
      wholeMs = performance.now();
      await sleep(20_000);
    } finally {
      await live.stop();
    }
    await live.judgePuts();
    await scene.report.check(`PUT p99 < ${PUT_P99_MS} ms without the node`, async () => {
      const told = `${describeMs(live.putsMs(outMs, backMs))}; before ${describeMs(live.putsMs(warmMs, outMs))}`;
      if (percentile(live.putsMs(outMs, backMs), 0.99) >= PUT_P99_MS) throw new Error(told);
      return told;
    });
    // Its processor time is taken from all others here; on a machine of its own it is not.
    scene.report.note(
      `the node took ${((wholeMs - backMs) / 1000).toFixed(1)} s to come back: PUT ${describeMs(live.putsMs(backMs, wholeMs))} meanwhile, ${describeMs(live.putsMs(wholeMs, performance.now()))} after that`,
    );
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
