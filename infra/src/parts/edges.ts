import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { findBinary } from "./binaries.ts";
import { accepts, freePort } from "./ports.ts";
import { type Part, startPart } from "./process.ts";

export interface Edge extends Part {
  readonly port: number;
  readonly url: string;
}

/** Varnish with this VCL. `memory`: size of its cache as varnishd takes it. `args`: more of varnishd's own arguments. */
export async function startVarnish(options: {
  vclFile: string;
  dir: string;
  port?: number;
  memory?: string;
  args?: readonly string[];
}): Promise<Edge> {
  const { vclFile, dir, memory = "256m", args = [] } = options;
  const port = options.port ?? (await freePort());
  const workDir = join(dir, `varnish-${port}`);
  mkdirSync(workDir, { recursive: true });
  const listen = ["-a", `127.0.0.1:${port}`, "-T", "none", "-j", "none"];
  const part = await startPart({
    name: "varnishd",
    command: findBinary("varnishd") ?? "varnishd",
    args: ["-F", "-n", workDir, "-f", vclFile, "-s", `malloc,${memory}`, ...listen, ...args],
    logFile: join(dir, `varnish-${port}.log`),
    ready: () => accepts(port),
    readyMs: 30_000, // it compiles the VCL first
  });
  return { ...part, port, url: `http://127.0.0.1:${port}` };
}

/** nginx with this whole configuration, which listens on `port` and keeps its files below the prefix (`dir`). */
export async function startNginx(options: { configFile: string; dir: string; port: number }): Promise<Edge> {
  const { configFile, dir, port } = options;
  mkdirSync(dir, { recursive: true });
  const logFile = join(dir, `nginx-${port}.log`);
  const part = await startPart({
    name: "nginx",
    command: findBinary("nginx") ?? "nginx",
    args: ["-p", dir, "-c", configFile, "-e", logFile, "-g", "daemon off;"],
    logFile,
    ready: () => accepts(port),
  });
  return { ...part, port, url: `http://127.0.0.1:${port}` };
}
