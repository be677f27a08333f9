import { randomInt } from "node:crypto";
import { freePort } from "./ports.ts";

/** A free port that no outgoing connection will be given: below the range that Linux takes those from. */
export function quietPort(): Promise<number> {
  return freePort(randomInt(10_000, 32_000));
}
