/** One upload of one number by one pipeline. */
export interface Candidate {
  readonly pipeline: string;
  /** Orders uploads of one pipeline with the same stamp. */
  readonly upload: string;
  /** When its commit row was written. */
  readonly stampMs: number;
  readonly sizeBytes: number;
  /** As `jump;ms=120`; none: the copy is valid. */
  readonly defects: readonly string[];
  readonly masked: boolean;
}

export interface ChoiceInput<C extends Candidate = Candidate> {
  /** The event's pipelines, first choice first. */
  readonly order: readonly string[];
  /** In any order. */
  readonly candidates: readonly C[];
  /** Pipelines that published one of the two numbers before. */
  readonly previousPublishers: ReadonlySet<string>;
  readonly graceMs: number;
  readonly clockToleranceMs: number;
  /**
   * The number's retry deadline: until then a defective copy gives way to a valid one. Unknown: always. Where no copy came
   * before it, the first has `graceMs` instead.
   */
  readonly replaceableUntilMs?: number;
  readonly nowMs: number;
}

export interface Choice<C extends Candidate = Candidate> {
  /** Undefined when there is none, or all are masked. */
  readonly candidate?: C;
  /** Every process gives this answer from now on, but for a mask, an invalidation or a defect found later. */
  readonly settled: boolean;
  /** When an open choice settles, where that is known. */
  readonly settlesAtMs?: number;
  /** `first-valid`: the earliest valid; `grace`: one that came a little later, but is preferred. */
  readonly reason: "first-valid" | "grace" | "least-bad" | "all-masked" | "none";
}
