/** Answers that begin in one turn of the event loop: some milliseconds of work. */
const OPENINGS_PER_TURN = 16;
/** Bytes of bodies, beyond their beginnings, that are handed to sockets in one turn. */
const BYTES_PER_TURN = 8 * 1024 * 1024;
/** Bytes of bodies that go out whole in one turn, where nobody waits for one. */
const WHOLE_BYTES_PER_TURN = 16 * 1024 * 1024;
/** The least that a body gets in a turn: where many go on, little, as what sockets take later is beyond our turns. */
const LEAST_PART_BYTES = 64 * 1024;
/** For so long beginnings alone are written at most; then bodies go on beside them, however many answers begin. */
const ALONE_MS = 1000;

/**
 * Shares out the process's time among answers that are due together: all of them begin before any goes on, and no turn
 * of the event loop becomes long. Both queues are bounded by the open connections.
 */
export class Turns {
  #openings: (() => void)[] = [];
  #parts: ((maxBytes: number) => void)[] = [];
  #openedInTurn = 0;
  #wholeBytesInTurn = 0;
  #crowdFromMs = 0;
  #partsFromMs = 0;
  #lingering: NodeJS.Timeout | undefined;
  #isDue = false;

  /** Resolves when an answer may begin: at once while few do. */
  async opening(): Promise<void> {
    this.#schedule();
    if (this.#openings.length === 0 && this.#openedInTurn < OPENINGS_PER_TURN) {
      this.#openedInTurn += 1;
      return;
    }
    if (this.#openings.length === 0) this.#crowdFromMs = performance.now();
    await new Promise<void>((resolve) => this.#openings.push(resolve));
  }

  /**
   * Whether a body of so many bytes may go out whole with its head, which costs the least: nobody waits for a turn, and
   * this one stays short.
   */
  takesWhole(sizeBytes: number): boolean {
    if (this.#openings.length > 0 || this.#parts.length > 0) return false;
    if (this.#wholeBytesInTurn + sizeBytes > WHOLE_BYTES_PER_TURN) return false;
    this.#wholeBytesInTurn += sizeBytes;
    this.#schedule();
    return true;
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
    this.#wholeBytesInTurn = 0;
    const opened = this.#openings.splice(0, OPENINGS_PER_TURN);
    this.#openedInTurn = opened.length;
    for (const open of opened) open();
    const nowMs = performance.now();
    // As long again as its own have taken: other processes of this machine may still be at theirs.
    if (opened.length > 0) this.#partsFromMs = Math.min(this.#crowdFromMs + ALONE_MS, 2 * nowMs - this.#crowdFromMs);
    const restMs = this.#partsFromMs - nowMs;
    if (restMs <= 0) this.#writeParts();
    if (opened.length > 0) this.#schedule();
    else if (this.#parts.length > 0) this.#scheduleParts(restMs);
  }

  #scheduleParts(inMs: number): void {
    if (inMs <= 0) this.#schedule();
    // Not by turns that do nothing: they would take the time that others need.
    else
      this.#lingering ??= setTimeout(() => {
        this.#lingering = undefined;
        this.#schedule();
      }, inMs);
  }

  #writeParts(): void {
    const partBytes = Math.max(LEAST_PART_BYTES, Math.floor(BYTES_PER_TURN / this.#parts.length));
    for (const write of this.#parts.splice(0, BYTES_PER_TURN / LEAST_PART_BYTES)) write(partBytes);
  }
}
