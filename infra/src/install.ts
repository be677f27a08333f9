import { spawn } from "node:child_process";
import { existsSync, globSync, rmSync, writeFileSync } from "node:fs";
import { rename } from "node:fs/promises";
import { join } from "node:path";
import { findBinary, MINIO_VERSION, TOXIPROXY_VERSION } from "./parts/binaries.ts";
import { cassandraJars, haveCassandraJars } from "./parts/cassandra-jars.ts";
import { findJava } from "./parts/java.ts";
import { CACHE } from "./parts/paths.ts";
import { canMakeEnvironments, makePythonWithDriver, pythonWithDriver } from "./parts/python-driver.ts";

const MINUTE_MS = 60_000;
const POLICY = "/usr/sbin/policy-rc.d";

interface Installable {
  /** Whether the machine has it already. */
  readonly present: () => boolean | Promise<boolean>;
  /** Debian packages that bring it, or what is missing of it. */
  readonly packages?: () => Promise<string[]>;
  /** What else is to be done, after the packages. */
  readonly after?: () => Promise<unknown>;
}

const binary = (name: string, debianPackage = name): Installable => ({
  present: () => !!findBinary(name),
  packages: async () => [debianPackage],
});

const PARTS = {
  memcached: binary("memcached"),
  "redis-server": binary("redis-server"),
  ffmpeg: binary("ffmpeg"),
  varnish: {
    present: () => !!findBinary("varnishd") && globSync("/usr/lib/*/varnish/vmods/libvmod_xkey.so").length > 0,
    packages: async () => ["varnish", "varnish-modules"],
  },
  nginx: binary("nginx", "nginx-light"),
  chromium: binary("chromium"),
  wrk: binary("wrk"),
  slowhttptest: binary("slowhttptest"),
  cassandra: {
    present: async () => haveCassandraJars() && !!(await findJava()),
    packages: async () => [
      ...((await findJava()) ? [] : ["openjdk-17-jre-headless"]),
      ...(haveCassandraJars() || findBinary("mvn") ? [] : ["maven"]),
    ],
    after: cassandraJars,
  },
  toxiproxy: { present: () => !!findBinary("toxiproxy"), after: buildToxiproxy },
  k6: { present: () => !!findBinary("k6"), after: buildK6 },
  minio: { present: () => !!findBinary("minio"), after: buildMinio },
  "python-cassandra-driver": {
    present: () => !!pythonWithDriver(),
    packages: async () => ((await canMakeEnvironments()) ? [] : ["python3", "python3-venv"]),
    after: makePythonWithDriver,
  },
} satisfies Record<string, Installable>;

export type InstallablePart = keyof typeof PARTS;
const ALL_PARTS = Object.keys(PARTS) as InstallablePart[];
/** What no test uses: installed only where it is named. MinIO is built for many minutes. */
const ON_DEMAND: readonly InstallablePart[] = ["minio", "python-cassandra-driver"];
export const INSTALLABLE_PARTS = ALL_PARTS.filter((name) => !ON_DEMAND.includes(name));

/**
 * Installs those of the parts that this machine lacks: Debian packages where we are root on Debian, Cassandra's jars
 * through Maven, Toxiproxy, k6 and MinIO through Go. Says what it does on stderr; resolves to the parts that are still missing, each
 * reported in one line, and never throws for one. Installs nothing with HEADWATER_INSTALL=0.
 */
export async function ensureParts(names: readonly InstallablePart[]): Promise<InstallablePart[]> {
  const missing = await lacking(names);
  if (missing.length === 0) return missing;
  if (process.env.HEADWATER_INSTALL === "0") {
    say(`missing, and HEADWATER_INSTALL=0 forbids to install: ${missing.join(", ")}`);
    return missing;
  }
  const why = new Map<InstallablePart, string>();
  const packages = (await Promise.all(missing.map((name) => installable(name).packages?.() ?? []))).flat();
  const failure = packages.length > 0 ? await aptInstall(packages) : undefined;
  for (const name of missing) {
    if (failure) why.set(name, failure);
    await installable(name)
      .after?.()
      .catch((error: Error) => why.set(name, error.message.split("\n")[0] ?? ""));
  }
  const still = await lacking(missing);
  for (const name of still) say(`${name} is not installed: ${why.get(name) ?? "its packages did not bring it"}`);
  return still;
}

const installable = (name: InstallablePart): Installable => PARTS[name];

async function lacking(names: readonly InstallablePart[]): Promise<InstallablePart[]> {
  const present = await Promise.all(names.map((name) => installable(name).present()));
  return names.filter((_, i) => !present[i]);
}

/** Resolves to why the packages could not be installed, if so. */
async function aptInstall(packages: readonly string[]): Promise<string | undefined> {
  const apt = findBinary("apt-get");
  if (!apt || process.getuid?.() !== 0) return "needs apt-get as root";
  say(`installing ${packages.join(" ")}`);
  // Debian starts some servers as soon as they are installed; this file, while it is there, forbids that.
  const ownPolicy = !existsSync(POLICY);
  if (ownPolicy) writeFileSync(POLICY, "#!/bin/sh\nexit 101\n", { mode: 0o755 });
  try {
    await run(apt, ["update", "-q"]);
    await run(apt, ["install", "-q", "-y", "--no-install-recommends", ...packages]).catch(async () => {
      // One name that is not to be had refuses all; so one by one.
      for (const name of packages)
        await run(apt, ["install", "-q", "-y", "--no-install-recommends", name]).catch(() => {});
    });
    return undefined;
  } catch (error) {
    return (error as Error).message;
  } finally {
    if (ownPolicy) rmSync(POLICY, { force: true });
  }
}

async function buildK6(): Promise<void> {
  say("building k6 1.8.1 (some minutes)");
  await goInstall("go.k6.io/k6@v1.8.1", "k6-1.8.1");
}

async function buildMinio(): Promise<void> {
  say(`building MinIO ${MINIO_VERSION} (five minutes and more)`);
  await goInstall(`github.com/minio/minio@v${MINIO_VERSION}`, `minio-${MINIO_VERSION}`);
}

async function buildToxiproxy(): Promise<void> {
  say(`building Toxiproxy ${TOXIPROXY_VERSION}`);
  const folder = `toxiproxy-${TOXIPROXY_VERSION}`;
  await goInstall(`github.com/Shopify/toxiproxy/v2/cmd/server@v${TOXIPROXY_VERSION}`, folder);
  await rename(join(CACHE, folder, "server"), join(CACHE, folder, "toxiproxy"));
}

async function goInstall(program: string, folder: string): Promise<void> {
  const go = findBinary("go");
  if (!go) throw new Error("needs Go");
  await run(go, ["install", program], { GOBIN: join(CACHE, folder) });
}

/** Runs a command with its output on our stderr; rejects when it fails or takes more than 20 minutes. */
function run(command: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      env: { ...process.env, DEBIAN_FRONTEND: "noninteractive", ...env },
      stdio: ["ignore", 2, 2],
      timeout: 20 * MINUTE_MS,
    });
    child.once("error", reject);
    child.once("exit", (code, signal) => {
      if (code === 0) resolve();
      else reject(new Error(`${command} ${args[0]} ended with ${signal ?? code}`));
    });
  });
}

function say(text: string): void {
  process.stderr.write(`install: ${text}\n`);
}

/** `node infra/src/install.ts [part…]`: all parts but those only built on demand, or those named. */
if (import.meta.main) {
  const known = new Set<string>(ALL_PARTS);
  const asked = process.argv.slice(2);
  const unknown = asked.filter((name) => !known.has(name));
  if (unknown.length > 0) {
    say(`unknown part ${unknown.join(", ")}; there are ${ALL_PARTS.join(", ")}`);
    process.exitCode = 2;
  } else {
    const still = await ensureParts(asked.length > 0 ? (asked as InstallablePart[]) : INSTALLABLE_PARTS);
    if (still.length === 0) say("everything is there");
  }
}
