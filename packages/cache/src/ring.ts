import { hash } from "node:crypto";

/** 32 hashes of 5 points each: 160 points a node, as ketama has, keep the shares of nodes within some 10 % or 20 %. */
const HASHES_PER_NODE = 32;
const POINTS_PER_HASH = 5;

/**
 * Consistent hashing: the name of the node that holds a key. When a node is added or removed only the keys of that node
 * move. `names` must not be empty.
 */
export function ring(names: readonly string[]): (key: string) => string {
  const points = names
    .flatMap((name) => pointsOf(name).map((point) => ({ point, name })))
    .sort((a, b) => a.point - b.point || (a.name < b.name ? -1 : 1));

  return (key) => {
    if (names.length === 1) return names[0]!;
    const position = hash("sha1", key, "buffer").readUInt32BE(0);
    let low = 0;
    let high = points.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (points[middle]!.point < position) low = middle + 1;
      else high = middle;
    }
    return points[low % points.length]!.name;
  };
}

function pointsOf(name: string): number[] {
  return Array.from({ length: HASHES_PER_NODE }, (_, n) => hash("sha1", `${name}-${n}`, "buffer")).flatMap((digest) =>
    Array.from({ length: POINTS_PER_HASH }, (_, n) => digest.readUInt32BE(n * 4)),
  );
}
