import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { chromium, type Page } from "playwright-core";
import { type HlsConfig, playerPage, type Seen } from "./player-page.ts";

const POLL_MS = 250;
const OPEN_MS = 20_000;
const FLAGS = [
  ...["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--mute-audio", "--disable-sync"],
  ...["--disable-background-networking", "--disable-component-update", "--disable-background-timer-throttling"],
  ...["--disable-backgrounding-occluded-windows", "--disable-renderer-backgrounding"],
];

export interface Player {
  state(): Promise<Seen>;
  seek(toSec: number): Promise<void>;
  /** Resolves when it is so; rejects after `deadlineMs`, or as soon as hls.js has given up. */
  until(what: string, holds: (seen: Seen) => boolean, deadlineMs: number): Promise<Seen>;
}

export interface Browser {
  /** Opens a page that plays the playlist with hls.js, at the live edge. `config`: of hls.js, where not the default. */
  play(playlistUrl: string, config?: HlsConfig): Promise<Player>;
  close(): Promise<void>;
}

/**
 * A headless Chromium and the player's page.
 * @param executablePath of Chromium
 * @param hlsUrl where hls.js is (the control service has it)
 */
export async function startBrowser(executablePath: string, hlsUrl: string): Promise<Browser> {
  const pages = createServer((req, res) => {
    const asked = new URL(req.url ?? "", "http://page").searchParams;
    const playlistUrl = asked.get("play");
    if (playlistUrl === null) return void res.writeHead(404).end();
    const config: HlsConfig = JSON.parse(asked.get("config") ?? "{}");
    res.writeHead(200, { "Content-Type": "text/html" }).end(playerPage(hlsUrl, playlistUrl, config));
  });
  pages.listen(0, "127.0.0.1");
  await once(pages, "listening");
  const { port } = pages.address() as AddressInfo;
  const browser = await chromium.launch({ executablePath, headless: true, args: FLAGS, timeout: OPEN_MS });
  return {
    play: async (playlistUrl, config = {}) => {
      const page = await browser.newPage();
      const query = new URLSearchParams({ play: playlistUrl, config: JSON.stringify(config) });
      const url = `http://127.0.0.1:${port}/?${query}`;
      await page.goto(url, { waitUntil: "load", timeout: OPEN_MS });
      return player(page);
    },
    close: async () => {
      await browser.close();
      pages.closeAllConnections();
      pages.close();
    },
  };
}

function player(page: Page): Player {
  const state = (): Promise<Seen> => page.evaluate("state()");
  return {
    state,
    seek: (toSec) => page.evaluate(`seek(${toSec})`),
    until: async (what, holds, deadlineMs) => {
      const deadline = performance.now() + deadlineMs;
      for (;;) {
        const seen = await state();
        if (seen.fatal.length > 0) throw new Error(`hls.js gave up: ${seen.fatal.join("; ")}`);
        if (holds(seen)) return seen;
        if (performance.now() > deadline) throw new Error(`no ${what} in ${deadlineMs} ms: ${JSON.stringify(seen)}`);
        await sleep(POLL_MS);
      }
    },
  };
}
