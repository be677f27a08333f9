// Runs before every script, on whatever Node is on the PATH (20 or newer): installs the locked dependencies, among
// them the pinned Node, when the lock file has changed since the last install. No dependencies of its own.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const root = join(import.meta.dirname, "..");
const stampFile = join(root, "node_modules", ".headwater-lock");
const node = join(root, "node_modules", ".bin", "node");
const hash = createHash("sha256")
  .update(readFileSync(join(root, "package-lock.json")))
  .digest("hex");

if (!existsSync(node) || !existsSync(stampFile) || readFileSync(stampFile, "utf8") !== hash) {
  console.log("headwater: installing the locked dependencies (about half a minute, once)");
  const npm = spawnSync("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"], {
    cwd: root,
    stdio: "inherit",
  });
  if (npm.status !== 0) {
    console.error("headwater: npm ci failed; see above");
    process.exit(1);
  }
  if (!existsSync(node)) {
    console.error("headwater: the pinned Node 26 could not be installed for this platform (optionalDependencies)");
    process.exit(1);
  }
  writeFileSync(stampFile, hash);
}
