import { type Inspector, segmentReport } from "../scanner.ts";
import type { InitReport } from "../types.ts";
import { readBrands } from "./brands.ts";
import { createFragmentSum } from "./fragments.ts";
import { readMoov } from "./moov.ts";
import { createBoxStream } from "./top-level.ts";

/** Inits and segments of fragmented MP4 (CMAF). */
export function createBmffScanner(): Inspector {
  const brands = new Set<string>();
  const fragments = createFragmentSum();
  let init: InitReport | undefined;
  let moofSeen = false;
  let samplesWithoutData = false;

  const boxes = createBoxStream({
    begin(type) {
      if (type === "moof") moofSeen = true;
      if (type === "mdat") samplesWithoutData = false;
      return type === "moov" || type === "moof" || type === "styp";
    },
    body(type, body) {
      if (type === "moov") init = readMoov(body);
      else if (type === "moof") samplesWithoutData = fragments.add(body) > 0;
      else readBrands(body, brands);
    },
  });

  return {
    push: boxes.push,
    finish() {
      const whole = boxes.whole();
      if (whole && init !== undefined && !moofSeen) return { kind: "init", init };
      const parseable = whole && moofSeen && !samplesWithoutData;
      return segmentReport("fmp4", {
        ...(init !== undefined && { init }),
        tracks: fragments.tracks(),
        brands: [...brands],
        defects: parseable ? [] : ["unparseable"],
      });
    },
  };
}
