import { requirePart } from "@headwater/infra";
import { expect, test } from "@jest/globals";
import { BARE, ORIGIN, startServers, VARNISH } from "../bench/support/edge-servers.ts";
import { NGINX, nginxWith } from "../peers/servers.ts";

const parts = [await requirePart("varnishd"), await requirePart("nginx")];
const canRun = parts.every(Boolean) && process.platform === "linux";

// Without MinIO: to build it takes longer than all tests together.
(canRun ? test : test.skip)("peers answer alike: the bytes of a segment, and 404 for one that is not due", async () => {
  const { servers, bytes, stop } = await startServers({
    sizeBytes: 600 * 1024,
    path: (newest) => `v1/720p/${newest}.m4s`,
    more: async (published) => [await nginxWith(published)],
  });
  try {
    expect(servers.map(({ server }) => server)).toEqual([ORIGIN, BARE, VARNISH, NGINX]);
    for (const { server, url } of servers) {
      // Varnish has the second one from its cache.
      for (const turn of [1, 2]) {
        const answer = await fetch(url);
        const whole = bytes.equals(Buffer.from(await answer.arrayBuffer()));
        expect({ server, turn, status: answer.status, whole }).toEqual({ server, turn, status: 200, whole: true });
      }
      // node:http alone knows but one answer.
      if (server === BARE) continue;
      const { status } = await fetch(url.replace(/(\d+)\.m4s$/, (_, number) => `${Number(number) + 1000}.m4s`));
      expect({ server, status }).toEqual({ server, status: 404 });
    }
  } finally {
    await stop();
  }
});
