import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import type { PipelineRecord } from "../model/index.ts";

/** A fresh publish token and the SHA-256 under which it is kept. */
export function newPublishToken(): { token: string; sha256: string } {
  const token = randomBytes(24).toString("base64url");
  return { token, sha256: sha256(token) };
}

/** Whether a token opens the pipeline at `nowMs`. Takes the same time whether or not it does. */
export function tokenMatches(pipeline: PipelineRecord, token: string, nowMs: number): boolean {
  const given = Buffer.from(sha256(token));
  let matches = false;
  for (const known of pipeline.tokens) {
    const isValid = known.validUntilMs === undefined || nowMs < known.validUntilMs;
    if (timingSafeEqual(given, Buffer.from(known.sha256)) && isValid) matches = true;
  }
  return matches;
}

const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");
