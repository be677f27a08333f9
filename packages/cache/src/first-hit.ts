export interface FirstHitOptions {
  /** How long one may take before the next is asked as well. The last may take three times as long. */
  patienceMs: number;
  /** Whether one more may be asked before the one before it has answered. */
  mayHurry: () => boolean;
  /** Told of one that is not waited for any more. */
  onLate: (ask: number) => void;
}

const LAST_PATIENCE = 3;

/**
 * Asks one after the other until one has something: the next when the one before has nothing, or takes too long.
 * Undefined when none has anything, or the last has taken too long. `asks` must not reject.
 */
export function firstHit<T>(
  asks: readonly (() => Promise<T | undefined>)[],
  { patienceMs, mayHurry, onLate }: FirstHitOptions,
): Promise<T | undefined> {
  return new Promise((resolve) => {
    let asked = 0;
    let waiting = 0;
    let isOver = false;
    let patience: NodeJS.Timeout | undefined;

    function end(found: T | undefined): void {
      isOver = true;
      clearTimeout(patience);
      resolve(found);
    }

    function tooLate(n: number): void {
      if (isOver || n + 1 < asked) return;
      const isLast = asked === asks.length;
      if (!isLast && !mayHurry()) return;
      onLate(n);
      if (isLast) end(undefined);
      else askNext();
    }

    function askNext(): void {
      clearTimeout(patience);
      const n = asked;
      if (n === asks.length) {
        if (waiting === 0) end(undefined);
        return;
      }
      asked += 1;
      waiting += 1;
      // If it was this process that was late, the answer may be here already: it is read before what is immediate.
      const look = () => setImmediate(tooLate, n);
      patience = setTimeout(look, asked < asks.length ? patienceMs : LAST_PATIENCE * patienceMs);
      void asks[n]!().then((found) => {
        waiting -= 1;
        if (isOver) return;
        if (found === undefined) askNext();
        else end(found);
      });
    }
    askNext();
  });
}
