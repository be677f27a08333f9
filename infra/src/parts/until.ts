import { setTimeout as sleep } from "node:timers/promises";

const POLL_MS = 50;

/** Tries again and again until `attempt` resolves; throws its last error after `timeoutMs`, or once `pointless()`. */
export async function until(
  attempt: () => Promise<unknown>,
  timeoutMs: number,
  pointless = () => false,
): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    try {
      await attempt();
      return;
    } catch (error) {
      if (performance.now() >= deadline || pointless()) throw error;
    }
    await sleep(POLL_MS);
  }
}
