import { randomBytes } from "node:crypto";
import type { Notice } from "@headwater/notices";
import type { Redis } from "ioredis";
import { type ChannelOptions, connect } from "./connection.ts";
import { encodeFrame, type Header, PUBLISHER_ID_BYTES } from "./frame.ts";

const HEARTBEAT_MS = 200;
const PUBLISH_MS = 20;

/** Numbers this process's notices, and says every 200 ms how many there were, so that others notice what they missed. */
export class Publisher {
  readonly #redis: Redis;
  readonly #channel: string;
  readonly #nowMs: () => number;
  readonly #id = randomBytes(PUBLISHER_ID_BYTES).toString("hex");
  readonly #heartbeat: NodeJS.Timeout;
  #sequence = 0;

  constructor({ url, channel, nowMs }: ChannelOptions) {
    this.#channel = channel;
    this.#redis = connect(url);
    this.#nowMs = nowMs;
    this.#redis.on("ready", () => void this.#send("heartbeat"));
    this.#heartbeat = setInterval(() => void this.#send("heartbeat"), HEARTBEAT_MS);
  }

  publish(notice: Notice): Promise<void> {
    // Counted whether or not it gets through: the next message tells of one that did not.
    this.#sequence++;
    return this.#send("notice", notice);
  }

  async close(): Promise<void> {
    clearInterval(this.#heartbeat);
    await this.#send("bye");
    this.#redis.disconnect();
  }

  /** Resolves when Redis has the message, has refused it, or 20 ms have passed. */
  async #send(kind: Header["kind"], notice?: Notice): Promise<void> {
    const header = { kind, publisher: this.#id, sequence: this.#sequence, sentMs: Math.trunc(this.#nowMs()) };
    const timeUp = Promise.withResolvers<void>();
    const timer = setTimeout(timeUp.resolve, PUBLISH_MS);
    try {
      const sent = this.#redis.publish(this.#channel, encodeFrame(header, notice));
      await Promise.race([sent, timeUp.promise]);
    } catch {
      // Lost: subscribers find out by the sequence, or by its silence.
    } finally {
      clearTimeout(timer);
    }
  }
}
