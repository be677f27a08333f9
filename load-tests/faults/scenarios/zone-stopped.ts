import { setTimeout as sleep } from "node:timers/promises";
import { Live } from "../live.ts";
import type { Fault, Scene } from "../scene.ts";
import { toldBy } from "../told.ts";
import { describeMs } from "../traffic/figures.ts";
import { storageReads } from "../traffic/storage-reads.ts";
import { CLUSTERS } from "../world.ts";

type Tiers = Readonly<Record<string, number>>;

/** What a phase without both zones leaves behind, still among what the readers look at. */
const FADE_MS = 3_500;
const PATIENCE_MS = 20_000;

/**
 * The origin's own zone of memcached hangs, then both are dead, then both are back and empty. The origin keeps nothing
 * in memory here, so every read shows which tier still works.
 */
export const zoneStopped: Fault = {
  does: "The origin's own memcached zone hangs, then both zones are dead, then both are back and empty; no memory cache",
  stores: CLUSTERS,
  deadlineMs: 120_000,
  run: async (scene) => {
    const { brief, world } = scene;
    const [own, other] = world.zones;
    if (own === undefined || other === undefined) throw new Error("needs two zones");
    const headwater = await scene.start({ HEADWATER_MEMORY_CACHE_BYTES: "0" });
    const [adminUrl] = (await toldBy(headwater)).urls.admin.origin as [string];
    const live = await Live.start(scene, headwater, { renditions: ["r1", "r2"] });
    const phase = phases(scene, live, adminUrl, brief ? 1_500 : 6_000);
    try {
      await sleep(1_000);
      await phase("both zones up", (reads) => mostly("memcached", reads));
      own.freeze();
      await sleep(1_000);
      await phase("the own zone hangs", (reads) => mostly("memcached", reads));
      own.kill();
      other.kill();
      await phase("both are dead", (reads) => mostly("store", reads));
      await Promise.all([own.startAgain(), other.startAgain()]);
      await sleep(FADE_MS);
      await phase("both are back, empty", (reads) => mostly("memcached", reads));
    } finally {
      await live.stop();
    }
    await live.judgePuts();
    // On a machine that others use as well the store may not keep up with all the reads: then it says so.
    await live.judge(({ what }) => brief && / 503 /.test(what));
  },
};

/**
 * Lets time pass, and checks which tiers were read in it. On a machine that others use as well, a tier may need more than
 * one look: a read that is late counts as a miss of its tier.
 */
function phases({ report, brief }: Scene, { encoder, readers }: Live, adminUrl: string, phaseMs: number) {
  const look = async () => {
    const from = { reads: await storageReads(adminUrl), puts: encoder.sent.length, gets: readers.tookMs.length };
    await sleep(phaseMs);
    const until = await storageReads(adminUrl);
    const reads = Object.fromEntries(Object.entries(until).map(([tier, n]) => [tier, n - (from.reads[tier] ?? 0)]));
    const puts = encoder.sent.slice(from.puts).filter(({ endedMs }) => endedMs !== undefined);
    const chunks = Object.entries(reads).map(([tier, n]) => `${n} ${tier}`);
    const putsMs = describeMs(puts.map(({ tookMs }) => tookMs));
    const told = `chunks ${chunks.join(", ")}; PUT ${putsMs}; GET ${describeMs(readers.tookMs.slice(from.gets))}`;
    return { reads, told };
  };
  return (name: string, judge: (reads: Tiers) => void) =>
    report.check(name, async () => {
      for (const begunMs = performance.now(); ; ) {
        const { reads, told } = await look();
        try {
          judge(reads);
          return told;
        } catch (error) {
          if (performance.now() - begunMs > (brief ? PATIENCE_MS : 0)) throw error;
        }
      }
    });
}

function mostly(tier: string, reads: Tiers): void {
  const all = Object.values(reads).reduce((sum, n) => sum + n, 0);
  if ((reads[tier] ?? 0) < 0.9 * all || all === 0) throw new Error(`${JSON.stringify(reads)}: not from ${tier}`);
}
