/** What was found; `isKept` of a check, undefined of a note. */
export interface Finding {
  readonly name: string;
  readonly isKept?: boolean;
  readonly detail: string;
}

/** Prints a line for each check as it ends, and keeps it. */
export class Report {
  readonly findings: Finding[] = [];
  readonly #scenario: string;

  constructor(scenario: string) {
    this.#scenario = scenario;
  }

  get passed(): number {
    return this.findings.filter(({ isKept }) => isKept === true).length;
  }

  /** The checks that failed, and why. */
  get failed(): readonly string[] {
    const broken = this.findings.filter(({ isKept }) => isKept === false);
    return broken.map(({ name, detail }) => `${this.#scenario}: ${name}: ${detail}`);
  }

  /** Runs one check: it passes unless `body` rejects; what it resolves to is printed. Resolves to whether it passed; never rejects. */
  async check(name: string, body: () => Promise<unknown>): Promise<boolean> {
    try {
      const detail = await body();
      this.#found({ name, isKept: true, detail: detail === undefined ? "" : String(detail) });
      return true;
    } catch (error) {
      this.#found({ name, isKept: false, detail: error instanceof Error ? error.message : String(error) });
      return false;
    }
  }

  /** A line that is no check. */
  note(text: string): void {
    this.findings.push({ name: "", detail: text });
    process.stdout.write(`     ${this.#scenario.padEnd(9)} ${text}\n`);
  }

  #found(finding: Required<Finding>): void {
    this.findings.push(finding);
    const { name, isKept, detail } = finding;
    process.stdout.write(`${isKept ? "ok  " : "FAIL"} ${this.#scenario.padEnd(9)} ${name.padEnd(44)} ${detail}\n`);
  }
}
