import { setTimeout as sleep } from "node:timers/promises";

const POLL_MS = 50;
const ASK_TIMEOUT_MS = 2_000;
const TELL_EVERY_MS = 10_000;

export type Awaited = { readonly name: string; readonly adminUrl: string; readonly pid: () => number | undefined };

/** Waits until all are ready, and tells every 10 s of those that are not. Rejects when `stopping` aborts. */
export async function allReady(processes: readonly Awaited[], stopping: AbortSignal, tell: (line: string) => void) {
  await Promise.all(processes.map((process) => ready(process, stopping, tell)));
}

async function ready(process: Awaited, stopping: AbortSignal, tell: (line: string) => void): Promise<void> {
  let toldAt = performance.now();
  for (;;) {
    stopping.throwIfAborted();
    const reason = await whyNotReady(process);
    if (reason === undefined) return;
    if (performance.now() - toldAt > TELL_EVERY_MS) {
      toldAt = performance.now();
      tell(`still waiting for ${process.name} at ${process.adminUrl}: ${reason}`);
    }
    await sleep(POLL_MS, undefined, { signal: stopping });
  }
}

/** Undefined when the process is ready: ours, by its pid, and not another that listens there. */
async function whyNotReady({ adminUrl, pid }: Awaited): Promise<string | undefined> {
  try {
    const health = (await (await ask(`${adminUrl}/healthz`)).json()) as { pid?: number };
    if (health.pid !== pid()) return `process ${health.pid} listens there, which is not ours`;
    const answer = await ask(`${adminUrl}/readyz`);
    if (answer.ok) return undefined;
    const { reasons = [] } = (await answer.json()) as { reasons?: string[] };
    return reasons.join(", ") || `status ${answer.status}`;
  } catch (error) {
    return error instanceof Error ? String(error.cause ?? error.message) : String(error);
  }
}

function ask(url: string): Promise<Response> {
  return fetch(url, { signal: AbortSignal.timeout(ASK_TIMEOUT_MS) });
}
