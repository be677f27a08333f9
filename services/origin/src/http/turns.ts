/** Answers that begin in one turn of the event loop: some milliseconds of work. */
const OPENINGS_PER_TURN = 16;
/** Bytes of bodies, beyond their beginnings, that are handed to sockets in one turn. */
const BYTES_PER_TURN = 4 * 1024 * 1024;
/** What one body gets in a turn: where many go on, little, as what sockets take later is beyond our turns. */
const PART_BYTES = { few: 512 * 1024, many: 64 * 1024 };
const FEW = BYTES_PER_TURN / PART_BYTES.few;
/** For so long beginnings alone are written; then bodies go on beside them, however many answers begin. */
const ALONE_MS = 1000;

/**
 * Shares out the process's time among answers that are due together: all of them begin before any goes on, and no turn
 * of the event loop becomes long. Both queues are bounded by the open connections.
 */
export class Turns {
  #openings: (() => void)[] = [];
  #parts: ((maxBytes: number) => void)[] = [];
  #openedInTurn = 0;
  #aloneUntilMs = 0;
  #isDue = false;

  /** Resolves when an answer may begin: at once while few do. */
  async opening(): Promise<void> {
    this.#schedule();
    if (this.#openings.length === 0 && this.#openedInTurn < OPENINGS_PER_TURN) {
      this.#openedInTurn += 1;
      return;
    }
    if (this.#openings.length === 0) this.#aloneUntilMs = performance.now() + ALONE_MS;
    await new Promise<void>((resolve) => this.#openings.push(resolve));
  }

  /** Writes a further part of a body, of so many bytes at most, when its turn has come. */
  goOn(write: (maxBytes: number) => void): void {
    this.#parts.push(write);
    this.#schedule();
  }

  #schedule(): void {
    if (this.#isDue) return;
    this.#isDue = true;
    setImmediate(() => this.#turn());
  }

  #turn(): void {
    this.#isDue = false;
    const opened = this.#openings.splice(0, OPENINGS_PER_TURN);
    this.#openedInTurn = opened.length;
    for (const open of opened) open();
    if (opened.length === 0 || performance.now() > this.#aloneUntilMs) this.#writeParts();
    if (opened.length > 0 || this.#parts.length > 0) this.#schedule();
  }

  #writeParts(): void {
    const partBytes = this.#parts.length <= FEW ? PART_BYTES.few : PART_BYTES.many;
    for (const write of this.#parts.splice(0, BYTES_PER_TURN / partBytes)) write(partBytes);
  }
}
