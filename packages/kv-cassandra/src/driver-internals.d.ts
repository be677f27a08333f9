/** The parts of cassandra-driver 4.10 that `frames.ts` replaces. Not in its own types. */
declare module "cassandra-driver/lib/writers.js" {
  interface Operation {
    readonly streamId: number;
    readonly request: { write(encoder: unknown, streamId: number): Buffer | readonly Buffer[] };
    canBeWritten(): boolean;
  }
  class FrameWriter {
    constructor(opcode: number);
    writeBytes(bytes: Buffer): void;
    readonly buffers: readonly Buffer[];
    readonly opcode: number;
    readonly bodyLength: number;
    write(version: number, streamId: number, flags?: number): Buffer | readonly Buffer[];
  }
  class WriteQueue {
    constructor(
      socket: import("node:stream").Duplex,
      encoder: unknown,
      options: { socketOptions: { coalescingThreshold: number } },
    );
    push(operation: Operation, callback: (error?: Error) => void): void;
    readonly netClient: import("node:stream").Duplex;
    readonly encoder: unknown;
    readonly coalescingThreshold: number;
    readonly queue: { operation: Operation; callback: (error?: Error) => void }[];
    readonly error: Error | null;
    isRunning: boolean;
    canWrite: boolean;
    setWriteError(error: Error): void;
    process(): void;
  }
  const writers: { FrameWriter: typeof FrameWriter; WriteQueue: typeof WriteQueue };
  export default writers;
}
