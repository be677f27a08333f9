import type { ChunkRef, Row } from "@headwater/kv";
import { decodeValue, encodeValue } from "@headwater/kv";
import type { SegmentReport } from "@headwater/media-inspection";
import { candidateKey, parseCandidateKey } from "./ids.ts";

/** One upload of one number by one pipeline: what its row says. The nonce of its chunks is the upload's id. */
export interface Candidate {
  readonly number: number;
  readonly pipeline: string;
  readonly region: string;
  readonly ref: ChunkRef;
  readonly ext: string;
  /** Which start of the pipeline's encoder it belongs to; 0 on `epoch` and `fixed`. */
  readonly run: number;
  /** Hash of its init segment (fMP4). */
  readonly init?: string;
  /** When its row was written, ms since the Unix epoch. */
  readonly stampMs: number;
  /** Its first sample's moment on the event's clock, for EXT-X-PROGRAM-DATE-TIME. */
  readonly startMs: number;
  readonly durationMs: number;
  /** Behind its expected publish; negative when early. */
  readonly latenessMs: number;
  readonly report: SegmentReport;
}

type CandidateMeta = Omit<Candidate, "number" | "pipeline" | "ref">;

export function candidateRow(id: string, candidate: Candidate, tokenUs: number): Row {
  const { number, pipeline, ref, ...meta } = candidate;
  return {
    id,
    key: candidateKey(number, pipeline, ref.nonce),
    value: encodeValue<CandidateMeta>({ ref, meta }),
    tokenUs,
  };
}

export function candidateOf(row: Row): Candidate {
  const { ref, meta } = decodeValue<CandidateMeta>(row.value);
  const { number, pipeline } = parseCandidateKey(row.key);
  return { ...meta, number, pipeline, ref: ref! };
}
