import type { Request } from "express";
import { notJson } from "./problems.ts";

/** What the body says; an empty one is `missing`, and without that not JSON. */
export function body(req: Request, missing?: unknown): unknown {
  const json: unknown = req.body;
  if (typeof json !== "string" || json.trim() === "") {
    if (missing === undefined) throw notJson();
    return missing;
  }
  try {
    return JSON.parse(json);
  } catch {
    throw notJson();
  }
}
