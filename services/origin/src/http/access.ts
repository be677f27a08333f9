import { hash, timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";

const digest = (text: string): Buffer => hash("sha256", text, "buffer");

/**
 * The name of the edge that asks: empty for everybody without tokens, else the name of its token, undefined without a
 * right one. Takes the same time whichever token is given.
 */
export function accessControl(
  tokens: readonly { readonly name: string; readonly token: string }[],
): (req: IncomingMessage) => string | undefined {
  if (tokens.length === 0) return () => "";
  const known = tokens.map(({ name, token }) => ({ name, digest: digest(token) }));
  return ({ headers }) => {
    const [, token] = /^Bearer +([^\s]+)$/i.exec(headers.authorization ?? "") ?? [];
    if (token === undefined) return undefined;
    const given = digest(token);
    let edge: string | undefined;
    for (const one of known) if (timingSafeEqual(one.digest, given)) edge = one.name;
    return edge;
  };
}
