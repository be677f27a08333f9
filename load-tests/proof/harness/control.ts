import type { Headwater } from "./headwater.ts";

const TIMEOUT_MS = 10_000;

/** An event of one pipeline, with what its encoder and its readers need. */
export interface ProofEvent {
  readonly id: string;
  readonly pipeline: string;
  /** With a slash at the end. */
  readonly publishUrl: string;
  readonly publishToken: string;
  readonly masterUrl: string;
}

/** Creates an event with the defaults of the API. Rejects with the refusal's text. */
export async function createEvent(headwater: Headwater, id: string): Promise<ProofEvent> {
  const answer = await call(headwater, "POST", "/events", { id });
  const { pipelines } = answer as { pipelines: { id: string; publishUrl: string; publishToken: string }[] };
  const [{ id: pipeline, publishUrl, publishToken }] = pipelines as [(typeof pipelines)[0]];
  return { id, pipeline, publishUrl, publishToken, masterUrl: `${headwater.urls.origin}/live/${id}/master.m3u8` };
}

/** Changes an event while it runs. */
export async function patchEvent(headwater: Headwater, id: string, change: object): Promise<void> {
  await call(headwater, "PATCH", `/events/${id}`, change);
}

/** Ends the event at its highest number. */
export async function endEvent(headwater: Headwater, id: string): Promise<void> {
  await call(headwater, "POST", `/events/${id}/end`);
}

/**
 * Calls the control API, and resolves to what the answer's JSON says. Rejects with the refusal's text, unless it is 2xx,
 * or `status` where that is given.
 */
export async function call(headwater: Headwater, method: string, path: string, body?: unknown, status?: number) {
  const { urls, operatorToken } = headwater;
  const answer = await fetch(`${urls.control}/v1${path}`, {
    method,
    headers: { Authorization: `Bearer ${operatorToken}`, "Content-Type": "application/json" },
    ...(body !== undefined && { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  const text = await answer.text();
  if (status === undefined ? !answer.ok : answer.status !== status)
    throw new Error(`${method} ${path} was answered ${answer.status}: ${text.slice(0, 300)}`);
  return text === "" ? undefined : JSON.parse(text);
}
