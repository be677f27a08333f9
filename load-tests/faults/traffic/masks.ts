import { call } from "../../proof/harness/control.ts";
import type { Headwater } from "../../proof/harness/headwater.ts";

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
  readonly #path: string;

  constructor(headwater: Headwater, event: string) {
    this.#headwater = headwater;
    this.#path = `/events/${event}/masks`;
  }

  async add(mask: WantedMask): Promise<Mask> {
    return call(this.#headwater, "POST", this.#path, mask, 201);
  }

  async all(): Promise<readonly Mask[]> {
    return (await call(this.#headwater, "GET", this.#path, undefined, 200)).masks;
  }

  async remove({ id }: Pick<Mask, "id">): Promise<void> {
    await call(this.#headwater, "DELETE", `${this.#path}/${id}`, undefined, 204);
  }
}
