import type { Headwater } from "../../proof/harness/headwater.ts";

const TIMEOUT_MS = 10_000;

export interface WantedMask {
  readonly pipeline: string;
  readonly rendition?: string;
  readonly from: number;
  readonly to: number | null;
}

export interface Mask extends WantedMask {
  readonly id: string;
  readonly confirmedBy: readonly string[];
}

/** An event's masks, as an operator works with them. Methods reject with the refusal's text. */
export class EventMasks {
  readonly #headwater: Headwater;
  readonly #event: string;

  constructor(headwater: Headwater, event: string) {
    this.#headwater = headwater;
    this.#event = event;
  }

  async add(mask: WantedMask): Promise<Mask> {
    return JSON.parse(await this.#call("POST", "", 201, mask));
  }

  async all(): Promise<readonly Mask[]> {
    return JSON.parse(await this.#call("GET", "", 200)).masks;
  }

  async remove({ id }: Pick<Mask, "id">): Promise<void> {
    await this.#call("DELETE", `/${id}`, 204);
  }

  async #call(method: string, path: string, status: number, body?: WantedMask): Promise<string> {
    const { urls, operatorToken } = this.#headwater;
    const answer = await fetch(`${urls.control}/v1/events/${this.#event}/masks${path}`, {
      method,
      headers: { Authorization: `Bearer ${operatorToken}` },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    const text = await answer.text();
    if (answer.status !== status) throw new Error(`${method} …/masks${path}: ${answer.status} ${text.slice(0, 300)}`);
    return text;
  }
}
