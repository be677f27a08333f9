import type { Headwater } from "../../proof/harness/headwater.ts";

const TIMEOUT_MS = 10_000;

/** An event whose numbers follow the clock: number N ends at (N + 1) · `durationMs` since the Unix epoch. */
export interface ClockedEvent {
  readonly id: string;
  readonly pipeline: string;
  readonly durationMs: number;
  /** Without a slash at the end. */
  readonly publishUrl: string;
  readonly publishToken: string;
  /** Where its segments are read, without a slash at the end. */
  readonly readUrl: string;
}

/** Creates the event, with one pipeline. Rejects with the refusal's text. */
export async function createClockedEvent(headwater: Headwater, id: string, durationMs: number): Promise<ClockedEvent> {
  const [event] = await createPipelines(headwater, { id, durationMs, pipelines: ["a"] });
  return event!;
}

export interface PipelinesOptions {
  readonly id: string;
  readonly durationMs: number;
  readonly pipelines: readonly string[];
  readonly renditions?: readonly string[];
}

/** Creates the event; resolves to how each of its pipelines publishes to it. Rejects with the refusal's text. */
export async function createPipelines(
  { urls, operatorToken }: Headwater,
  { id, durationMs, pipelines: ids, renditions = [] }: PipelinesOptions,
): Promise<ClockedEvent[]> {
  const wanted = ids.map((pipeline) => ({ id: pipeline, region: "local" }));
  const answer = await fetch(`${urls.control}/v1/events`, {
    method: "POST",
    headers: { Authorization: `Bearer ${operatorToken}`, "Content-Type": "application/json" },
    body: JSON.stringify({ id, timeline: "epoch", segmentDuration: durationMs, renditions, pipelines: wanted }),
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  const text = await answer.text();
  if (answer.status !== 201) throw new Error(`creating ${id} was answered ${answer.status}: ${text.slice(0, 300)}`);
  const { version = 1, pipelines } = JSON.parse(text) as Created;
  const readUrl = `${urls.origin}/live/${id}/v${version}`;
  return pipelines.map(({ id: pipeline, publishUrl, publishToken }) => {
    return { id, pipeline, durationMs, publishUrl: publishUrl.replace(/\/$/, ""), publishToken, readUrl };
  });
}

interface Created {
  readonly version?: number;
  readonly pipelines: readonly { readonly id: string; readonly publishUrl: string; readonly publishToken: string }[];
}
