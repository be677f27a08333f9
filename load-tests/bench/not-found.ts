import {
  BARE,
  compareServers,
  cpuRatio,
  METHOD,
  ORIGIN,
  type ServersOptions,
  VARNISH,
} from "./support/edge-servers.ts";
import { atMost, type Result } from "./support/result.ts";

const CONNECTIONS = 32;
/** So far off that its 404 outlives the benchmark in Varnish. */
const AHEAD = 1000;

/** What a 404 of a storm costs in CPU. Takes about a minute. */
export const run = () => compareNotFound();

/** The same, with more servers. */
export async function compareNotFound(more?: ServersOptions["more"]): Promise<Result> {
  const rows = await compareServers({
    sizeBytes: 64 * 1024,
    connections: CONNECTIONS,
    path: (newest) => `v1/720p/${newest + AHEAD}.m4s`,
    ...(more && { more }),
  });
  return {
    title: `not-found: 404 of a number that is not due, ${CONNECTIONS} connections, ${METHOD}`,
    rows,
    verdict: [
      `CPU per 404, origin / bare node:http: ${atMost(cpuRatio(rows, ORIGIN, BARE), 1.2)}`,
      `CPU per 404, origin / Varnish: ${atMost(cpuRatio(rows, ORIGIN, VARNISH), 1)}`,
    ].join("\n"),
  };
}
