import type { RetentionClass } from "./port.ts";

const HOUR_MS = 3_600_000;

/** How long media of each retention class lives, in ms after its row's token. */
export const RETENTION_MS: Readonly<Record<RetentionClass, number>> = {
  "1h": HOUR_MS,
  "6h": 6 * HOUR_MS,
  "24h": 24 * HOUR_MS,
  "7d": 7 * 24 * HOUR_MS,
};
