// `npm test [-- --unit] [jest arguments]`: the unit tests, then those that use ports, processes and the real parts.
// The last line is always "N passed, N failed, N skipped"; the exit code is not 0 when one failed or none ran.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { installParts, startSharedParts } from "./test-parts.ts";

type Counts = { readonly passed: number; readonly failed: number; readonly skipped: number };
type Suite = { readonly name: string; readonly args: readonly string[] };

const root = join(import.meta.dirname, "..");
const scratch = mkdtempSync(join(tmpdir(), "headwater-test-"));
const unitOnly = process.argv.includes("--unit");
const passedOn = process.argv.slice(2).filter((argument) => argument !== "--unit");
process.env.PATH = join(root, "node_modules", ".bin") + delimiter + process.env.PATH;

const INTEGRATION = "**/test/**/*.integration.test.ts";
const unit: Suite = { name: "unit", args: ["--testPathIgnorePatterns=\\.integration\\.test\\.ts$"] };
const integration: Suite = {
  name: "integration",
  args: [`--testMatch=${INTEGRATION}`, "--runInBand", "--testTimeout=120000"],
};

const counts = [runSuite(unit)];
if (!unitOnly) counts.push(await runIntegration());
rmSync(scratch, { recursive: true, force: true });

const sum = (of: keyof Counts) => counts.reduce((total, count) => total + count[of], 0);
if (sum("failed") > 0 || sum("passed") === 0) process.exitCode = 1;
console.log(`${sum("passed")} passed, ${sum("failed")} failed, ${sum("skipped")} skipped`);

async function runIntegration(): Promise<Counts> {
  const files = jest([...integration.args, "--listTests"], "pipe")
    .stdout.split("\n")
    .filter(Boolean);
  if (files.length === 0) return { passed: 0, failed: 0, skipped: 0 };
  if (!installParts(root)) {
    console.error("headwater: the real parts could not be installed; HEADWATER_INSTALL=0 leaves that out");
    return { passed: 0, failed: 1, skipped: 0 };
  }
  const parts = await startSharedParts(files);
  try {
    return runSuite(integration);
  } finally {
    await parts.stop();
  }
}

function runSuite({ name, args }: Suite): Counts {
  const report = join(scratch, `${name}.json`);
  const { status } = jest([...args, "--json", `--outputFile=${report}`, "--passWithNoTests"], "inherit");
  const counts = readCounts(report);
  // Jest may fail with every test passed: a file that does not load, a worker that dies.
  return status !== 0 && counts.failed === 0 ? { ...counts, failed: 1 } : counts;
}

function readCounts(report: string): Counts {
  try {
    const { numPassedTests, numFailedTests, numPendingTests, numTodoTests } = JSON.parse(readFileSync(report, "utf8"));
    return { passed: numPassedTests, failed: numFailedTests, skipped: numPendingTests + numTodoTests };
  } catch {
    return { passed: 0, failed: 1, skipped: 0 };
  }
}

function jest(args: readonly string[], stdout: "inherit" | "pipe") {
  const command = [
    "--experimental-vm-modules",
    "--disable-warning=ExperimentalWarning",
    join(root, "node_modules", "jest", "bin", "jest.js"),
    ...args,
    ...passedOn,
  ];
  return spawnSync(process.execPath, command, {
    cwd: root,
    // Jest writes what people read on stderr; with --json its stdout would repeat the report.
    stdio: ["ignore", stdout === "pipe" ? "pipe" : "ignore", "inherit"],
    encoding: "utf8",
    maxBuffer: 64 * 1024 * 1024,
  });
}
