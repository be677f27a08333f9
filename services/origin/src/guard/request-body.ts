import type { IncomingMessage } from "node:http";

/**
 * Whether a request announces a body. Looks at its raw headers: to have them by name costs more than the rest of a small
 * answer.
 */
export function announcesBody({ rawHeaders }: Pick<IncomingMessage, "rawHeaders">): boolean {
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i]!;
    if (name.length === 14 && name.toLowerCase() === "content-length") return rawHeaders[i + 1] !== "0";
    if (name.length === 17 && name.toLowerCase() === "transfer-encoding") return true;
  }
  return false;
}
