import { fillRoom } from "./fills.ts";
import { firstHit } from "./first-hit.ts";
import { encodeChunk } from "./frame.ts";
import { guard } from "./guard.ts";
import { latch } from "./latch.ts";
import type { ChunkNode } from "./node.ts";
import type { ChunkCache } from "./port.ts";
import { ring } from "./ring.ts";
import { type ZoneCopy, type ZoneNode, zoneNodes } from "./zone-node.ts";

export interface Zone {
  name: string;
  /** By address. Addresses decide which node holds which key, so they must be the same in every process. */
  nodes: Readonly<Record<string, ChunkNode>>;
}

/** `late`: had not answered in time, and was not waited for; for the others see `NodeRead`. */
export const READ_OUTCOMES = ["hit", "miss", "error", "late", "out"] as const;
export interface ZoneRead {
  zone: string;
  outcome: (typeof READ_OUTCOMES)[number];
}

/** `late`: stored when nobody waited any more. `filled`: copied from elsewhere. `dropped`: not tried, too many under way. */
export const WRITE_OUTCOMES = ["stored", "late", "filled", "error", "out", "dropped"] as const;
export interface ZoneWrite {
  zone: string;
  outcome: (typeof WRITE_OUTCOMES)[number];
}

export interface ZonesOptions {
  zones: readonly Zone[];
  /** The zone read first. Without it they are read in the order given. */
  own?: string;
  onRead?: (read: ZoneRead) => void;
  onWrite?: (write: ZoneWrite) => void;
  /** How long a zone may take before the next one is asked as well; the last has three times as long. 20 ms by default. */
  patienceMs?: number;
  /** Monotonic milliseconds. */
  nowMs?: () => number;
}

export interface ZonedCache extends ChunkCache {
  readonly nodes: readonly ZoneNode[];
}

/** How long a write waits for the zones; what is not done by then goes on by itself. */
const WRITE_WAIT_MS = 20;
/** Writes under way, at most 512 KiB each; beyond that a write is given up at once. */
const MAX_WRITES = 128;
const READ_PATIENCE_MS = 20;
const CLAIMED = Buffer.from("1");
/** Zones asked in a hurry at a time: when everything is slow, asking twice as much does not help. */
const MAX_HURRIED = 32;

/**
 * Every zone holds a full copy: written to all, read from the own zone, then from the others. Inside a zone a key lives
 * on one node. A write waits for all copies but one; a copy that turns out to be missing is made up for in the background.
 * Whatever fails is a miss; nothing is given back that is not, byte for byte, what was set.
 */
export function zones(options: ZonesOptions): ZonedCache {
  const { zones, own, onRead, onWrite, patienceMs = READ_PATIENCE_MS, nowMs = () => performance.now() } = options;
  if (own !== undefined && zones.length > 0 && !zones.some((zone) => zone.name === own)) {
    throw new RangeError(`own zone "${own}" is not one of: ${zones.map((zone) => zone.name).join(", ")}`);
  }
  const copies = zones
    .toSorted((a, b) => Number(b.name === own) - Number(a.name === own))
    .map((zone) => zoneCopy(zone, nowMs));
  const fill = fillRoom(nowMs);
  const filled = (zone: string) => onWrite?.({ zone, outcome: "filled" });
  const fillIn = ({ name, nodeOf }: ZoneCopy, key: string, value: Buffer) =>
    fill(value.byteLength, async () => {
      if ((await nodeOf(key).set(key, value)) === "stored") filled(name);
    });
  let writes = 0;
  let hurried = 0;

  return {
    async get(key) {
      const late = new Set<number>();
      const missing: ZoneCopy[] = [];
      const asks = copies.map((copy, n) => async () => {
        const read = await copy.nodeOf(key).get(key);
        if (!late.has(n)) onRead?.({ zone: copy.name, outcome: read.outcome });
        if (read.outcome === "miss") missing.push(copy);
        return read.outcome === "hit" ? read : undefined;
      });
      const onLate = (n: number) => {
        late.add(n);
        hurried += 1;
        onRead?.({ zone: copies[n]!.name, outcome: "late" });
      };
      const hit = await firstHit(asks, { patienceMs, mayHurry: () => hurried < MAX_HURRIED, onLate });
      hurried -= late.size;
      if (hit === undefined) return undefined;
      for (const copy of missing) fillIn(copy, key, hit.value);
      return hit.chunk;
    },

    async set(key, chunk) {
      if (copies.length === 0) return;
      if (writes >= MAX_WRITES) {
        for (const { name } of copies) onWrite?.({ zone: name, outcome: "dropped" });
        return;
      }
      const value = encodeChunk(key, chunk);
      const startMs = nowMs();
      writes += 1;
      const stored = copies.map(async ({ name, nodeOf }) => {
        const outcome = await nodeOf(key).set(key, value);
        const isLate = outcome === "stored" && nowMs() - startMs > WRITE_WAIT_MS;
        onWrite?.({ zone: name, outcome: isLate ? "late" : outcome });
        return outcome === "stored";
      });
      void Promise.all(stored).then(() => {
        writes -= 1;
      });
      await latch(stored, Math.max(1, copies.length - 1), WRITE_WAIT_MS);
    },

    async claim(key) {
      const claimed = copies[0]?.nodeOf(key).addBriefly(`claim/${key}`, CLAIMED);
      return claimed === undefined ? true : answerWithin(patienceMs, claimed, true);
    },

    fill(key, chunk) {
      if (copies[0] !== undefined) fillIn(copies[0], key, encodeChunk(key, chunk));
    },

    nodes: zoneNodes(copies, filled),
  };
}

/** What comes of it, or `otherwise` when nothing has come of it in time. It must not reject. */
function answerWithin<T>(ms: number, answer: Promise<T | undefined>, otherwise: T): Promise<T> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms, otherwise);
    void answer.then((value) => {
      clearTimeout(timer);
      resolve(value ?? otherwise);
    });
  });
}

function zoneCopy({ name, nodes }: Zone, nowMs: () => number): ZoneCopy {
  const addresses = Object.keys(nodes);
  if (addresses.length === 0) throw new RangeError(`zone "${name}" has no nodes`);
  const guarded = new Map(Object.entries(nodes).map(([address, node]) => [address, guard(node, nowMs)]));
  const addressOf = ring(addresses);
  return { name, nodes: guarded, nodeOf: (key) => guarded.get(addressOf(key))! };
}
