import type { IncomingMessage, ServerResponse } from "node:http";

export type BodyErrorCode =
  /** The client hung up, or sent broken framing, before the body's end. */
  | "cut-short"
  | "too-large"
  /** No byte came for too long, or the whole took too long. */
  | "timeout";

export class BodyError extends Error {
  override readonly name = "BodyError";
  readonly code: BodyErrorCode;
  constructor(code: BodyErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

/** Encoders send a header seconds before its body (ffmpeg's init.mp4: 2.1 s), and a segment as it is made. */
const IDLE_MS = 40_000;
const WHOLE_MS = 110_000;

/** Whether the head says that there is no body at all. */
export function hasNoBody({ headers }: IncomingMessage): boolean {
  return headers["transfer-encoding"] === undefined && Number(headers["content-length"] ?? 0) === 0;
}

/**
 * Lets a waiting client send (100 Continue), and gives its body to `take`, one piece at a time. Resolves to its size in
 * bytes once it has come whole, whether or not the client is still there. Where `take` gives a promise, the next piece
 * comes after it. Rejects with BodyError, or with what `take` rejected with; the request is left readable, so that an
 * answer can still be given.
 */
export function receiveBody(
  req: IncomingMessage,
  res: ServerResponse,
  maxBytes: number,
  take: (bytes: Buffer) => Promise<void> | undefined,
): Promise<number> {
  if (Number(req.headers["content-length"] ?? 0) > maxBytes) return Promise.reject(tooLarge(maxBytes));
  if (req.destroyed) return Promise.reject(cutShort());
  if (req.headers.expect !== undefined && req.httpVersion !== "1.0") res.writeContinue();
  return new Promise((resolve, reject) => {
    let sizeBytes = 0;
    const idle = setTimeout(() => fail(timeout()), IDLE_MS);
    const whole = setTimeout(() => fail(timeout()), WHOLE_MS);
    const onData = (bytes: Buffer) => {
      sizeBytes += bytes.length;
      if (sizeBytes > maxBytes) return fail(tooLarge(maxBytes));
      idle.refresh();
      const taken = take(bytes);
      if (taken === undefined) return;
      req.pause();
      taken.then(() => req.resume(), fail);
    };
    const onEnd = () => {
      stop();
      if (req.complete) resolve(sizeBytes);
      else reject(cutShort());
    };
    const onCut = () => fail(cutShort());
    const fail = (error: unknown) => {
      stop();
      req.pause();
      reject(error);
    };
    const stop = () => {
      clearTimeout(idle);
      clearTimeout(whole);
      req.off("data", onData).off("end", onEnd).off("close", onCut);
      req.off("error", onCut);
      // A later cut is nobody's news any more.
      req.on("error", () => {});
    };
    req.on("data", onData).on("end", onEnd).on("close", onCut).on("error", onCut);
    req.resume();
  });
}

/** The whole body of at most `maxBytes`. Rejects with BodyError. */
export async function readWhole(req: IncomingMessage, res: ServerResponse, maxBytes: number): Promise<Buffer> {
  const parts: Buffer[] = [];
  await receiveBody(req, res, maxBytes, (bytes) => {
    parts.push(bytes);
    return undefined;
  });
  return Buffer.concat(parts);
}

const cutShort = () => new BodyError("cut-short", "The body was cut short");
const tooLarge = (maxBytes: number) => new BodyError("too-large", `The body is over the limit of ${maxBytes} bytes`);
const timeout = () => new BodyError("timeout", "The body did not come in time");
