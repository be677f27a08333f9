import { encodeChunk } from "./frame.ts";
import type { GuardedNode } from "./guard.ts";

/** One server of a zone, for those who watch over it. */
export interface ZoneNode {
  readonly zone: string;
  readonly address: string;
  /** Left out after failures. */
  readonly isOut: boolean;
  /** Whether it has been warmed since it came up empty; undefined when it does not answer. */
  isWarm(): Promise<boolean | undefined>;
  /** Says to all who ask `isWarm` that it has been warmed, until it loses its memory. Whether it has kept that. */
  markWarm(): Promise<boolean>;
  /**
   * Copies a chunk from the other zones if it belongs here and is not here. Resolves to the bytes copied; to undefined
   * when it may still lack a chunk that there is: this server did not answer, or no zone has it and one did not answer.
   */
  warm(key: string): Promise<number | undefined>;
}

/** What there is of a zone: its nodes by address, and which of them holds a key. */
export interface ZoneCopy {
  readonly name: string;
  readonly nodes: ReadonlyMap<string, GuardedNode>;
  nodeOf(key: string): GuardedNode;
}

/** Every node of every zone. `onFilled` is told the zone of each chunk copied. */
export function zoneNodes(copies: readonly ZoneCopy[], onFilled: (zone: string) => void): ZoneNode[] {
  return copies.flatMap((copy) =>
    [...copy.nodes].map(([address, node]): ZoneNode => {
      const markKey = `warm/${address}`;
      const peers = copies.filter((other) => other !== copy);
      return {
        zone: copy.name,
        address,
        get isOut() {
          return node.isOut;
        },
        isWarm: () => node.has(markKey),
        async markWarm() {
          // A set may have been refused.
          const written = await node.set(markKey, encodeChunk(markKey, new Uint8Array()));
          return written === "stored" && (await node.has(markKey)) === true;
        },
        async warm(key) {
          if (copy.nodeOf(key) !== node) return 0;
          const isHere = await node.has(key);
          if (isHere === undefined) return undefined;
          if (isHere) return 0;
          let isMissing = true;
          for (const peer of peers) {
            const read = await peer.nodeOf(key).get(key);
            if (read.outcome === "hit") {
              if ((await node.set(key, read.value)) !== "stored") return undefined;
              onFilled(copy.name);
              return read.value.byteLength;
            }
            isMissing &&= read.outcome === "miss";
          }
          return isMissing ? 0 : undefined;
        },
      };
    }),
  );
}
