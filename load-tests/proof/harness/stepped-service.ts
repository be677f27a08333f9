import { existsSync } from "node:fs";
import { mkdir, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Service, startOriginBeside, startPublisherBeside } from "@headwater/infra";
import type { Headwater } from "./headwater.ts";

/** Where Debian, Fedora and Homebrew put libfaketime. */
const LIBRARIES = [
  ...["x86_64", "aarch64"].map((cpu) => `/usr/lib/${cpu}-linux-gnu/faketime/libfaketime.so.1`),
  ...["/usr/lib64", "/usr/lib", "/opt/homebrew/lib"].map((dir) => `${dir}/faketime/libfaketime.so.1`),
];

/** One more process on the store of a running Headwater, whose clock can be set off from everybody else's. */
export interface SteppedService extends Service {
  /** From now on its clock is so far ahead of ours, or behind. */
  step(offsetMs: number): Promise<void>;
}

export const findFaketime = (): string | undefined => LIBRARIES.find((path) => existsSync(path));

type Start = (headwater: Headwater, library: string, dir: string) => Promise<SteppedService>;

/** Starts it, with its clock right. `dir`: for its log and the file that libfaketime reads. */
export const startSteppedOrigin: Start = (...where) => startStepped(startOriginBeside, ...where);
/** A publisher, likewise. */
export const startSteppedPublisher: Start = (...where) => startStepped(startPublisherBeside, ...where);

async function startStepped(
  start: typeof startOriginBeside,
  headwater: Headwater,
  library: string,
  dir: string,
): Promise<SteppedService> {
  await mkdir(dir, { recursive: true });
  const offsetFile = join(dir, "offset");
  const step = async (offsetMs: number) => {
    const offset = (offsetMs / 1000).toFixed(3);
    // Never half a file: it is read at every look at the clock.
    await writeFile(`${offsetFile}.new`, `${offsetMs < 0 ? "" : "+"}${offset}\n`);
    await rename(`${offsetFile}.new`, offsetFile);
  };
  await step(0);
  const service = await start({
    dir,
    env: {
      ...headwater.storeSettings,
      LD_PRELOAD: library,
      FAKETIME_DONT_FAKE_MONOTONIC: "1",
      FAKETIME_NO_CACHE: "1",
      FAKETIME_TIMESTAMP_FILE: offsetFile,
    },
  });
  return { ...service, step };
}
