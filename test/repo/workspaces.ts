import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";

export const ROOT = join(import.meta.dirname, "..", "..");
const SKIPPED = new Set(["node_modules", ".cache", ".git", "data", "results", "coverage"]);

export type Import = { readonly file: string; readonly specifier: string };
export type Workspace = {
  /** The folder, from the root: "packages/kv". */
  readonly folder: string;
  readonly name: string;
  readonly dependencies: readonly string[];
  readonly exports: readonly string[];
  /** Of everything in src. */
  readonly imports: readonly Import[];
};

/** All files below a folder of the repository, as paths from the root. */
export function filesBelow(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return SKIPPED.has(entry.name) ? [] : filesBelow(path);
    return entry.isFile() ? [path] : [];
  });
}

export function read(path: string): string {
  return readFileSync(join(ROOT, path), "utf8");
}

export function workspaces(): Workspace[] {
  const nested = ["packages", "services"].flatMap((parent) =>
    readdirSync(join(ROOT, parent)).map((n) => join(parent, n)),
  );
  return [...nested, "infra", "load-tests"].map((folder) => {
    const manifest = JSON.parse(read(join(folder, "package.json")));
    return {
      folder,
      name: manifest.name,
      dependencies: Object.keys(manifest.dependencies ?? {}),
      exports: Object.keys(manifest.exports ?? {}),
      imports: filesBelow(folder)
        .filter((file) => isSource(folder, file))
        .flatMap((file) => importsOf(read(file)).map((specifier) => ({ file, specifier }))),
    };
  });
}

/** Tests, contract suites among them, may name what they like; k6 scripts run in k6, not in Node. */
function isSource(folder: string, file: string): boolean {
  const inside = relative(folder, file);
  return file.endsWith(".ts") && !/^(?:test\/|k6\/|src\/contract[./])/.test(inside);
}

const IMPORT =
  /^\s*(?:import|export)\b[^"';]*?\bfrom\s*["']([^"']+)["']|^\s*import\s*["']([^"']+)["']|\bimport\(\s*["']([^"']+)["']\s*\)|\brequire(?:\.resolve)?\(\s*["']([^"']+)["']\s*\)|\bimport\.meta\.resolve\(\s*["']([^"']+)["']/gm;

/** What a module imports, exports on, loads later or resolves, comments left out. */
export function importsOf(source: string): string[] {
  const code = source.replace(/\/\*[\s\S]*?\*\//g, "").replace(/^\s*\/\/.*$/gm, "");
  return [...code.matchAll(IMPORT)].map((match) => match.slice(1).find((group) => group !== undefined) as string);
}

/** "@headwater/kv/contract" and "express/lib/x" name the packages "@headwater/kv" and "express". */
export function packageOf(specifier: string): string {
  return specifier.split("/", specifier.startsWith("@") ? 2 : 1).join("/");
}
