/** Prints a line for each check as it ends, and counts. */
export class Report {
  readonly #scenario: string;
  #passed = 0;
  readonly #failed: string[] = [];

  constructor(scenario: string) {
    this.#scenario = scenario;
  }

  get passed(): number {
    return this.#passed;
  }

  /** The checks that failed, and why. */
  get failed(): readonly string[] {
    return this.#failed;
  }

  /** Runs one check: it passes unless `body` rejects; what it resolves to is printed. Never rejects. */
  async check(name: string, body: () => Promise<unknown>): Promise<void> {
    try {
      const detail = await body();
      this.#passed += 1;
      this.#print("ok  ", name, detail === undefined ? "" : String(detail));
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      this.#failed.push(`${this.#scenario}: ${name}: ${why}`);
      this.#print("FAIL", name, why);
    }
  }

  /** A line that is no check. */
  note(text: string): void {
    process.stdout.write(`     ${this.#scenario.padEnd(9)} ${text}\n`);
  }

  #print(verdict: string, name: string, detail: string): void {
    process.stdout.write(`${verdict} ${this.#scenario.padEnd(9)} ${name.padEnd(44)} ${detail}\n`);
  }
}
