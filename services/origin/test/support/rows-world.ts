import { sha256, T0, type World } from "./world.ts";

/** The time at which the rows are asked. */
export const NOW = T0 + 81_000;
export const INIT = Buffer.from("an init of 13");

/** Makes what `rows.ts` describes, and starts the origin over it, with settings of its own. Resolves to the hash of the init of `derby`. */
export async function makeRowsWorld(world: World, env: Record<string, string> = {}): Promise<string> {
  await world.openEvents();
  const derby = await world.createEvent({ renditions: ["720p", "spare"] });
  const hash = await world.publishInit(derby, INIT);
  for (let number = 1; number <= 40; number += 1) {
    if (number === 30 || number === 38) continue;
    const defects = number === 39 ? ["short;ms=400"] : [];
    await world.publish({ event: derby, number, init: hash, stampMs: due(number), defects });
  }
  await world.events.nextVersion("derby");

  const pipelines = [
    { id: "a", region: "west" },
    { id: "b", region: "east" },
  ];
  const duel = await world.createEvent({ id: "duel", pipelines });
  await world.publish({ event: duel, number: 38, pipeline: "a", stampMs: due(38) });
  await world.publish({ event: duel, number: 39, pipeline: "a", stampMs: due(39) });
  await world.publish({ event: duel, number: 39, pipeline: "b", stampMs: due(39) - 100 });
  await world.publish({ event: duel, number: 40, pipeline: "b", stampMs: NOW - 100 });

  const over = await world.createEvent({ id: "over" });
  for (let number = 11; number <= 20; number += 1) await world.publish({ event: over, number, stampMs: due(number) });
  await world.events.end("over", 20);

  const calm = await world.createEvent({ id: "calm" });
  for (let number = 30; number <= 40; number += 1) await world.publish({ event: calm, number, stampMs: due(number) });

  const quiet = await world.createEvent({ id: "quiet" });
  await world.publish({ event: quiet, number: 10, stampMs: due(10) });
  await world.createEvent({ id: "fresh", timeline: "first-segment" });
  await world.createEvent({ id: "named", timeline: "first-segment", renditions: ["720p"] });

  world.clock.set(NOW);
  await world.startOrigin(env);
  return hash;
}

/** Publishes a number at the moment at which it is due. */
const due = (number: number): number => T0 + number * 2000 + 500;

/** What goes out for a row: `{hash}` and `{etag}` replaced by those of derby's init and of its number 40. */
export function requestOf(
  row: { readonly url: string; readonly headers?: Readonly<Record<string, string>> },
  hash: string,
): { readonly path: string; readonly headers: Readonly<Record<string, string>> } {
  const etag = `"${sha256(Buffer.from("derby 720p 40 a")).slice(0, 32)}"`;
  const headers = Object.entries(row.headers ?? {}).map(([name, value]) => [name, value.replace("{etag}", etag)]);
  return { path: row.url.replace("http://origin", "").replace("{hash}", hash), headers: Object.fromEntries(headers) };
}
