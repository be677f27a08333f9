import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { initSegment, mediaSegment } from "@headwater/infra";

const TIMEOUT_MS = 10_000;
const KNOWN_WITHIN_MS = 3000;
const SIZE_BYTES = 32 * 1024;
export const DURATION_MS = 1000;

export interface EventOptions {
  /** Without a slash at the end, as all URLs here. */
  readonly controlUrl: string;
  readonly operatorToken: string;
  /** Replaces the origin of the `publishUrl` that control tells. */
  readonly publisherUrl?: string | undefined;
}

/** An event for this check alone, with what publishes to it. */
export class ThrowAwayEvent {
  readonly id: string;
  readonly #options: EventOptions;
  readonly #publishUrl: string;
  readonly #publishToken: string;
  readonly #bytes = new Map<string, Buffer>();

  private constructor(id: string, options: EventOptions, publishUrl: string, publishToken: string) {
    this.id = id;
    this.#options = options;
    this.#publishUrl = publishUrl;
    this.#publishToken = publishToken;
  }

  /** Creates it, and waits until the publisher knows it. Rejects with the refusal's text, or when the clocks differ. */
  static async create(options: EventOptions): Promise<ThrowAwayEvent> {
    const id = `check-edge-${randomBytes(4).toString("hex")}`;
    const fields = { id, timeline: "epoch", segmentDuration: DURATION_MS, retryDeadlineMs: 2000, retention: "1h" };
    const answer = await control(options, "POST", "/events", fields);
    const told = Date.parse(answer.headers.get("date") ?? "");
    if (Math.abs(told - Date.now()) > 2500) throw new Error("this machine's clock and control's differ by seconds");
    const { pipelines } = (await answer.json()) as { pipelines: [{ publishUrl: string; publishToken: string }] };
    const { pathname, href } = new URL(pipelines[0].publishUrl);
    const { publisherUrl } = options;
    const url = (publisherUrl === undefined ? href : `${publisherUrl}${pathname}`).replace(/\/$/, "");
    const event = new ThrowAwayEvent(id, options, url, pipelines[0].publishToken);
    const deadlineMs = Date.now() + KNOWN_WITHIN_MS;
    for (;;) {
      const refused = await event.#put("probe", Buffer.alloc(0)).then(
        () => undefined,
        (error) => error,
      );
      if (refused === undefined) return event;
      if (Date.now() > deadlineMs) {
        await event.delete();
        throw refused;
      }
      await sleep(100);
    }
  }

  init(rendition: string): Promise<void> {
    return this.#put(`${rendition}/init.mp4`, initSegment());
  }

  /** Rejects unless it is acknowledged. */
  publish(rendition: string, number: number): Promise<void> {
    return this.#put(`${rendition}/${number}.m4s`, this.bytesOf(rendition, number));
  }

  /** What is published under that number, or will be. */
  bytesOf(rendition: string, number: number): Buffer {
    const name = `${rendition}/${number}`;
    const bytes = this.#bytes.get(name) ?? mediaSegment({ number, durationMs: DURATION_MS, sizeBytes: SIZE_BYTES });
    this.#bytes.set(name, bytes);
    return bytes;
  }

  async nextVersion(): Promise<void> {
    await control(this.#options, "POST", `/events/${this.id}/version`, {});
  }

  async delete(): Promise<void> {
    await control(this.#options, "DELETE", `/events/${this.id}`);
  }

  async #put(path: string, bytes: Buffer): Promise<void> {
    const answer = await fetch(`${this.#publishUrl}/${path}`, {
      method: "PUT",
      headers: { Authorization: `Bearer ${this.#publishToken}` },
      body: bytes as BodyInit,
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`PUT of ${path} was answered ${answer.status}: ${text.slice(0, 200)}`);
  }
}

async function control({ controlUrl, operatorToken }: EventOptions, method: string, path: string, body?: object) {
  const answer = await fetch(`${controlUrl}/v1${path}`, {
    method,
    headers: { Authorization: `Bearer ${operatorToken}`, "Content-Type": "application/json" },
    ...(body !== undefined && { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  if (answer.ok) return answer;
  throw new Error(`${method} ${path} was answered ${answer.status}: ${(await answer.text()).slice(0, 200)}`);
}
