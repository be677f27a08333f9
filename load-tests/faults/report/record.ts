import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { cpus, totalmem } from "node:os";
import { join } from "node:path";
import type { Finding } from "../../proof/harness/report.ts";
import type { Fault } from "../scene.ts";
import type { Store } from "../world.ts";
import type { FaultReport } from "./fault-report.ts";

const RESULTS = join(import.meta.dirname, "..", "..", "results", "faults");

/** The last whole run of a fault on a store. */
export interface FaultRecord extends Pick<FaultReport, "loss"> {
  readonly name: string;
  readonly store: Store;
  readonly does: string;
  readonly seed: string;
  /** When it ended, ISO 8601. */
  readonly at: string;
  readonly machine: string;
  readonly findings: readonly Finding[];
}

type Run = Pick<FaultRecord, "name" | "store" | "seed"> & { readonly fault: Fault; readonly report: FaultReport };

/** Keeps a run in place of the one before it. */
export async function keepRecord({ name, store, seed, fault, report }: Run): Promise<void> {
  const { loss, findings } = report;
  const at = new Date().toISOString();
  const record: FaultRecord = { name, store, does: fault.does, seed, at, machine: machine(), loss, findings };
  await mkdir(RESULTS, { recursive: true });
  await writeFile(join(RESULTS, `${store}-${name}.json`), `${JSON.stringify(record, null, 2)}\n`);
}

/** All that are kept, in the order of their names. */
export async function readRecords(): Promise<FaultRecord[]> {
  const files = await readdir(RESULTS).catch(() => []);
  const texts = await Promise.all(files.sort().map((file) => readFile(join(RESULTS, file), "utf8")));
  return texts.map((text) => JSON.parse(text));
}

function machine(): string {
  const memory = `${Math.round(totalmem() / 2 ** 30)} GiB`;
  return `${cpus().length} × ${cpus()[0]?.model.trim() ?? "unknown"}, ${memory}, ${process.platform}, Node ${process.version}`;
}
