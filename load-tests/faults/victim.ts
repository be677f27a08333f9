import type { CassandraNode, SmallDisk } from "@headwater/infra";

/** Of a Cassandra node that has a disk of its own. */
export const DISK_BYTES = 2 * 2 ** 30;

/** A server that a fault stops and starts again, on the same port. */
export interface Victim {
  /** SIGKILL. */
  kill(): void;
  /** SIGSTOP: it takes connections, and answers nothing. */
  freeze(): void;
  /** SIGCONT: it goes on where it was. */
  thaw(): void;
  /** Ends it if it still runs; resolves when another one answers in its place. */
  startAgain(): Promise<void>;
}

interface Server {
  readonly port: number;
  readonly pid: number;
  stop(): Promise<void>;
}

/** A server that `start` starts, on the port that it had before. */
export async function victim<P extends Server>(
  start: (at: { port?: number }) => Promise<P>,
): Promise<Victim & { readonly part: P; current(): P }> {
  const part = await start({});
  let current = part;
  return {
    ...signals(() => current.pid),
    part,
    current: () => current,
    startAgain: async () => {
      await current.stop();
      current = await start({ port: part.port });
    },
  };
}

/** A Cassandra node, which outlives the fault. */
export interface NodeVictim extends Victim {
  /** Whether it has to be started again for the next fault. */
  isStruck(): boolean;
  /** Takes what room there is on its disk. Rejects where it has none of its own. */
  fillDisk(): Promise<void>;
}

/** One that is started again has room on its disk. */
export function nodeVictim(node: CassandraNode, disk?: SmallDisk): NodeVictim {
  let isFrozen = false;
  const { kill, freeze, thaw } = signals(() => node.pid);
  return {
    kill,
    freeze: () => {
      freeze();
      isFrozen = true;
    },
    thaw: () => {
      thaw();
      isFrozen = false;
    },
    isStruck: () => isFrozen || !node.running(),
    fillDisk: async () => {
      if (disk === undefined) throw new Error("the nodes need disks of their own: root on Linux");
      await disk.leave(0);
    },
    startAgain: async () => {
      await disk?.leave(DISK_BYTES);
      await node.startAgain();
      isFrozen = false;
    },
  };
}

/** Several as one. */
export function allOf(victims: readonly Victim[]): Victim {
  const each = (act: (one: Victim) => void) => () => {
    for (const one of victims) act(one);
  };
  return {
    kill: each((one) => one.kill()),
    freeze: each((one) => one.freeze()),
    thaw: each((one) => one.thaw()),
    startAgain: async () => void (await Promise.all(victims.map((one) => one.startAgain()))),
  };
}

const signals = (pid: () => number) => ({
  kill: () => void process.kill(pid(), "SIGKILL"),
  freeze: () => void process.kill(pid(), "SIGSTOP"),
  thaw: () => void process.kill(pid(), "SIGCONT"),
});
