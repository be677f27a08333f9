import type { Container, ObjectReport } from "./types.ts";

export type SegmentObjectReport = Extract<ObjectReport, { kind: "segment" }>;

/** Reads one object as it arrives. Never throws, and keeps none of the bytes it is given. */
export interface Inspector {
  push(bytes: Uint8Array): void;
  /** What the bytes pushed so far say of themselves, when no more will come. */
  finish(): ObjectReport;
}

/** A segment's report, empty but for what is given. */
export function segmentReport(container: Container, told: Partial<SegmentObjectReport> = {}): SegmentObjectReport {
  return { kind: "segment", container, tracks: [], brands: [], codecs: [], defects: [], ...told };
}
