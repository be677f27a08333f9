import { setTimeout as sleep } from "node:timers/promises";
import { until } from "@headwater/infra";
import { Live } from "../live.ts";
import { judgeRefusals } from "../refusals.ts";
import type { Fault } from "../scene.ts";
import { CachedReads } from "../traffic/cached-reads.ts";
import type { NodeVictim } from "../victim.ts";
import { CALM, oneNode } from "./one-node.ts";

const ENDS_WITHIN_MS = 60_000;
const FULL_MS = 20_000;
const REFUSED_WITHIN_MS = 3_500;
const RECOVERED_WITHIN_MS = 10_000;

/** A node that cannot write its commit log any more ends: by its policy, or by a write to a page that has no place. */
const hasEnded = (node: NodeVictim) =>
  until(async () => {
    if (!node.isStruck()) throw new Error("a node with a full disk still runs");
  }, ENDS_WITHIN_MS);

/** As when the node is dead. */
export const nodeDiskFull: Fault = {
  ...oneNode(
    "The disk of one of three Cassandra nodes is full, so the node ends; half a minute later there is room, and it is started again",
    async (node) => {
      await node.fillDisk();
      await hasEnded(node);
    },
    (node) => node.startAgain(),
  ),
  ownDisks: true,
};

/** As when no quorum is left; once there is room, starting the nodes again is all that is needed. */
export const allDisksFull: Fault = {
  does: "The disks of all three Cassandra nodes are full, so they end; 20 s later there is room, and they are started again",
  stores: ["cluster3"],
  ownDisks: true,
  deadlineMs: 400_000,
  run: async (scene) => {
    const { report, world } = scene;
    const { nodes } = world;
    const live = await Live.start(scene, await scene.start(), CALM);
    const { encoder } = live;
    await sleep(4_000);
    const cached = new CachedReads(encoder, encoder.acknowledged.slice(-16));
    const fullFromMs = performance.now();
    let backMs = Number.POSITIVE_INFINITY;
    try {
      await Promise.all(nodes.map((node) => node.fillDisk()));
      await report.check("a node whose disk is full ends", async () => {
        await Promise.all(nodes.map(hasEnded));
        return `the last after ${((performance.now() - fullFromMs) / 1000).toFixed(1)} s`;
      });
      await sleep(FULL_MS);
      await cached.stop();
      // The first is the seed, without which the others do not start.
      for (const node of nodes) await node.startAgain();
      backMs = performance.now();
      await report.check(
        `PUTs are taken again within ${RECOVERED_WITHIN_MS / 1000} s, without a restart of ours`,
        async () => {
          await until(async () => {
            if (!encoder.acknowledged.some(({ endedMs }) => endedMs! > backMs)) throw new Error("none was");
          }, RECOVERED_WITHIN_MS);
          return `${(performance.now() - backMs).toFixed(0)} ms after the nodes answered`;
        },
      );
      await sleep(RECOVERED_WITHIN_MS);
    } finally {
      await live.stop();
    }
    const isOut = (ms: number) => ms > fullFromMs && ms < backMs + RECOVERED_WITHIN_MS;
    await report.check(
      `a PUT that is not taken is 503 in < ${REFUSED_WITHIN_MS} ms, and none fails before or after`,
      async () => judgeRefusals(encoder.failed, { status: 503, withinMs: REFUSED_WITHIN_MS, isOut }),
    );
    await report.check("what is cached is served", () => cached.judge());
    await live.judge(({ atMs }) => isOut(atMs));
  },
};
