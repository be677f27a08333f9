import { keepSecret, readSecret } from "./kept-secret.ts";

const ID = "demo";
const TIMEOUT_MS = 10_000;

export type DemoEvent = {
  readonly id: string;
  readonly pipeline: string;
  readonly publishUrl: string;
  readonly publishToken: string;
};
export type DemoOptions = {
  readonly controlUrl: string;
  readonly operatorToken: string;
  /** Where the publish token is kept from start to start; control knows only its hash. */
  readonly tokenFile: string;
};

type Publishing = { readonly publishUrl: string; readonly publishToken: string };
type Created = { readonly pipelines: readonly (Publishing & { readonly id: string })[] };
type Stored = { readonly pipelines: readonly { readonly id: string }[] };

/**
 * The event that `npm start` shows Headwater with: created when it is not there. When its publish token was lost, or
 * belongs to another store's event of that name, a new one is made.
 */
export async function demoEvent({ controlUrl, operatorToken, tokenFile }: DemoOptions): Promise<DemoEvent> {
  const call = async (method: string, path: string, body?: unknown): Promise<Response> =>
    fetch(`${controlUrl}/v1${path}`, {
      method,
      headers: { Authorization: `Bearer ${operatorToken}`, "Content-Type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });

  const created = await call("POST", "/events", { id: ID, timeline: "first-segment" });
  if (created.status === 201) {
    const pipeline = only(((await created.json()) as Created).pipelines);
    return remember(tokenFile, pipeline.id, pipeline);
  }
  if (created.status !== 409) throw await refusal("creating the event", created);

  const found = await call("GET", `/events/${ID}`);
  if (!found.ok) throw await refusal("reading the event", found);
  const pipeline = only(((await found.json()) as Stored).pipelines).id;
  const kept = await readKept(tokenFile);
  if (kept && (await isValid(kept))) return { id: ID, pipeline, ...kept };

  const rotated = await call("POST", `/events/${ID}/tokens`, { pipeline });
  if (rotated.status !== 201) throw await refusal("making a publish token", rotated);
  return remember(tokenFile, pipeline, (await rotated.json()) as Publishing);
}

async function remember(tokenFile: string, pipeline: string, { publishUrl, publishToken }: Publishing) {
  await keepSecret(tokenFile, JSON.stringify({ publishUrl, publishToken }));
  return { id: ID, pipeline, publishUrl, publishToken };
}

async function readKept(tokenFile: string): Promise<Publishing | undefined> {
  try {
    return JSON.parse((await readSecret(tokenFile)) ?? "");
  } catch {
    return undefined;
  }
}

/** The publisher answers an empty probe 204 when the token is right. */
async function isValid({ publishUrl, publishToken }: Publishing): Promise<boolean> {
  const probe = await fetch(`${publishUrl.replace(/\/$/, "")}/probe`, {
    method: "PUT",
    headers: { Authorization: `Bearer ${publishToken}`, "Content-Length": "0" },
    signal: AbortSignal.timeout(TIMEOUT_MS),
  }).catch(() => undefined);
  await probe?.body?.cancel();
  return probe?.status === 204;
}

function only<T>(values: readonly T[]): T {
  const [first] = values;
  if (first === undefined) throw new Error("the event has no pipeline");
  return first;
}

async function refusal(what: string, answer: Response): Promise<Error> {
  return new Error(`${what} ${ID} was answered ${answer.status}: ${(await answer.text()).slice(0, 300)}`);
}
