// `npm run storm [-- slow] [--seconds 120] [--store local|cluster] [--kill-origin] [--out DIR] [NAME=value…]`: a storm on
// a Headwater of its own. Prints the verdicts and where the report is; the exit code is 1 when one was missed.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { cassandraForTests, commandLine, ensureParts, findBinary } from "@headwater/infra";
import { pin } from "../bench/support/cpu-time.ts";
import { layOut } from "./cores.ts";
import { slow } from "./slow.ts";
import { type StormResult, storm } from "./storm.ts";
import { verdictLine } from "./verdicts.ts";

const USAGE = `npm run storm [-- slow] [--seconds N] [--store local|cluster] [--kill-origin] [--out DIR] [--keep] [NAME=value…]
  --seconds of the mix (120), or of each attack of slow clients (40)
  NAME=value: settings of k6/mix.ts, such as NOT_FOUND_RATE=3000; of slow: CONNECTIONS=1000
  --keep leaves data, logs and every sample
`;

const { positionals, values } = commandLine(USAGE, {
  seconds: { type: "string" },
  store: { type: "string", default: "local" },
  "kill-origin": { type: "boolean", default: false },
  out: { type: "string" },
  keep: { type: "boolean", default: false },
});
const isSlow = positionals[0] === "slow";
const pairs = positionals.slice(isSlow ? 1 : 0).map((argument) => argument.split(/=(.*)/s, 2));
const settings: Record<string, string> = Object.fromEntries(pairs);
const seconds = Number(values.seconds ?? (isSlow ? 40 : 120));
const isUsable =
  Number.isInteger(seconds) &&
  seconds >= 5 &&
  ["local", "cluster"].includes(values.store) &&
  pairs.every(([name, value]) => /^[A-Z][A-Z0-9_]*$/.test(name ?? "") && value !== undefined);

if (!isUsable) {
  process.stderr.write(USAGE);
  process.exitCode = 2;
} else if (process.platform !== "linux" || !findBinary("taskset")) {
  process.stderr.write("storm: needs Linux with taskset; k6's scenarios run anywhere: npm run load\n");
  process.exitCode = 1;
} else if ((await ensureParts(isSlow ? ["k6", "slowhttptest"] : ["k6"])).length > 0) {
  process.exitCode = 1;
} else {
  await run();
}

async function run(): Promise<void> {
  const dir = await mkdtemp(join(tmpdir(), "headwater-storm-"));
  // With all that is started from here on, unless it is pinned elsewhere: encoders, and the stores of the cluster.
  pin(process.pid, layOut().encoders);
  const at = new Date().toISOString().replace(/\D/g, "").slice(0, 14);
  const outDir = values.out ?? join(import.meta.dirname, "..", "results", `storm-${at}`);
  const cassandra = values.store === "cluster" ? await cassandraForTests({ shortLived: false }) : undefined;
  if (values.store === "cluster" && cassandra === undefined)
    throw new Error("Cassandra is missing: node infra/src/install.ts");
  let result: StormResult | undefined;
  try {
    const common = { dir, outDir, cassandra, seconds };
    result = isSlow
      ? await slow({ ...common, connections: Number(settings.CONNECTIONS ?? 1000) })
      : await storm({ ...common, killOrigin: values["kill-origin"], mix: settings });
  } finally {
    await cassandra?.stop();
    if (result === undefined || values.keep) process.stdout.write(`kept ${dir}\n`);
    else await rm(dir, { recursive: true, force: true });
  }
  const missed = result.verdicts.filter(({ met }) => !met).length;
  process.stdout.write(`${result.verdicts.map(verdictLine).join("\n")}\n`);
  process.stdout.write(`${result.verdicts.length - missed} met, ${missed} missed; report: ${result.reportFile}\n`);
  if (missed > 0) process.exitCode = 1;
}
