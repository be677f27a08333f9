import { hash, timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";

const digest = (text: string): Buffer => hash("sha256", text, "buffer");

/** Who may read: everybody without tokens, else those with one. Takes the same time whichever token is given. */
export function accessControl(tokens: readonly { readonly token: string }[]): (req: IncomingMessage) => boolean {
  if (tokens.length === 0) return () => true;
  const known = tokens.map(({ token }) => digest(token));
  return ({ headers }) => {
    const [, token] = /^Bearer +([^\s]+)$/i.exec(headers.authorization ?? "") ?? [];
    if (token === undefined) return false;
    const given = digest(token);
    return known.reduce((matches, one) => timingSafeEqual(one, given) || matches, false);
  };
}
