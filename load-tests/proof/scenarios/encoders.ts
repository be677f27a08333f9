import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { createEvent, endEvent, type ProofEvent } from "../harness/control.ts";
import { cpuShare } from "../harness/cpu.ts";
import { type Encoder, startEncoder } from "../harness/encoder.ts";
import { play, probe } from "../harness/players.ts";
import { PROFILES, type Profile } from "../harness/profiles.ts";
import { readBack } from "../harness/read-back.ts";
import type { Scenario } from "./scenario.ts";

/** Enough for the first segments of all to be there when the players look at them live. */
const LIVE_AFTER_MS = 7_000;
/** Between two encoders' starts, so that not all send their segments in the same instant. */
const STAGGER_MS = 170;

interface Entry {
  readonly profile: Profile;
  readonly event: ProofEvent;
  readonly encoder: Encoder;
}

/** Every way to set up ffmpeg, all at once, an event each. What was sent is read back byte for byte, and plays. */
export const encoders: Scenario = async ({ headwater, report, seconds, dir }) => {
  const busy = cpuShare();
  const entries: Entry[] = [];
  for (const profile of PROFILES) {
    const event = await createEvent(headwater, `encoders-${profile.name.replace(".", "-")}`);
    entries.push({ profile, event, encoder: startEncoder({ profile, event, dir: join(dir, profile.name), seconds }) });
    await sleep(STAGGER_MS);
  }

  await sleep(LIVE_AFTER_MS);
  for (const { profile, event } of entries)
    await report.check(`${profile.name}: plays live in ffmpeg`, async () => {
      await probe(event.masterUrl);
      return `${await play(event.masterUrl, 4)} s`;
    });

  for (const { profile, encoder } of entries)
    await report.check(`${profile.name}: ffmpeg has nothing to complain of`, () => encoder.ended);
  report.note(`${entries.length} encoders at once: the machine was ${Math.round(100 * busy())} % busy`);

  for (const { profile, event, encoder } of entries) {
    await report.check(`${profile.name}: read back byte for byte`, async () => {
      await endEvent(headwater, event.id);
      const base = `${headwater.urls.origin}/live/${event.id}`;
      const { segments, bytes } = await readBack({ profile, dirs: [encoder.dir], base });
      return `${segments} segments, ${bytes} bytes`;
    });
    await report.check(`${profile.name}: plays whole in ffmpeg`, async () => {
      const whole = `${event.masterUrl}?window=14400`;
      const streams = await probe(whole);
      return `${await play(whole, seconds)} s; ${streams}`;
    });
  }
};
