import type { Headwater } from "../harness/headwater.ts";
import type { Report } from "../harness/report.ts";

export interface Scene {
  readonly headwater: Headwater;
  readonly report: Report;
  /** Of the stores that it runs on; empty for the embedded one. */
  readonly settings: NodeJS.ProcessEnv;
  /** Length of the video. */
  readonly seconds: number;
  /** An empty folder. */
  readonly dir: string;
}

/** Reports every check by itself; rejects only when it cannot go on. */
export type Scenario = (scene: Scene) => Promise<void>;
