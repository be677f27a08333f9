import { mkdir, readFile, writeFile } from "node:fs/promises";
import { userInfo } from "node:os";
import { join } from "node:path";
import { commandLine } from "./command-line.ts";
import { type Edge, startNginx, startVarnish } from "./parts/edges.ts";
import { CACHE } from "./parts/paths.ts";
import { quietPort } from "./parts/quiet-port.ts";

export type EdgeKind = "varnish" | "nginx";

/** An edge on a loopback port in front of the origin. */
export interface EdgeOptions {
  readonly kind: EdgeKind;
  /** host:port of the origin. */
  readonly origin: string;
  /** Its configuration, logs and cache. */
  readonly dir: string;
  /** Port on 127.0.0.1. Default: a free one. */
  readonly port?: number;
  /** Room for what it keeps, as both servers write it. */
  readonly cacheSize?: string;
  /** One of the origin's HEADWATER_CDN_TOKENS. */
  readonly cdnToken?: string;
  /** Whether Varnish answers for numbers that cannot be there by itself. Default: true. */
  readonly judges?: boolean;
  /** More arguments for varnishd. */
  readonly varnishArgs?: readonly string[];
}

const TEMPLATES = join(import.meta.dirname, "../edge");
const TEMPLATE_OF = { varnish: "varnish.vcl", nginx: "nginx.conf" } satisfies Record<EdgeKind, string>;
const JUDGING = /^# --- Numbers judged here.*^# --- End of the numbers judged here\.\n\n/ms;
const DEFAULT_CACHE_SIZE = "256m";

/** The edge's configuration: the template of infra/edge with its values. Throws for a value that is not plain. */
export async function edgeConfig(options: EdgeOptions & { readonly port: number }): Promise<string> {
  const { kind, origin, port, cacheSize = DEFAULT_CACHE_SIZE, cdnToken, judges = true } = options;
  const [, originHost, originPort] = /^\[?(.+?)\]?:(\d+)$/.exec(origin) ?? [];
  if (!originHost) throw new Error(`the origin is host:port, not ${origin}`);
  const template = await readFile(join(TEMPLATES, TEMPLATE_OF[kind]), "utf8");
  const parts = judges ? template : template.replace(JUDGING, "");
  // As root, nginx would work as a user who may not see our folder.
  const user = process.getuid?.() === 0 ? userInfo().username : undefined;
  const listening = { listenHost: "127.0.0.1", listenPort: `${port}` };
  return fillIn(parts, { originHost, originPort, ...listening, cacheSize, cdnToken, user });
}

/** Replaces each «name» by its value; a line that names an undefined one is left out. */
function fillIn(template: string, values: Readonly<Record<string, string | undefined>>): string {
  const lines = template.split("\n").flatMap((line) => {
    const names = [...line.matchAll(/«(\w+)»/g)].map(([, name]) => name as string);
    if (line.trimStart().startsWith("#")) return [line];
    if (names.some((name) => values[name] === undefined)) return [];
    return [line.replace(/«(\w+)»/g, (_, name: string) => plain(name, values[name] as string))];
  });
  return lines.join("\n");
}

/** Nothing that could end a string or a statement of the configuration. */
function plain(name: string, value: string): string {
  if (!/^[\w.:~+/=-]+$/.test(value)) throw new Error(`${name} has characters that are not allowed: ${value}`);
  return value;
}

/** Starts the edge; resolves when it takes connections. */
export async function startEdge(options: EdgeOptions): Promise<Edge> {
  const { kind, dir, cacheSize = DEFAULT_CACHE_SIZE, varnishArgs = [] } = options;
  const port = options.port ?? (await quietPort());
  const configFile = join(dir, TEMPLATE_OF[kind]);
  await mkdir(join(dir, "tmp"), { recursive: true });
  await writeFile(configFile, await edgeConfig({ ...options, port }), { mode: 0o600 });
  return kind === "varnish"
    ? startVarnish({ vclFile: configFile, dir, port, memory: cacheSize, args: varnishArgs })
    : startNginx({ configFile, dir, port });
}

const USAGE = `node infra/src/edge.ts varnish|nginx [--origin 127.0.0.1:7102] [--listen 8080] [--cache 256m] [--token TOKEN] [--no-judging] [--print]
  starts the edge and stops it at Ctrl-C; with --print only writes its configuration to stdout
  with --no-judging Varnish asks the origin about every number
`;

async function main(): Promise<void> {
  const { positionals, values } = commandLine(USAGE, {
    origin: { type: "string", default: "127.0.0.1:7102" },
    listen: { type: "string", default: "8080" },
    cache: { type: "string", default: DEFAULT_CACHE_SIZE },
    token: { type: "string" },
    "no-judging": { type: "boolean", default: false },
    print: { type: "boolean", default: false },
  });
  const kind = positionals[0];
  if (kind !== "varnish" && kind !== "nginx") {
    process.stderr.write(USAGE);
    process.exitCode = 2;
    return;
  }
  const port = Number(values.listen);
  const options: EdgeOptions & { port: number } = {
    kind,
    port,
    origin: values.origin,
    cacheSize: values.cache,
    judges: !values["no-judging"],
    dir: join(CACHE, "edge", `${kind}-${port}`),
    ...(values.token !== undefined && { cdnToken: values.token }),
  };
  if (values.print) {
    process.stdout.write(await edgeConfig(options));
    return;
  }
  const edge = await startEdge(options);
  process.stdout.write(
    `${kind} listens on ${edge.url} and fetches from http://${values.origin}; log: ${edge.logFile}\n`,
  );
  await new Promise<void>((resolve) => {
    const alive = setInterval(() => {}, 60_000);
    for (const signal of ["SIGINT", "SIGTERM"] as const) {
      process.on(signal, () => {
        clearInterval(alive);
        resolve();
      });
    }
  });
  await edge.stop();
}

if (import.meta.main) await main();
