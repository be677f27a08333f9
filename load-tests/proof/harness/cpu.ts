import { cpus } from "node:os";

function ticks() {
  const all = cpus().map(({ times }) => times);
  const idle = all.reduce((sum, times) => sum + times.idle, 0);
  const total = all.reduce((sum, times) => sum + Object.values(times).reduce((a, b) => a + b, 0), 0);
  return { idle, total };
}

/** Measures the share of this machine's processors that is busy, whoever uses them, from now to the call of what it returns. */
export function cpuShare(): () => number {
  const before = ticks();
  return () => {
    const now = ticks();
    return 1 - (now.idle - before.idle) / (now.total - before.total);
  };
}
