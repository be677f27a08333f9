import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { findBinary } from "./binaries.ts";
import { madeOnce } from "./made-once.ts";
import { CACHE } from "./paths.ts";

const VERSION = "3.30.1";
const HOME = join(CACHE, `python-cassandra-driver-${VERSION}`);
const PYTHON = join(HOME, "bin", "python");
const run = promisify(execFile);

/** A Python that has Apache's own driver for Cassandra, or undefined while there is none in `.cache`. */
export function pythonWithDriver(): string | undefined {
  return existsSync(PYTHON) ? PYTHON : undefined;
}

/** Makes that Python, in an environment of its own. Rejects without Python 3 or PyPI. */
export async function makePythonWithDriver(): Promise<void> {
  const python = findBinary("python3");
  if (!python) throw new Error("needs Python 3");
  await madeOnce(HOME, async (dir) => {
    await run(python, ["-m", "venv", dir], { timeout: 60_000 });
    const pip = ["-m", "pip", "install", "-q", "--disable-pip-version-check", `cassandra-driver==${VERSION}`];
    await run(join(dir, "bin", "python"), pip, { timeout: 300_000 });
  });
}

/** Whether Python can make environments; Debian has that in a package of its own. */
export async function canMakeEnvironments(): Promise<boolean> {
  const python = findBinary("python3");
  return (
    python !== undefined &&
    (await run(python, ["-c", "import ensurepip, venv"])
      .then(() => true)
      .catch(() => false))
  );
}
