const MAX_UNDER_WAY = 16;
const BYTES_PER_SECOND = 64 * 1024 * 1024;

/**
 * Room for writes that nobody waits for and that may as well not happen: 16 at a time, at most 64 MiB a second. A
 * write that finds no room is not done, and never waits for it.
 */
export function fillRoom(nowMs: () => number): (sizeBytes: number, write: () => Promise<void>) => void {
  let underWay = 0;
  let freeBytes = BYTES_PER_SECOND;
  let atMs = nowMs();

  return (sizeBytes, write) => {
    const now = nowMs();
    freeBytes = Math.min(BYTES_PER_SECOND, freeBytes + ((now - atMs) * BYTES_PER_SECOND) / 1000);
    atMs = now;
    if (underWay >= MAX_UNDER_WAY || freeBytes < sizeBytes) return;
    freeBytes -= sizeBytes;
    underWay += 1;
    void write().finally(() => {
      underWay -= 1;
    });
  };
}
