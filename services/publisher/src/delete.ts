import type { RequestHandler } from "express";
import { readWhole } from "./body.ts";
import type { Locals } from "./parts.ts";
import { objectName } from "./target.ts";

const MAX_BYTES = 64 * 1024;

/** DELETE is told yes and removes nothing: viewers may still seek there, and the name stays taken. */
export const remove: RequestHandler = async (req, res) => {
  objectName((res.locals as Locals).target);
  await readWhole(req, res, MAX_BYTES);
  res.writeHead(204).end();
};
