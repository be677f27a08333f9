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
  /** Says to all who ask `isWarm` that it has been warmed. Forgotten when it loses its memory. */
  markWarm(): Promise<void>;
  /** Copies a chunk from the other zones if it belongs here and is not here. Resolves to the bytes copied. */
  warm(key: string): Promise<number>;
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
          await node.set(markKey, encodeChunk(markKey, new Uint8Array()));
        },
        async warm(key) {
          if (copy.nodeOf(key) !== node || (await node.has(key)) !== false) return 0;
          for (const peer of peers) {
            const read = await peer.nodeOf(key).get(key);
            if (read.outcome !== "hit") continue;
            if ((await node.set(key, read.value)) !== "stored") return 0;
            onFilled(copy.name);
            return read.value.byteLength;
          }
          return 0;
        },
      };
    }),
  );
}
