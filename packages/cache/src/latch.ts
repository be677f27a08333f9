/**
 * Resolves when `enough` of the writes have succeeded, all have ended, or `waitMs` have passed: a write that failed is
 * none that could be waited for. `writes` must not reject.
 */
export function latch(writes: readonly Promise<boolean>[], enough: number, waitMs: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, waitMs);
    let ended = 0;
    let succeeded = 0;
    for (const write of writes) {
      void write.then((success) => {
        ended += 1;
        if (success) succeeded += 1;
        if (succeeded < enough && ended < writes.length) return;
        clearTimeout(timer);
        resolve();
      });
    }
  });
}
