import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { requirePart } from "@headwater/infra";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { startBrowser } from "../../load-tests/proof/harness/browser.ts";
import { createEvent, endEvent, type ProofEvent } from "../../load-tests/proof/harness/control.ts";
import { type Encoder, startEncoder } from "../../load-tests/proof/harness/encoder.ts";
import { type Headwater, startHeadwater } from "../../load-tests/proof/harness/headwater.ts";
import { play, probe } from "../../load-tests/proof/harness/players.ts";
import { type Profile, profile } from "../../load-tests/proof/harness/profiles.ts";
import { readBack } from "../../load-tests/proof/harness/read-back.ts";
import { startWatching, watch } from "../../load-tests/proof/harness/watch.ts";

const PROFILES = ["fmp4", "ts", "renditions-flat", "login-in-url"];
const SECONDS = 7;
const WATCHED_SECONDS = 8;
const RUN_MS = 7_500;

const ffmpeg = await requirePart("ffmpeg");
const chromium = await requirePart("chromium");

/** An event whose encoder has been started once or more. */
interface Stream {
  readonly setup: Profile;
  readonly event: ProofEvent;
  readonly encoders: Encoder[];
}

(ffmpeg ? describe : describe.skip)("ffmpeg's stream in, the same stream out (embedded store)", () => {
  let dir: string;
  let headwater: Headwater;
  const streams = new Map<string, Stream>();
  let restarted: Promise<void>;

  // All encoders work at once, while the tests look at one after the other.
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), "headwater-e2e-"));
    headwater = await startHeadwater(dir);
    await start("watched", "fmp4", 40);
    for (const name of PROFILES) await start(name, name, SECONDS);
    await start("restarted", "default-names", 40);
    restarted = restart("restarted", RUN_MS);
  });

  afterAll(async () => {
    await restarted;
    await Promise.all([...streams.values()].flatMap(({ encoders }) => encoders.map((encoder) => encoder.stop())));
    await headwater.stop();
    await rm(dir, { recursive: true, force: true });
  });

  (chromium ? test : test.skip)("hls.js plays it live", async () => {
    const browser = await startBrowser(chromium!, `${headwater.urls.control}/hls.min.js`);
    try {
      await sleep(2_000); // its first segments are there
      const player = await startWatching(browser, stream("watched").event.masterUrl);
      await watch(player, WATCHED_SECONDS);
    } finally {
      await browser.close();
    }
  });

  test.each(PROFILES)("%s: every byte comes back, and plays", async (name) => {
    const { event, encoders } = stream(name);
    await encoders[0]!.ended;
    expect(await comesBack(name)).toBeGreaterThanOrEqual(4);
    await probe(event.masterUrl);
    await play(event.masterUrl, SECONDS);
  });

  test("an encoder that starts again, with the same bytes under the same names, goes on in the same event", async () => {
    await restarted;
    await stream("restarted").encoders.at(-1)!.stop();
    expect(await comesBack("restarted")).toBeGreaterThanOrEqual(7);
  });

  const stream = (name: string): Stream => streams.get(name)!;

  async function start(name: string, profileName: string, seconds: number): Promise<void> {
    const event = await createEvent(headwater, name);
    const setup = profile(profileName);
    const encoder = startEncoder({ profile: setup, event, dir: join(dir, name, "0"), seconds });
    streams.set(name, { setup, event, encoders: [encoder] });
  }

  async function restart(name: string, afterMs: number): Promise<void> {
    const { setup, event, encoders } = stream(name);
    await sleep(afterMs);
    await encoders[0]!.stop();
    encoders.push(startEncoder({ profile: setup, event, dir: join(dir, name, "1"), seconds: 40 }));
    await sleep(afterMs);
  }

  /** Resolves to how many segments were read. */
  async function comesBack(name: string): Promise<number> {
    const { setup, event, encoders } = stream(name);
    const base = `${headwater.urls.origin}/live/${event.id}`;
    const options = { profile: setup, dirs: encoders.map((encoder) => encoder.dir), base };
    await readBack({ ...options, live: true });
    await endEvent(headwater, event.id);
    return (await readBack(options)).segments;
  }
});
