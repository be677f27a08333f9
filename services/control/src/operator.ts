import { createHash, timingSafeEqual } from "node:crypto";
import type { Catalog } from "@headwater/segment-store/catalog";
import { type NamedToken, ProblemError } from "@headwater/service-kit";
import type { RequestHandler } from "express";

export interface OperatorOptions {
  readonly operators: readonly NamedToken[];
  readonly cdnTokens: readonly NamedToken[];
  readonly catalog: Catalog;
}

const BEARER = /^Bearer +([\x21-\x7e]{1,1024})$/i;

/**
 * Lets operators pass and puts the name of theirs in `res.locals.operator`. 403 for a token that is good for something
 * else, 401 for any other. Tokens are compared by their SHA-256, all of them, in constant time.
 */
export function operatorsOnly({ operators, cdnTokens, catalog }: OperatorOptions): RequestHandler {
  const known = operators.map(({ name, token }) => ({ name, hash: sha256(token) }));
  const readers = cdnTokens.map(({ token }) => sha256(token));
  const isOtherKind = (hash: Buffer) =>
    [...readers, ...publishTokens(catalog)].reduce((found, other) => timingSafeEqual(hash, other) || found, false);

  return (req, res, next) => {
    const token = BEARER.exec(req.headers.authorization ?? "")?.[1];
    const hash = token === undefined ? undefined : sha256(token);
    const operator =
      hash && known.reduce<string | undefined>((f, o) => (timingSafeEqual(hash, o.hash) ? o.name : f), undefined);
    if (operator !== undefined) {
      res.locals.operator = operator;
      next();
      return;
    }
    if (hash && isOtherKind(hash)) throw new ProblemError(403, "wrong-kind-of-token", "Not an operator token");
    res.setHeader("WWW-Authenticate", 'Bearer realm="headwater"');
    throw new ProblemError(401, "unauthorized", "An operator token is needed");
  };
}

function publishTokens(catalog: Catalog): Buffer[] {
  return catalog
    .events()
    .flatMap(({ pipelines }) => pipelines.flatMap(({ tokens }) => tokens.map((t) => Buffer.from(t.sha256, "hex"))));
}

const sha256 = (text: string): Buffer => createHash("sha256").update(text).digest();
