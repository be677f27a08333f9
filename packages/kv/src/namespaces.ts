import { CHUNK_BYTES, KvError, type Namespace, RETENTION_CLASSES, type RetentionClass, type Row } from "./port.ts";

const HOUR_MS = 3_600_000;

/** What holds for a namespace in every store. Latencies are those of a store behind a network. */
export interface NamespaceRules {
  /** What it keeps: small rows alone, or chunked values beside them. */
  readonly store: "rows" | "rows and chunks";
  /** How long everything lives after its row's token, in ms; undefined: until it is replaced. */
  readonly retentionMs: number | undefined;
  /** Who must agree to a write or a read of rows. */
  readonly rowConsistency: "localQuorum";
  /** Chunks never change, so the nearest copy will do; a quorum is asked where it has none. */
  readonly chunkConsistency: "localOne";
  /** The largest value that a row may hold itself; what is larger goes into chunks. */
  readonly inlineMaxBytes: number;
  /** Size of every chunk of a value but the last. */
  readonly chunkBytes: number;
  /** What an operation should take, in ms: a page of rows that would take longer ends early. */
  readonly targetMs: number;
  /** The longest that an operation takes with all its retries and hedges, in ms. */
  readonly maxMs: number;
}

const COMMON = {
  rowConsistency: "localQuorum",
  chunkConsistency: "localOne",
  chunkBytes: CHUNK_BYTES,
  maxMs: 3000,
} as const;

const media = (retentionMs: number): NamespaceRules => ({
  ...COMMON,
  store: "rows and chunks",
  retentionMs,
  inlineMaxBytes: 64 * 1024,
  targetMs: 50,
});

export const NAMESPACES: Readonly<Record<Namespace, NamespaceRules>> = {
  // An init segment of 256 KiB lies in its row.
  control: { ...COMMON, store: "rows", retentionMs: undefined, inlineMaxBytes: 1024 * 1024, targetMs: 100 },
  "1h": media(HOUR_MS),
  "6h": media(6 * HOUR_MS),
  "24h": media(24 * HOUR_MS),
  "7d": media(7 * 24 * HOUR_MS),
};

/** How long media of each retention class lives, in ms after its row's token. */
export const RETENTION_MS = Object.fromEntries(
  RETENTION_CLASSES.map((retention) => [retention, NAMESPACES[retention].retentionMs!]),
) as Readonly<Record<RetentionClass, number>>;

/** How far a token may be ahead of this machine's clock. A row from the future would swallow later writes without a word. */
export const CLOCK_TOLERANCE_MS = 2000;

/** Throws `KvError` `clock` for a token from the future, and RangeError for a value that belongs into chunks. */
export function checkRow(namespace: Namespace, { value, tokenUs }: Row, nowMs: number): void {
  const aheadMs = tokenUs / 1000 - nowMs;
  if (aheadMs > CLOCK_TOLERANCE_MS) {
    throw new KvError("clock", `the row's token is ${Math.round(aheadMs)} ms ahead of this clock`);
  }
  const { inlineMaxBytes } = NAMESPACES[namespace];
  if (value.length > inlineMaxBytes) {
    throw new RangeError(`a row of ${namespace} holds at most ${inlineMaxBytes} bytes, not ${value.length}`);
  }
}

/** Throws RangeError for a chunk that a namespace cannot hold. */
export function checkChunk(namespace: Namespace, bytes: Uint8Array): void {
  const { store, chunkBytes } = NAMESPACES[namespace];
  if (store === "rows") throw new RangeError(`${namespace} holds rows only`);
  if (bytes.length > chunkBytes) throw new RangeError(`a chunk has at most ${chunkBytes} bytes, not ${bytes.length}`);
}
