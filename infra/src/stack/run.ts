import { join } from "node:path";
import { ensureParts, type InstallablePart } from "../install.ts";
import { startCassandra } from "../parts/cassandra.ts";
import { startMemcached } from "../parts/memcached.ts";
import { freePort } from "../parts/ports.ts";
import { startRedis } from "../parts/redis.ts";
import { birthOf, isAlive, stopProcess } from "./background.ts";
import { readState, removeState, STACK_DIR, type StackPart, writeState } from "./state.ts";

export interface StackOptions {
  readonly nodes: 1 | 3;
  /** Whether the parts live on when this process ends. */
  readonly background: boolean;
}

const CASSANDRA_PORT = 9042;
const MEMCACHED_PORTS = { a: 11221, b: 11222 };
const REDIS_PORT = 6390;
const MEMCACHED_MB = 256;

/**
 * Starts Cassandra, two memcached zones and Redis, those of them that do not run yet, on their usual ports or on free
 * ones, and records each as it comes up. memcached and Redis may be missing on this machine, Cassandra may not.
 */
export async function startStack({ nodes, background }: StackOptions): Promise<readonly StackPart[]> {
  const missing = await ensureParts(["cassandra", "memcached", "redis-server"]);
  if (missing.includes("cassandra")) throw new Error("the stack needs Cassandra, which is not on this machine");
  const common = { outliveUs: background };
  const dir = join(STACK_DIR, "logs");

  const starts: [StackPart["name"], InstallablePart, () => Promise<Started>][] = [
    [
      "cassandra",
      "cassandra",
      async () => {
        const port = await freePort(CASSANDRA_PORT, hosts(nodes));
        const cassandra = await startCassandra({ nodes, port, dir: join(STACK_DIR, `cassandra-${nodes}`), ...common });
        return { address: cassandra.contactPoints.join(","), pids: cassandra.nodes.map(({ pid }) => pid) };
      },
    ],
    ...(["a", "b"] as const).map((zone): (typeof starts)[number] => [
      `memcached-${zone}`,
      "memcached",
      async () => {
        const port = await freePort(MEMCACHED_PORTS[zone]);
        const { address, pid } = await startMemcached({ dir, port, memoryMb: MEMCACHED_MB, ...common });
        return { address, pids: [pid] };
      },
    ]),
    [
      "redis",
      "redis-server",
      async () => {
        const { port, pid } = await startRedis({ dir, port: await freePort(REDIS_PORT), ...common });
        return { address: `127.0.0.1:${port}`, pids: [pid] };
      },
    ],
  ];

  const parts: StackPart[] = [];
  const before = await readState();
  for (const [name, program, start] of starts) {
    const old = before.find((part) => part.name === name);
    if (old && isWhole(old)) {
      if (name === "cassandra" && old.processes.length !== nodes) {
        throw new Error(`Cassandra runs with ${old.processes.length} node(s): stop the stack first`);
      }
      parts.push(old);
    } else if (!missing.includes(program)) {
      await Promise.all((old?.processes ?? []).map(stopProcess));
      const { address, pids } = await start();
      parts.push({ name, address, processes: pids.map((pid) => ({ pid, birth: birthOf(pid) ?? "" })) });
    }
    const notYet = before.filter((part) => isWhole(part) && !parts.some((done) => done.name === part.name));
    await writeState([...parts, ...notYet]);
  }
  return parts;
}

interface Started {
  readonly address: string;
  readonly pids: readonly number[];
}

/** Stops what `startStack` started and is still there. */
export async function stopStack(): Promise<void> {
  const parts = await readState();
  await Promise.all(parts.flatMap(({ processes }) => processes.map(stopProcess)));
  await removeState();
}

/** Whether every process of the part still runs. */
export function isWhole({ processes }: StackPart): boolean {
  return processes.every(isAlive);
}

function hosts(nodes: number): string[] {
  return Array.from({ length: nodes }, (_, i) => `127.0.0.${i + 1}`);
}
