import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { CACHE } from "./paths.ts";

/** As Go's module proxy names it; it has no releases there. */
export const MINIO_VERSION = "0.0.0-20260212201848-7aac2a2c5b7c";

export const TOXIPROXY_VERSION = "2.5.0";

/** Where Debian, Homebrew and our own cache put programs that PATH may not name. */
const EXTRA = [
  "/usr/sbin",
  "/usr/local/sbin",
  "/usr/local/go/bin",
  "/opt/homebrew/bin",
  join(CACHE, "k6-1.8.1"),
  join(CACHE, `toxiproxy-${TOXIPROXY_VERSION}`),
  join(CACHE, `minio-${MINIO_VERSION}`),
];

/** Path of an executable file on PATH, in the usual system folders or in `.cache`, or undefined. */
export function findBinary(name: string): string | undefined {
  for (const dir of [...(process.env.PATH ?? "").split(delimiter), ...EXTRA]) {
    const path = join(dir, name);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // not in this folder
    }
  }
  return undefined;
}
