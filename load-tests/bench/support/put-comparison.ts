import { randomBytes } from "node:crypto";
import { mediaSegment } from "@headwater/infra";
import { compareLoads, type LoadRow } from "./load-comparison.ts";

const SIZE_BYTES = 2 * 1024 * 1024;
export const SEGMENT_MS = 2000;

export interface PutTarget {
  readonly name: string;
  /** What an acknowledgement means. */
  readonly durability: string;
  /** Writes one 2 MiB segment, the next of its kind; resolves when it was acknowledged. */
  readonly write: (body: Buffer) => Promise<void>;
}

export interface PutRow extends LoadRow {
  readonly durability: string;
}

/** From the first byte of a 2 MiB segment to its acknowledgement, one by one and at a steady rate, in interleaved rounds. */
export async function comparePuts(targets: readonly PutTarget[]): Promise<PutRow[]> {
  const rows = await compareLoads(
    targets.map(({ name, write }) => ({ name, work: write })),
    bodies(),
  );
  return rows.map((row) => ({ ...row, durability: targets.find(({ name }) => name === row.client)!.durability }));
}

/** Segments of which no two are the same. */
function bodies(): () => Buffer {
  const segment = mediaSegment({ number: 0, durationMs: SEGMENT_MS, sizeBytes: SIZE_BYTES });
  return () => {
    const body = Buffer.from(segment);
    randomBytes(64).copy(body, SIZE_BYTES - 64);
    return body;
  };
}
