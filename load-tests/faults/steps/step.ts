/**
 * Where a write is, in their order: part of its body read; chunk `n` about to be stored, and stored; all chunks
 * durable; the rows that lead to it written; its own row next, under way, written; its answer next; answered.
 */
export type Step =
  | "body"
  | `chunk ${number}`
  | `chunk ${number} stored`
  | "sealed"
  | "leading rows"
  | "row next"
  | "row under way"
  | "row written"
  | "answer next"
  | "answered";

/** Whether a write that got no further may be read, must be, or must not. */
export function visibleAt(step: Step): "no" | "maybe" | "yes" {
  if (step === "row under way") return "maybe";
  return step === "row written" || step === "answer next" || step === "answered" ? "yes" : "no";
}

/** The file in which a publisher that was started with `stop-at-step.ts` says who has got where: a line `{id}` each. */
export const STEPS_FILE = "FAULT_STEPS_FILE";

/** What the head of a PUT asks of that publisher. */
export interface Ask {
  /** Names the write in the file. */
  readonly id: string;
  /** It gets here and no further. */
  readonly step: Step;
  /** And the whole process dies then, by SIGKILL. */
  readonly isDeadly: boolean;
  /** Step `body`: of so many bytes. */
  readonly bodyBytes: number;
}

const HEADER = "fault-step";

export const askHeaders = (ask: Ask): Record<string, string> => ({ [HEADER]: JSON.stringify(ask) });

export function askOf(headers: NodeJS.Dict<string | string[]>): Ask | undefined {
  const header = headers[HEADER];
  return header === undefined ? undefined : (JSON.parse(String(header)) as Ask);
}
