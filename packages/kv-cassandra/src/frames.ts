import writers from "cassandra-driver/lib/writers.js";

const { FrameWriter, WriteQueue } = writers;
type Queue = InstanceType<typeof WriteQueue>;

/** Parts of at least this size go to the socket as they are; smaller ones are joined, as that is cheaper. */
const LARGE_BYTES = 32 * 1024;
/** Frames since version 3 of the protocol; the driver speaks 4. */
const HEADER_BYTES = 9;

let installed = false;

/**
 * Makes the driver write large values without copying them. Its own queue joins the parts of each frame, and then the
 * frames of a batch: two copies of every chunk, which cost less time than the garbage collections they bring about.
 * The bytes of a value must therefore stay as they are for good: a hedge that lost may still be on its way.
 */
export function writeLargeValuesInPlace(): void {
  if (installed) return;
  installed = true;
  const writeJoined = FrameWriter.prototype.write;
  FrameWriter.prototype.write = function (version, streamId, flags = 0) {
    if (!this.buffers.some(isLarge)) return writeJoined.call(this, version, streamId, flags);
    return joinSmall([frameHeader(version, flags, streamId, this.opcode, this.bodyLength), ...this.buffers]);
  };
  WriteQueue.prototype.process = writeQueued;
}

const isLarge = (part: Buffer) => part.length >= LARGE_BYTES;

function frameHeader(version: number, flags: number, streamId: number, opcode: number, bodyBytes: number): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt8(version, 0);
  header.writeUInt8(flags, 1);
  header.writeInt16BE(streamId, 2);
  header.writeUInt8(opcode, 4);
  header.writeUInt32BE(bodyBytes, 5);
  return header;
}

/** The same bytes in fewer parts: neighbours that are small are one. */
export function joinSmall(parts: readonly Buffer[]): Buffer[] {
  const joined: Buffer[] = [];
  let small: Buffer[] = [];
  const flush = () => {
    if (small.length > 0) joined.push(Buffer.concat(small));
    small = [];
  };
  for (const part of parts) {
    if (isLarge(part)) {
      flush();
      joined.push(part);
    } else small.push(part);
  }
  flush();
  return joined;
}

/** `WriteQueue.process`: writes what is queued, up to the driver's threshold, then yields to others before it goes on. */
function writeQueued(this: Queue): void {
  if (this.error) return;
  const frames: Buffer[] = [];
  const written: (() => void)[] = [];
  let sizeBytes = 0;
  while (this.queue.length > 0 && sizeBytes < this.coalescingThreshold) {
    const { operation, callback } = this.queue.shift()!;
    if (!operation.canBeWritten()) {
      callback(new Error("the request was cancelled, or timed out, before it was written"));
      continue;
    }
    try {
      const frame = operation.request.write(this.encoder, operation.streamId);
      for (const part of Buffer.isBuffer(frame) ? [frame] : frame) {
        frames.push(part);
        sizeBytes += part.length;
      }
      written.push(callback);
    } catch (error) {
      callback(error as Error);
    }
  }
  if (frames.length === 0) {
    this.isRunning = false;
    return;
  }
  // The driver takes note of each request before its answer can be there.
  for (const callback of written) callback();

  const { netClient } = this;
  const onWritten = (error?: Error | null) => {
    if (error) this.setWriteError(error);
    // The next request, or the drain, starts it again.
    else if (this.queue.length === 0 || !this.canWrite) this.isRunning = false;
    else setImmediate(() => this.process());
  };
  const parts = joinSmall(frames);
  netClient.cork();
  for (const part of parts.slice(0, -1)) netClient.write(part);
  this.canWrite = netClient.write(parts.at(-1)!, onWritten);
  netClient.uncork();
}
