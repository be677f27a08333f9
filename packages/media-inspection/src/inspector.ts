import { createAdtsScanner } from "./adts/scanner.ts";
import { createBmffScanner } from "./isobmff/scanner.ts";
import { createTsScanner } from "./mpegts/scanner.ts";
import { type Inspector, segmentReport } from "./scanner.ts";
import { SNIFF_BYTES, sniffContainer } from "./sniff.ts";
import type { Container, ObjectReport } from "./types.ts";

/**
 * Inspects one uploaded object in one pass while it arrives. The container is told from the bytes, never from a name.
 * Never throws: what cannot be read is a segment with the defect `unparseable`.
 */
export function createInspector(): Inspector {
  const head = new Uint8Array(SNIFF_BYTES);
  let headBytes = 0;
  let scanner: Inspector | undefined;

  const choose = (): Inspector => {
    const known = head.subarray(0, headBytes);
    const chosen = createScanner(sniffContainer(known));
    chosen.push(known);
    return chosen;
  };

  return {
    push(bytes) {
      let rest = bytes;
      if (scanner === undefined) {
        const taken = bytes.subarray(0, SNIFF_BYTES - headBytes);
        head.set(taken, headBytes);
        headBytes += taken.length;
        if (headBytes < SNIFF_BYTES) return;
        scanner = choose();
        rest = bytes.subarray(taken.length);
      }
      scanner.push(rest);
    },
    finish() {
      scanner ??= choose();
      return scanner.finish();
    },
  };
}

function createScanner(container: Container): Inspector {
  switch (container) {
    case "fmp4":
      return createBmffScanner();
    case "ts":
      return createTsScanner();
    case "aac":
      return createAdtsScanner();
    case "vtt":
      return fixedReport(segmentReport("vtt"));
    case "unknown":
      return fixedReport(segmentReport("unknown", { defects: ["unparseable"] }));
  }
}

function fixedReport(report: ObjectReport): Inspector {
  return { push() {}, finish: () => report };
}
