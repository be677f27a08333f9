import { type Metric, parseMetrics } from "../../storm/metrics.ts";

const TIMEOUT_MS = 2_000;

/** What a process says of itself. Rejects when it says nothing within 2 s. */
export async function readMetrics(adminUrl: string): Promise<Metric[]> {
  const answer = await fetch(`${adminUrl}/metrics`, { signal: AbortSignal.timeout(TIMEOUT_MS) });
  return parseMetrics(await answer.text());
}
