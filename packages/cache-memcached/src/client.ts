import { Client } from "memjs";

/** memjs lets its sequence number go negative after 2^31 requests, from when on every request throws. */
export class UnsignedClient extends Client {
  override incrSeq(): void {
    (this as { seq: number }).seq = (this.seq + 1) >>> 0;
  }
}
