/** `npm run load [-- scenario] [NAME=value…]` runs a scenario of k6/, installing k6 first where it is missing. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { ensureParts, findBinary } from "@headwater/infra";

export const SCENARIOS = ["live", "live-edge", "storm-404", "dvr-rewind", "reconnect", "mix"] as const;
export type ScenarioName = (typeof SCENARIOS)[number];

export interface K6Options {
  readonly stdio?: "inherit" | "ignore";
  /** Every sample, as k6 writes CSV. */
  readonly csvFile?: string;
  /** What the command line begins with, to say where and how it runs: `taskset -c 1 nice`. */
  readonly prefix?: readonly string[];
}

/** k6's exit code: 0 when every threshold was met, 99 when not; what it prints goes to our stdout and stderr. */
export async function runK6(
  scenario: ScenarioName,
  env: Readonly<Record<string, string>>,
  { stdio = "inherit", csvFile, prefix = [] }: K6Options = {},
): Promise<number | null> {
  const k6 = findBinary("k6");
  if (!k6) throw new Error('k6 is missing: run "node infra/src/install.ts k6"');
  const settings = Object.entries(env).flatMap(([name, value]) => ["-e", `${name}=${value}`]);
  const out = csvFile === undefined ? [] : ["--out", `csv=${csvFile}`];
  const script = join(import.meta.dirname, "k6", `${scenario}.ts`);
  const line = [...prefix, k6, "run", "--no-usage-report", "--quiet", "--address", "", ...out, ...settings, script];
  const child = spawn(line[0]!, line.slice(1), { stdio: ["ignore", stdio, stdio] });
  const kill = () => child.kill("SIGKILL");
  process.once("exit", kill);
  const [code] = await once(child, "exit");
  process.removeListener("exit", kill);
  return code as number | null;
}

if (import.meta.main) {
  const args = process.argv.slice(2);
  const scenario = (args[0]?.includes("=") ? undefined : args.shift()) ?? "live";
  const pairs = args.map((argument) => argument.split(/=(.*)/s, 2));
  const wrong = pairs.find(([name, value]) => !/^[A-Z][A-Z0-9_]*$/.test(name ?? "") || value === undefined);
  if (!SCENARIOS.some((name) => name === scenario)) {
    process.stderr.write(`there is no scenario ${scenario}; there are ${SCENARIOS.join(", ")}\n`);
    process.exitCode = 2;
  } else if (wrong) {
    process.stderr.write(`settings are NAME=value, not ${wrong[0]}; see load-tests/README.md\n`);
    process.exitCode = 2;
  } else if ((await ensureParts(["k6"])).length === 0) {
    process.exitCode = (await runK6(scenario as ScenarioName, Object.fromEntries(pairs))) ?? 1;
  } else {
    process.exitCode = 1;
  }
}
