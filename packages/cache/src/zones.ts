import { decodeChunk, encodeChunk } from "./frame.ts";
import { type GuardedNode, guard } from "./guard.ts";
import type { ChunkNode } from "./node.ts";
import type { ChunkCache } from "./port.ts";
import { ring } from "./ring.ts";

export interface Zone {
  name: string;
  /** By address. Addresses decide which node holds which key, so they must be the same in every process. */
  nodes: Readonly<Record<string, ChunkNode>>;
}

/** `error`: the zone could not answer, is paused after failures, or gave a value that is not what was set. */
export interface ZoneRead {
  zone: string;
  outcome: "hit" | "miss" | "error";
}

export interface ZonesOptions {
  zones: readonly Zone[];
  /** The zone read first. Without it they are read in the order given. */
  own?: string;
  onRead?: (read: ZoneRead) => void;
  /** Monotonic milliseconds. */
  nowMs?: () => number;
}

/** How long a write waits for the zones; what is not done by then goes on by itself. */
const WRITE_WAIT_MS = 20;
/** Writes under way, at most 512 KiB each; beyond that a write is given up at once. */
const MAX_WRITES = 128;

/**
 * Every zone holds a full copy: written to all, read from the own zone, then from the others. Inside a zone a key lives
 * on one node. Whatever fails is a miss; nothing is given back that is not, byte for byte, what was set.
 */
export function zones({ zones, own, onRead, nowMs = () => performance.now() }: ZonesOptions): ChunkCache {
  if (own !== undefined && zones.length > 0 && !zones.some((zone) => zone.name === own)) {
    throw new RangeError(`own zone "${own}" is not one of: ${zones.map((zone) => zone.name).join(", ")}`);
  }
  const copies = zones
    .toSorted((a, b) => Number(b.name === own) - Number(a.name === own))
    .map((zone) => ({ name: zone.name, nodeOf: placement(zone, nowMs) }));
  let writes = 0;

  return {
    async get(key) {
      for (const { name, nodeOf } of copies) {
        const read = await nodeOf(key).get(key);
        const chunk = read.outcome === "hit" ? decodeChunk(key, read.value) : undefined;
        onRead?.({ zone: name, outcome: read.outcome === "hit" && chunk === undefined ? "error" : read.outcome });
        if (chunk !== undefined) return chunk;
      }
      return undefined;
    },

    async set(key, chunk) {
      if (copies.length === 0 || writes >= MAX_WRITES) return;
      const value = encodeChunk(key, chunk);
      writes += 1;
      const stored = copies.map(({ nodeOf }) => nodeOf(key).set(key, value));
      void Promise.all(stored).then(() => {
        writes -= 1;
      });
      await answered(stored, Math.max(1, copies.length - 1), WRITE_WAIT_MS);
    },
  };
}

function placement(zone: Zone, nowMs: () => number): (key: string) => GuardedNode {
  const addresses = Object.keys(zone.nodes);
  if (addresses.length === 0) throw new RangeError(`zone "${zone.name}" has no nodes`);
  const guarded = new Map(Object.entries(zone.nodes).map(([address, node]) => [address, guard(node, nowMs)]));
  const addressOf = ring(addresses);
  return (key) => guarded.get(addressOf(key))!;
}

/** Resolves when `enough` of the promises, none of which rejects, have resolved, or `waitMs` have passed. */
function answered(promises: readonly Promise<void>[], enough: number, waitMs: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, waitMs);
    let count = 0;
    for (const promise of promises) {
      void promise.then(() => {
        count += 1;
        if (count < enough) return;
        clearTimeout(timer);
        resolve();
      });
    }
  });
}
