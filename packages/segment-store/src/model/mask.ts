import type { Row } from "@headwater/kv";
import { decodeValue, encodeValue } from "@headwater/kv";
import { maskHoldersId, masksId } from "./ids.ts";

/** An operator's word that a pipeline's copies of some numbers are not to be served (interface §2). */
export interface Mask {
  readonly id: string;
  readonly pipeline: string;
  /** Absent: every rendition. */
  readonly rendition?: string;
  /** Inclusive; `to` null: all from there on, until the mask is removed. */
  readonly from: number;
  readonly to: number | null;
  readonly createdAtMs: number;
  /** The operator's name. */
  readonly by: string;
}

/** What is left of a mask that was removed: masks are never taken out of the store, so that none can be lost. */
export interface RemovedMask {
  readonly removedAtMs: number;
  readonly by: string;
}

/** A mask has a row of its own, so that two processes that mask at the same instant never undo one another's word. */
export function maskRow(uid: string, id: string, record: Mask | RemovedMask, tokenUs: number): Row {
  return { id: masksId(uid), key: Buffer.from(id), value: encodeValue({ meta: record }), tokenUs };
}

/** The mask that a row stands for; undefined where it was removed. */
export function maskOf(row: Row): Mask | undefined {
  const record = decodeValue<Mask | RemovedMask>(row.value).meta;
  return "removedAtMs" in record ? undefined : record;
}

/** Whether a mask says of a pipeline's copies of a number that they are not to be served. */
export function isMaskedBy(mask: Mask, pipeline: string, rendition: string, number: number): boolean {
  return (
    mask.pipeline === pipeline &&
    (mask.rendition === undefined || mask.rendition === rendition) &&
    mask.from <= number &&
    (mask.to === null || number <= mask.to)
  );
}

/** The masks of an event that a process serves by, as it says itself. */
export interface MaskHolder {
  readonly process: string;
  /** Their ids. */
  readonly masks: readonly string[];
}

/** One row for each process, so that their number is bounded by that of processes. */
export function maskHolderRow(uid: string, holder: MaskHolder, tokenUs: number): Row {
  return { id: maskHoldersId(uid), key: Buffer.from(holder.process), value: encodeValue({ meta: holder }), tokenUs };
}

export const maskHolderOf = (row: Row): MaskHolder => decodeValue<MaskHolder>(row.value).meta;
