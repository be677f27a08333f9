import { type FileHandle, mkdir, open, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { CHUNK_BYTES, checkChunk, KvError, type Namespace, nonceTimeMs, type StagedValue } from "@headwater/kv";
import { kvErrorOf } from "./database.ts";

export const HOUR_MS = 3_600_000;
export const NONCE = /^[0-9a-f]{32}$/;

export function chunksFolder(dir: string, namespace: Namespace): string {
  return join(dir, "chunks", namespace);
}

/** The file of a value's chunks: `chunks/{namespace}/{hours since the Unix epoch}/{nonce}`. Throws on a bad nonce. */
export function chunksPath(dir: string, namespace: Namespace, nonce: string): string {
  if (!NONCE.test(nonce)) throw new RangeError("a nonce is 32 hex digits");
  return join(chunksFolder(dir, namespace), String(Math.floor(nonceTimeMs(nonce) / HOUR_MS)), nonce);
}

/** Chunk `n` of the file, or undefined if there is no such file or chunk. Throws `KvError`. */
export async function readChunk(path: string, n: number): Promise<Buffer | undefined> {
  try {
    await using file = await open(path, "r");
    const buffer = Buffer.allocUnsafeSlow(CHUNK_BYTES);
    let length = 0;
    while (length < CHUNK_BYTES) {
      const { bytesRead } = await file.read(buffer, length, CHUNK_BYTES - length, n * CHUNK_BYTES + length);
      if (bytesRead === 0) break;
      length += bytesRead;
    }
    if (length === 0) return undefined;
    // A short chunk is copied, so that whoever keeps it does not keep 512 KiB.
    return length === CHUNK_BYTES ? buffer : Buffer.from(buffer.subarray(0, length));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw kvErrorOf(error);
  }
}

/**
 * One value on its way into one file, chunk `n` at `n * CHUNK_BYTES`. No file is made for a value of no chunks. It holds
 * the file open until `seal` or `abandon`: its owner must call one of them.
 */
export class StagedFile implements StagedValue {
  readonly #namespace: Namespace;
  readonly #path: string;
  readonly #dir: string;
  readonly #haveRoom: () => Promise<void>;
  #file: Promise<FileHandle> | undefined;
  readonly #writes: Promise<void>[] = [];
  #ended = false;

  /** `haveRoom` rejects with the `KvError` that forbids a new value. */
  constructor(namespace: Namespace, path: string, dir: string, haveRoom: () => Promise<void>) {
    this.#namespace = namespace;
    this.#path = path;
    this.#dir = dir;
    this.#haveRoom = haveRoom;
  }

  async write(n: number, bytes: Uint8Array): Promise<void> {
    checkChunk(this.#namespace, bytes);
    const write = this.#write(n, bytes).catch((error) => Promise.reject(kvErrorOf(error)));
    this.#writes.push(write);
    return write;
  }

  async #write(n: number, bytes: Uint8Array): Promise<void> {
    if (this.#ended) throw new KvError("unavailable", "this value has been sealed or given up");
    this.#file ??= this.#create();
    const file = await this.#file;
    for (let written = 0; written < bytes.length; ) {
      const position = n * CHUNK_BYTES + written;
      const { bytesWritten } = await file.write(bytes, written, bytes.length - written, position);
      written += bytesWritten;
    }
  }

  async seal(): Promise<void> {
    this.#ended = true;
    try {
      await Promise.all(this.#writes);
      const file = await this.#file;
      if (!file) return;
      // The file's name is durable only with its folder.
      await Promise.all([file.datasync(), syncFolder(dirname(this.#path))]);
      await file.close();
    } catch (error) {
      await this.abandon();
      throw kvErrorOf(error);
    }
  }

  async abandon(): Promise<void> {
    this.#ended = true;
    await Promise.allSettled(this.#writes);
    try {
      await (await this.#file)?.close();
    } catch {
      // Never opened, or closed by the seal.
    }
    if (this.#file) await rm(this.#path, { force: true }).catch(() => {}); // What is left, the sweep removes.
  }

  async #create(): Promise<FileHandle> {
    await this.#haveRoom();
    try {
      return await open(this.#path, "wx");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    }
    const hour = dirname(this.#path);
    await mkdir(hour, { recursive: true });
    for (const folder of [dirname(hour), dirname(dirname(hour)), this.#dir]) await syncFolder(folder);
    return await open(this.#path, "wx");
  }
}

async function syncFolder(path: string): Promise<void> {
  await using folder = await open(path, "r");
  await folder.sync();
}
