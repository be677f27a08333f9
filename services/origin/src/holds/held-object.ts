/** Why requests that waited are answered, before their own time is up. */
export type ObjectEnd = "published" | "ended" | "stalled" | "deadline";

/** Whether there is reason to answer; if not, when to look again even though nobody has told anything. */
export type Verdict = { readonly end: ObjectEnd } | { readonly againAtMs: number };

/** Something that requests wait for. */
export interface HeldObject {
  /** The same for all requests that wait for the same. */
  readonly key: string;
  /** Calls `wake` at everything that may change the verdict; returns how to stop. */
  subscribe(wake: () => void): () => void;
  /** Rejects with KvError when it cannot be told. */
  verdict(nowMs: number): Promise<Verdict>;
}
