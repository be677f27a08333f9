/** `node load-tests/run-k6.ts [NAME=value…]` runs k6/live.ts, installing k6 first where it is missing. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { ensureParts, findBinary } from "@headwater/infra";

const SCENARIO = join(import.meta.dirname, "k6", "live.ts");

/** k6's exit code: 0 when every threshold was met, 99 when not; what it prints goes to our stdout and stderr. */
export async function runK6(env: Readonly<Record<string, string>>, stdio: "inherit" | "ignore" = "inherit") {
  const k6 = findBinary("k6");
  if (!k6) throw new Error('k6 is missing: run "node infra/src/install.ts k6"');
  const settings = Object.entries(env).flatMap(([name, value]) => ["-e", `${name}=${value}`]);
  const args = ["run", "--no-usage-report", "--quiet", "--address", "", ...settings, SCENARIO];
  const child = spawn(k6, args, { stdio: ["ignore", stdio, stdio] });
  const [code] = await once(child, "exit");
  return code as number | null;
}

if (import.meta.main) {
  const pairs = process.argv.slice(2).map((argument) => argument.split(/=(.*)/s, 2));
  const wrong = pairs.find(([name, value]) => !/^[A-Z_]+$/.test(name ?? "") || value === undefined);
  if (wrong) {
    process.stderr.write(`settings are NAME=value, not ${wrong[0]}; see load-tests/README.md\n`);
    process.exitCode = 2;
  } else if ((await ensureParts(["k6"])).length === 0) {
    process.exitCode = (await runK6(Object.fromEntries(pairs))) ?? 1;
  } else {
    process.exitCode = 1;
  }
}
