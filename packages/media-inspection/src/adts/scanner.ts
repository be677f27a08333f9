import { type Inspector, segmentReport } from "../scanner.ts";
import { createAdtsFrames, SAMPLES_PER_FRAME } from "./frames.ts";
import { readTransportTimestamp } from "./id3.ts";

/** Packed audio: ADTS frames, with or without ID3 in front. Times in units of the sample rate. */
export function createAdtsScanner(): Inspector {
  let timestamp: number | undefined;
  const adts = createAdtsFrames((tag) => {
    timestamp ??= readTransportTimestamp(tag);
  });
  return {
    push: adts.push,
    finish() {
      const { frames, sampleRate, codec } = adts;
      if (sampleRate === undefined || codec === undefined) return segmentReport("aac", { defects: ["unparseable"] });
      return segmentReport("aac", {
        codecs: [codec],
        times: {
          timescale: sampleRate,
          ...(timestamp !== undefined && { decodeTime: Math.round((timestamp * sampleRate) / 90000) }),
          durationTicks: frames * SAMPLES_PER_FRAME,
          samples: frames,
          video: false,
        },
        defects: adts.whole() ? [] : ["unparseable"],
      });
    },
  };
}
