import { setTimeout as sleep } from "node:timers/promises";
import { startToxiproxy, until } from "@headwater/infra";
import { flippedBits, noise, silentAfter } from "../liar.ts";
import { demandNone, Live } from "../live.ts";
import { type PoisonedZone, poisonZones } from "../poisoned-zones.ts";
import type { Fault, Scene } from "../scene.ts";
import { toldBy } from "../told.ts";
import { describeMs, percentile } from "../traffic/figures.ts";
import { isWarm } from "../traffic/memcached.ts";
import { readMetrics } from "../traffic/metrics.ts";
import { readBack } from "../traffic/read-back.ts";
import { CLUSTERS } from "../world.ts";

/** What a read may take longer while its first zone fails. */
const FALLBACK_MS = 100;
const HUNG_MS = 2_000;
const backWithinMs = ({ brief }: Pick<Scene, "brief">): number => (brief ? 30_000 : 10_000);

const POISONS: readonly (readonly [string, (zone: PoisonedZone) => Promise<void> | void])[] = [
  ["is dead", (zone) => zone.cut()],
  ["resets its connections", (zone) => zone.poison({ type: "reset_peer", attributes: { timeout: 0 } })],
  ["hangs", (zone) => zone.poison({ type: "timeout", attributes: { timeout: 0 } })],
  ["answers half and closes", (zone) => zone.poison({ type: "limit_data", attributes: { bytes: 150_000 } })],
  ["answers half and hangs", (zone) => zone.tell(silentAfter(150_000))],
  ["answers 20 KB/s", (zone) => zone.poison({ type: "bandwidth", attributes: { rate: 20 } })],
  ["answers garbage", (zone) => zone.tell(noise)],
  ["answers with bits flipped", (zone) => zone.tell(flippedBits(50_000))],
];
const IN_BRIEF = ["hangs", "answers with bits flipped"];

/** The origin's own zone fails in every way that a zone can; the origin keeps nothing in memory, so all reads begin there. */
export const zonePoisoned: Fault = {
  does: "The origin's own memcached zone is dead, hangs, answers half replies, slowly or wrongly, one after the other; then it is killed, and comes back empty; no memory cache",
  stores: CLUSTERS,
  deadlineMs: 300_000,
  run: async (scene) => {
    const { world, dir, brief, report } = scene;
    const withinMs = backWithinMs(scene);
    const [victim] = world.zones;
    if (victim === undefined) throw new Error("needs zones");
    const toxiproxy = await startToxiproxy({ dir });
    const poisoned = await poisonZones(world, toxiproxy);
    const [own, other] = poisoned.zones as [PoisonedZone, PoisonedZone];
    const headwater = await scene.start({ ...poisoned.settings, HEADWATER_MEMORY_CACHE_BYTES: "0" });
    const [adminUrl] = (await toldBy(headwater)).urls.admin.origin as [string];
    // Proxies, traffic and checks are one process: of a short run that shares its machine, few readers.
    const load = { renditions: ["r1", "r2"], durationMs: 500, ...(brief && { readers: 1 }) };
    const live = await Live.start(scene, headwater, load);
    const zone = { own, adminUrl };
    try {
      await sleep(brief ? 1_500 : 5_000);
      for (const [name, poison] of POISONS.filter(([name]) => !brief || IN_BRIEF.includes(name)))
        await strike(scene, live, zone, { name, poison: () => poison(own), heal: () => own.heal() });
      const before = live.encoder.acknowledged.slice(-20);
      await strike(scene, live, zone, {
        name: "is killed, and comes back empty",
        poison: () => victim.kill(),
        heal: () => victim.startAgain(),
      });
      await report.check(`it is warmed in < ${withinMs / 1000} s`, async () => {
        const backMs = performance.now();
        await until(async () => {
          for (const address of own.addresses) if (!(await isWarm(address))) throw new Error(`${address} is not warm`);
        }, withinMs);
        return `${(performance.now() - backMs).toFixed(0)} ms after it was back in use`;
      });
      await other.cut();
      await report.check("and has what was there before, with the other zone dead", async () =>
        readBack(live.encoder, { segments: before, ...(!brief && { tier: "memcached" }) }),
      );
      await other.heal();
    } finally {
      await live.stop();
    }
    await live.judgePuts();
    await live.judge();
    await toxiproxy.stop();
    await poisoned.stop();
  },
};

interface Blow {
  readonly name: string;
  readonly poison: () => Promise<void> | void;
  readonly heal: () => Promise<void>;
}

/** One failure of the zone from its beginning until the zone is used again. */
async function strike(
  scene: Scene,
  live: Live,
  { own, adminUrl }: { own: PoisonedZone; adminUrl: string },
  { name, poison, heal }: Blow,
): Promise<void> {
  const { report, brief } = scene;
  const withinMs = backWithinMs(scene);
  const { readers, encoder } = live;
  const calm = readers.unheldMs.slice(-300);
  const from = { reads: readers.unheldMs.length, failed: readers.failed.length, puts: encoder.sent.length };
  await poison();
  await sleep(brief ? 1_500 : 5_000);
  const reads = readers.unheldMs.slice(from.reads);
  const worseMs = percentile(reads, 0.99) - percentile(calm, 0.99);
  await report.check(`${name}: no read fails or hangs; p99 at most ${FALLBACK_MS} ms longer`, async () => {
    demandNone(readers.failed.slice(from.failed).map(({ what }) => what));
    const puts = encoder.sent.slice(from.puts).filter(({ endedMs }) => endedMs !== undefined);
    const told = `GET ${describeMs(reads)}, before ${describeMs(calm)}; PUT ${describeMs(puts.map(({ tookMs }) => tookMs))}`;
    if (reads.length === 0) throw new Error("nothing was read");
    // On a machine that others use as well, times say nothing.
    if (!brief && (worseMs > FALLBACK_MS || percentile(reads, 1) > HUNG_MS)) throw new Error(told);
    return told;
  });
  const healedMs = performance.now();
  await heal();
  await report.check(`${name}: back in use in < ${withinMs / 1000} s`, async () => {
    const hitsBefore = (await zoneState(adminUrl, own.name)).hits;
    await until(async () => {
      const { hits, out } = await zoneState(adminUrl, own.name);
      if (out > 0 || hits <= hitsBefore) throw new Error(`${out} servers are left out; ${hits - hitsBefore} hits`);
    }, withinMs);
    return `after ${(performance.now() - healedMs).toFixed(0)} ms`;
  });
  await sleep(brief ? 500 : 2_000);
}

async function zoneState(adminUrl: string, zone: string): Promise<{ hits: number; out: number }> {
  const ours = (await readMetrics(adminUrl)).filter(({ labels }) => labels.zone === zone);
  const hits = ours.find(({ name, labels }) => name === "headwater_zone_reads_total" && labels.outcome === "hit");
  const out = ours.filter(({ name, value }) => name === "headwater_zone_node_out" && value === 1).length;
  return { hits: hits?.value ?? 0, out };
}
