import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { ensureParts, pythonWithDriver } from "@headwater/infra";
import type { Report } from "../../proof/harness/report.ts";
import type { World } from "../world.ts";
import type { SentSegments } from "./encoder.ts";
import { isAcknowledged } from "./put.ts";

const SCRIPT = join(import.meta.dirname, "read_tables.py");
const DRIVER = "python-cassandra-driver";
const TIMEOUT_MS = 120_000;

/**
 * Rows and chunks of everything that was sent, read from the tables themselves by a program and a driver that are not
 * ours: what was acknowledged is there whole, and no row shows anything but the bytes that were sent.
 */
export async function readByOthers(
  report: Report,
  encoder: SentSegments,
  world: World,
  dir: string,
  name = "read from the tables by Python",
): Promise<void> {
  await ensureParts([DRIVER]);
  const python = pythonWithDriver();
  if (python === undefined && process.env.CI !== "true") {
    report.note(`!!! NOT CHECKED by an independent reader: ${DRIVER} is missing`);
    return;
  }
  await report.check(name, async () => {
    if (python === undefined) throw new Error(`${DRIVER} is missing`);
    const file = join(dir, "sent.json");
    await writeFile(file, JSON.stringify(sentTo(world, encoder)));
    const { stdout } = await promisify(execFile)(python, [SCRIPT, file], { timeout: TIMEOUT_MS });
    return stdout.trim();
  });
}

/** All that the script is told: where to look, and what must be there. */
function sentTo({ settings }: World, encoder: SentSegments) {
  return {
    contactPoints: settings.HEADWATER_CASSANDRA_CONTACT_POINTS!.split(","),
    datacenter: settings.HEADWATER_CASSANDRA_DATACENTER,
    keyspace: settings.HEADWATER_CASSANDRA_KEYSPACE,
    event: encoder.event.id,
    pipeline: encoder.event.pipeline,
    segments: encoder.sent.map((one) => ({
      rendition: one.rendition,
      number: one.number,
      isAcknowledged: isAcknowledged(one),
      sha256: createHash("sha256").update(encoder.bytesOf(one)).digest("hex"),
    })),
  };
}
