// Jest transform: Node's own type stripping, so tests run the very text that production runs.
import { createHash } from "node:crypto";
import { stripTypeScriptTypes } from "node:module";

const strip = (source) => ({ code: stripTypeScriptTypes(source) });

export default {
  getCacheKey: (source, path) => createHash("sha256").update(process.version).update(path).update(source).digest("hex"),
  process: strip,
  processAsync: async (source) => strip(source),
};
