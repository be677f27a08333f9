import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import type { Class, Outcome } from "../k6/lib/classes.ts";

/** What one class got in one second. */
export interface Second {
  readonly outcomes: Record<Outcome, number>;
  readonly firstByteMs: number[];
}

/** By class, then by the second of the Unix epoch. */
export type Answers = Map<Class, Map<number, Second>>;

/** Reads k6's CSV of one run, and adds it up by class and second. */
export async function readAnswers(csvFile: string, into: Answers = new Map()): Promise<Answers> {
  const lines = createInterface({ input: createReadStream(csvFile) });
  let columns: readonly string[] | undefined;
  for await (const line of lines) {
    if (columns === undefined) columns = line.split(",");
    else addLine(line, columns, into);
  }
  return into;
}

function addLine(line: string, columns: readonly string[], into: Answers): void {
  const isAnswer = line.startsWith("answers,");
  if (!isAnswer && !line.startsWith("first_byte,")) return;
  const cells = line.split(",");
  const tags = new URLSearchParams(cells[columns.indexOf("extra_tags")]);
  const second = secondOf(into, tags.get("class") as Class, Number(cells[1]));
  if (isAnswer) second.outcomes[tags.get("outcome") as Outcome] += Number(cells[2]);
  else second.firstByteMs.push(Number(cells[2]));
}

function secondOf(answers: Answers, name: Class, at: number): Second {
  const seconds = answers.get(name) ?? new Map<number, Second>();
  answers.set(name, seconds);
  const second = seconds.get(at) ?? { outcomes: { right: 0, shed: 0, wrong: 0, none: 0 }, firstByteMs: [] };
  seconds.set(at, second);
  return second;
}

/** Of some classes together, from one moment until another (ms since the Unix epoch). */
export function between(answers: Answers, classes: readonly Class[], fromMs: number, toMs: number): Second {
  const sum: Second = { outcomes: { right: 0, shed: 0, wrong: 0, none: 0 }, firstByteMs: [] };
  for (const name of classes) {
    for (const [at, { outcomes, firstByteMs }] of answers.get(name) ?? []) {
      if (at * 1000 < fromMs - 999 || at * 1000 >= toMs) continue;
      for (const outcome of Object.keys(outcomes) as Outcome[]) sum.outcomes[outcome] += outcomes[outcome];
      for (const ms of firstByteMs) sum.firstByteMs.push(ms);
    }
  }
  return sum;
}

export const requestsOf = ({ outcomes }: Second): number =>
  outcomes.right + outcomes.shed + outcomes.wrong + outcomes.none;
