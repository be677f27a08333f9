import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { requirePart, startEdge } from "@headwater/infra";
import { startBrowser } from "../harness/browser.ts";
import { createEvent, endEvent } from "../harness/control.ts";
import { cpuShare } from "../harness/cpu.ts";
import { startEncoder } from "../harness/encoder.ts";
import { play } from "../harness/players.ts";
import { profile } from "../harness/profiles.ts";
import { cacheStatus, readBack } from "../harness/read-back.ts";
import { startWatching, watch } from "../harness/watch.ts";
import type { Scenario } from "./scenario.ts";

const BEFORE_PLAYING_MS = 7_000;

/** hls.js in Chromium plays fMP4 and MPEG-TS through Varnish; the same streams are read through nginx. */
export const browser: Scenario = async ({ headwater, report, seconds, dir }) => {
  const chromium = await requirePart("chromium");
  if (chromium === undefined) throw new Error("needs Chromium");
  const origin = new URL(headwater.urls.origin).host;
  const varnish = await startEdge({ kind: "varnish", origin, dir: join(dir, "varnish") });
  const nginx = await startEdge({ kind: "nginx", origin, dir: join(dir, "nginx") });
  const chrome = await startBrowser(chromium, `${headwater.urls.control}/hls.min.js`);
  try {
    const busy = cpuShare();
    const streams = await Promise.all(
      ["fmp4", "ts"].map(async (name) => {
        const setup = profile(name);
        const event = await createEvent(headwater, `browser-${name}`);
        const forSec = seconds + BEFORE_PLAYING_MS / 1000 + 10;
        const encoder = startEncoder({ profile: setup, event, dir: join(dir, name), seconds: forSec });
        return { name, setup, event, encoder };
      }),
    );
    await sleep(BEFORE_PLAYING_MS);
    await Promise.all(
      streams.map(({ name, event }) =>
        report.check(`${name}: hls.js plays through Varnish`, async () => {
          const player = await startWatching(chrome, `${varnish.url}/live/${event.id}/master.m3u8`);
          return watch(player, seconds);
        }),
      ),
    );
    report.note(`the machine was ${Math.round(100 * busy())} % busy`);
    for (const { name, event } of streams)
      await report.check(`${name}: ffmpeg plays live through nginx`, async () => {
        return `${await play(`${nginx.url}/live/${event.id}/master.m3u8`, 4)} s`;
      });
    for (const { name, setup, event, encoder } of streams) {
      await report.check(`${name}: read back from the origin`, async () => {
        await encoder.ended;
        const base = `${headwater.urls.origin}/live/${event.id}`;
        const { segments } = await readBack({ profile: setup, dirs: [encoder.dir], base, live: true });
        return `${segments} segments`;
      });
      await endEvent(headwater, event.id);
      for (const [edgeName, edge] of Object.entries({ Varnish: varnish, nginx })) {
        await report.check(`${name}: read back through ${edgeName}, twice`, async () => {
          const base = `${edge.url}/live/${event.id}`;
          const options = { profile: setup, dirs: [encoder.dir], base };
          const { segments } = await readBack(options);
          await readBack(options);
          const status = await cacheStatus(base, setup.renditions[0]!);
          if (!status.endsWith("; hit")) throw new Error(`the edge had to ask the origin again: ${status}`);
          return `${segments} segments; ${status}`;
        });
      }
    }
  } finally {
    await chrome.close();
    await Promise.all([varnish.stop(), nginx.stop()]);
  }
};
