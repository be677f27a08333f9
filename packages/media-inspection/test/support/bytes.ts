import { createInspector } from "../../src/index.ts";
import type { ObjectReport } from "../../src/types.ts";

export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}

/** Bytes from hex digits, spaces ignored. */
export function hex(digits: string): Uint8Array {
  return new Uint8Array(Buffer.from(digits.replaceAll(/\s/g, ""), "hex"));
}

export function text(latin1: string): Uint8Array {
  return new Uint8Array(Buffer.from(latin1, "latin1"));
}

export function inspect(...pushes: readonly Uint8Array[]): ObjectReport {
  const inspector = createInspector();
  for (const bytes of pushes) inspector.push(bytes);
  return inspector.finish();
}

export function inspectSegment(bytes: Uint8Array) {
  const report = inspect(bytes);
  if (report.kind !== "segment") throw new Error("an init, not a segment");
  return report;
}

export function inspectInit(bytes: Uint8Array) {
  const report = inspect(bytes);
  if (report.kind !== "init") throw new Error("a segment, not an init");
  return report.init;
}
