import type { Headwater } from "../../proof/harness/headwater.ts";

const TIMEOUT_MS = 10_000;

/** An event whose numbers follow the clock: number N ends at (N + 1) · `durationMs` since the Unix epoch. */
export interface ClockedEvent {
  readonly id: string;
  readonly durationMs: number;
  /** Without a slash at the end. */
  readonly publishUrl: string;
  readonly publishToken: string;
  /** Where its segments are read, without a slash at the end. */
  readonly readUrl: string;
}

/** Creates the event, with one pipeline. Rejects with the refusal's text. */
export async function createClockedEvent(headwater: Headwater, id: string, durationMs: number): Promise<ClockedEvent> {
  const [event] = await createClockedPipelines(headwater, id, durationMs, ["a"]);
  return event!;
}

/** Creates the event, as each of its pipelines sees it. Rejects with the refusal's text. */
export async function createClockedPipelines(
  { urls, operatorToken }: Headwater,
  id: string,
  durationMs: number,
  pipelines: readonly string[],
): Promise<ClockedEvent[]> {
  const fields = {
    id,
    timeline: "epoch",
    segmentDuration: durationMs,
    pipelines: pipelines.map((pipeline) => ({ id: pipeline, region: "west" })),
  };
  const answer = await fetch(`${urls.control}/v1/events`, {
    method: "POST",
    headers: { Authorization: `Bearer ${operatorToken}`, "Content-Type": "application/json" },
    body: JSON.stringify(fields),
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  const text = await answer.text();
  if (answer.status !== 201) throw new Error(`creating ${id} was answered ${answer.status}: ${text.slice(0, 300)}`);
  const { version = 1, pipelines: created } = JSON.parse(text) as Created;
  const readUrl = `${urls.origin}/live/${id}/v${version}`;
  return created.map(({ publishUrl, publishToken }) => ({
    id,
    durationMs,
    publishUrl: publishUrl.replace(/\/$/, ""),
    publishToken,
    readUrl,
  }));
}

interface Created {
  readonly version?: number;
  readonly pipelines: readonly { readonly publishUrl: string; readonly publishToken: string }[];
}
