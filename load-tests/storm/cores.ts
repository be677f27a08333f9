import { cpus } from "node:os";

/** Which CPU core each part keeps to. */
export interface Cores {
  readonly origin: number;
  readonly publisher: number;
  /** Encoders, the probe that measures the live edge, and the stores of the cluster. */
  readonly encoders: number;
  readonly storm: number;
}

/**
 * PUTs keep away from the storm first of all; then the origin has a core for itself. `count`: the machine's cores, however
 * few of them this process has been pinned to.
 */
export function layOut(count = cpus().length): Cores {
  if (count >= 4) return { origin: 0, publisher: 1, encoders: 2, storm: 3 };
  if (count === 3) return { origin: 0, publisher: 1, encoders: 1, storm: 2 };
  return count === 2
    ? { origin: 0, publisher: 1, encoders: 1, storm: 0 }
    : { origin: 0, publisher: 0, encoders: 0, storm: 0 };
}

const SAID: Readonly<Record<keyof Cores, string>> = {
  origin: "the origin",
  publisher: "the publisher",
  encoders: "encoders, control, worker, the cluster's stores, the live edge's probe and this program",
  storm: "the storm (nice 10)",
};

/** `core 0: the origin and …; core 1: …` */
export function describeCores(cores: Cores): string {
  const parts = Object.keys(SAID) as (keyof Cores)[];
  return [...new Set(Object.values(cores))]
    .map(
      (core) =>
        `core ${core}: ${parts
          .filter((part) => cores[part] === core)
          .map((part) => SAID[part])
          .join(" + ")}`,
    )
    .join("; ");
}

const NICE = "10";
/**
 * Linux shares a core among sessions first (autogroups), and being nice counts only within one: so it gets a session of its
 * own, which is made nice as a whole where the kernel does that.
 */
const GIVING_WAY = ["setsid", "sh", "-c", `{ echo ${NICE} > /proc/self/autogroup; } 2>/dev/null; exec "$@"`, "sh"];

/** The beginning of a command line that keeps to a core, and gives way to others there when `nice`. */
export const onCore = (core: number, nice = false): readonly string[] => [
  ...(nice ? GIVING_WAY : []),
  ...["taskset", "-c", `${core}`],
  ...(nice ? ["nice", "-n", NICE] : []),
];
