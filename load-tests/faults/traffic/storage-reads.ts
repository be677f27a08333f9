import { sumBy } from "../../storm/metrics.ts";
import { readMetrics } from "./metrics.ts";

/** An origin's counts of what it read from where, since it started: `headwater_storage_reads_total` by tier. */
export const storageReads = async (adminUrl: string): Promise<Readonly<Record<string, number>>> =>
  sumBy(await readMetrics(adminUrl), "headwater_storage_reads_total", "tier");
