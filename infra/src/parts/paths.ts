import { join, resolve } from "node:path";

/** The repository's root folder. */
export const ROOT = resolve(import.meta.dirname, "../../..");

/** Where fetched jars, built tools and the stack's state live; git ignores it. */
export const CACHE = join(ROOT, ".cache");
