import { spawnSync } from "node:child_process";
import { ROOT } from "@headwater/infra";
import { expect, test } from "@jest/globals";

const COMMANDS = [
  "tools/supervisor/main.ts",
  "tools/check-edge/main.ts",
  "infra/src/stack.ts",
  "infra/src/edge.ts",
  "load-tests/faults/main.ts",
  "load-tests/proof/main.ts",
  "load-tests/storm/main.ts",
];

const run = (...args: string[]) =>
  spawnSync(process.execPath, args, { cwd: ROOT, encoding: "utf8", timeout: 30_000, killSignal: "SIGKILL" });

test.each(COMMANDS)("%s says how it is used, when asked and when misused", (command) => {
  const asked = run(command, "--help");
  expect(asked).toMatchObject({ status: 0, stderr: "" });
  expect(asked.stdout).toMatch(/^(npm|node) /);
  const misused = run(command, "--no-such-option");
  expect(misused).toMatchObject({ status: 2, stdout: "" });
  expect(misused.stderr).toMatch(/^Unknown option '--no-such-option'/);
  expect(misused.stderr.endsWith(`\n${asked.stdout}`)).toBe(true);
});
