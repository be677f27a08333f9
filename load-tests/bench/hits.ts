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

const SIZE_BYTES = 2 * 1024 * 1024;
const CONNECTIONS = 8;
const GB = 1e9;

/** What a gigabyte of live-edge hits of 2 MiB costs in CPU. Takes about a minute. */
export const run = () => compareHits();

/** The same, with more servers. */
export async function compareHits(more?: ServersOptions["more"]): Promise<Result> {
  const measured = await compareServers({
    sizeBytes: SIZE_BYTES,
    connections: CONNECTIONS,
    path: (newest) => `v1/720p/${newest}.m4s`,
    ...(more && { more }),
  });
  const rows = measured.map(({ server, requests, perSecond, cpuUsPerRequest, lowest, highest }) => {
    const msPerGb = (us: number) => Math.round((us * GB) / SIZE_BYTES / 1000);
    return {
      server,
      requests,
      perSecond,
      cpuMsPerGB: msPerGb(cpuUsPerRequest),
      lowest: msPerGb(lowest),
      highest: msPerGb(highest),
    };
  });
  return {
    title: `hits: 2 MiB segments from memory, ${CONNECTIONS} connections, ${METHOD}`,
    rows,
    verdict: [
      `CPU per GB, origin / bare node:http: ${atMost(cpuRatio(measured, ORIGIN, BARE), 1.15)}`,
      `CPU per GB, origin / Varnish: ${atMost(cpuRatio(measured, ORIGIN, VARNISH), 1)}`,
    ].join("\n"),
  };
}
