import { connect, type Socket } from "node:net";
import { type Response, Server } from "memjs";
import { ConnectionError, ReplyReader } from "./reply-reader.ts";

const OPCODE_SET = 0x01;
/** A set carries its bytes up and waits for memory to be found: it gets longer than a get. */
const SET_EXTRA_MS = 100;
const LAST_LOOK_MS = 20;
const FIRST_BACKOFF_MS = 50;
const MAX_BACKOFF_MS = 200;
/** A server that keeps sending, however slowly, is waited for so much longer. */
const MAX_SENDING_MS = 400;

/**
 * memjs's `Server` with a transport of our own: one connection, made when it is needed. memjs's own copies everything
 * received so far at each packet, appends the bytes of a new connection to what an old one left, and never fails what
 * waits on a connection closed by the other side. Here whatever goes wrong costs the requests in flight on this
 * connection, at once, and the next request gets a new one: immediately after the first failure, then after pauses
 * from 50 ms growing to 200 ms, until a reply has come. A request is given up when the server has been silent for
 * `timeoutMs`: many large replies on their way are not a failure.
 */
export class MemcachedServer extends Server {
  readonly #timeoutMs: number;
  /** The deadline of each request in flight, by its opaque number. Bounded by who admits requests. */
  readonly #deadlines = new Map<number, number>();
  #socket: Socket | undefined;
  #timer: NodeJS.Timeout | undefined;
  #failures = 0;
  #retryAtMs = 0;
  #heardAtMs = 0;
  #closed = false;

  constructor(host: string, port: number, timeoutMs: number) {
    super(host, port);
    this.#timeoutMs = timeoutMs;
  }

  get inFlight(): number {
    return this.#deadlines.size;
  }

  /** Whether a request may be written now: false once closed, and in the pauses after failures. */
  get usable(): boolean {
    return !this.#closed && (this.#socket !== undefined || performance.now() >= this.#retryAtMs);
  }

  /** Called by memjs with one whole request, after `onResponse` and `onError` of its opaque number. */
  override write(blob: Uint8Array): void {
    const request = blob as Buffer;
    const timeoutMs = request[1] === OPCODE_SET ? this.#timeoutMs + SET_EXTRA_MS : this.#timeoutMs;
    this.#deadlines.set(request.readUInt32BE(12), performance.now() + timeoutMs);
    this.#socket ??= this.#connect();
    this.#socket.write(request);
    this.#timer ??= setTimeout(() => this.#expire(false), this.#timeoutMs);
  }

  /** Drops the connection and fails everything in flight on it. */
  override error(error: Error): void {
    this.#failures += 1;
    if (this.#failures > 1) {
      this.#retryAtMs = performance.now() + Math.min(MAX_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** (this.#failures - 2));
    }
    this.#drop();
    super.error(error);
  }

  override close(): void {
    this.#closed = true;
    this.#drop();
    super.error(new ConnectionError("closed by us"));
  }

  #drop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#deadlines.clear();
    this.#socket?.destroy();
    this.#socket = undefined;
  }

  #connect(): Socket {
    const reader = new ReplyReader();
    const lost = (why: string, cause?: Error) => {
      if (this.#socket === socket) this.error(new ConnectionError(`${this.host}:${this.port} ${why}`, { cause }));
    };
    const socket = connect({
      host: this.host,
      port: this.port,
      noDelay: true,
      onread: {
        buffer: () => reader.target,
        callback: (size) => {
          if (this.#socket !== socket) return false;
          this.#heardAtMs = performance.now();
          try {
            const reply = reader.advance(size);
            if (reply !== undefined) this.#respond(reply);
          } catch (error) {
            lost("sent what is not a reply", error as Error);
          }
          return true;
        },
      },
    });
    socket.on("error", (error) => lost("failed", error));
    socket.on("end", () => lost("ended the connection"));
    socket.on("close", () => lost("closed the connection"));
    return socket;
  }

  #respond(reply: Response): void {
    const { opaque } = reply.header;
    const callback = this.responseCallbacks[opaque];
    if (!this.#deadlines.delete(opaque) || callback === undefined) {
      throw new ConnectionError(`reply to ${opaque}, which was not asked`);
    }
    delete this.responseCallbacks[opaque];
    delete this.errorCallbacks[opaque];
    this.#failures = 0;
    callback(reply);
  }

  #expire(lastLook: boolean): void {
    if (this.#rearmed()) return;
    if (lastLook) {
      this.error(new ConnectionError(`${this.host}:${this.port} did not answer in time`));
      return;
    }
    // If it was this process that was late, the replies may be here already: let them be read first.
    this.#timer = setTimeout(() => this.#expire(true), LAST_LOOK_MS);
  }

  /** Sets the timer for when the earliest deadline has passed in silence, if that is to come. False when it has. */
  #rearmed(): boolean {
    const dueMs = Math.min(...this.#deadlines.values());
    const silentAtMs = Math.min(this.#heardAtMs + this.#timeoutMs, dueMs + MAX_SENDING_MS);
    const waitMs = Math.max(dueMs, silentAtMs) - performance.now();
    if (waitMs <= 0) return false;
    this.#timer = waitMs === Number.POSITIVE_INFINITY ? undefined : setTimeout(() => this.#expire(false), waitMs);
    return true;
  }
}
