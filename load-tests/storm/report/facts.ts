import { cpus } from "node:os";
import type { TestCassandra } from "@headwater/infra";
import { describeCores } from "../cores.ts";
import { EVENT, MEMORY_BYTES, type Stage } from "../stage.ts";

type Fact = readonly [name: string, value: string];

/** What every report tells of how it was measured, and then the caller's own. */
export function facts(
  stage: Stage,
  startMs: number,
  cassandra: TestCassandra | undefined,
  own: readonly Fact[],
): Fact[] {
  const [cpu] = cpus();
  const machine = `${cpus().length} cores, ${cpu?.model.trim() ?? "of an unknown kind"}`;
  const encoders = `2 pipelines x ${EVENT.renditions.length} renditions`;
  return [
    ["when", new Date(startMs).toISOString()],
    ["machine", `${machine}; ${process.platform}, Node ${process.version}`],
    ["busy, whoever used it", stage.phases.map(({ name, busy }) => `${name} ${Math.round(100 * busy)} %`).join(", ")],
    ["who shares what", describeCores(stage.cores)],
    ["store", cassandra === undefined ? "local (SQLite and files)" : "Cassandra, two memcached zones, Redis"],
    ["memory for media", `${MEMORY_BYTES / 1024 ** 2} MiB an origin process`],
    ["published", `${encoders}, a segment of 100 to 400 kB every ${EVENT.durationMs} ms each`],
    ...own,
  ];
}
