import { join } from "node:path";
import { freePort, ROOT, startPart } from "@headwater/infra";

/** One more origin, with settings of its own, that the supervisor knows nothing of. */
export interface OriginBeside {
  /** host:port. */
  readonly address: string;
  readonly url: string;
  readonly adminUrl: string;
  stop(): Promise<void>;
}

/** Resolves when it is ready. */
export async function startOriginBeside(dir: string, settings: NodeJS.ProcessEnv): Promise<OriginBeside> {
  const [address, admin] = [`127.0.0.1:${await freePort()}`, `127.0.0.1:${await freePort()}`];
  const adminUrl = `http://${admin}`;
  const part = await startPart({
    name: "an origin",
    command: process.execPath,
    args: [join(ROOT, "services", "origin", "src", "main.ts")],
    cwd: ROOT,
    env: {
      ...(process.env.PATH !== undefined && { PATH: process.env.PATH }),
      HEADWATER_DRAIN_DELAY_MS: "0",
      ...settings,
      HEADWATER_ORIGIN_LISTEN: address,
      HEADWATER_ORIGIN_ADMIN_LISTEN: admin,
    },
    logFile: join(dir, "origin-beside.log"),
    readyMs: 30_000,
    ready: async () => {
      const answer = await fetch(`${adminUrl}/readyz`, { signal: AbortSignal.timeout(2000) });
      if (!answer.ok) throw new Error(`it is not ready: ${answer.status}`);
    },
  });
  return { address, url: `http://${address}`, adminUrl, stop: part.stop };
}
