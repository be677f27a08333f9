import { type EventOptions, ThrowAwayEvent } from "./event.ts";
import { Feed } from "./feed.ts";
import { type Finding, PROBES, type Scene } from "./probes.ts";
import { ROWS, type RowId } from "./rows.ts";

export interface CheckOptions extends EventOptions {
  /** Of the CDN. Without a slash at the end. */
  readonly edgeUrl: string;
}

export type Findings = Readonly<Record<RowId, Finding>>;

/**
 * Drives an edge with an event of its own, which it deletes: about 15 s. A broken promise is a finding; rejects only
 * when the event cannot be made, published to or deleted.
 */
export async function checkEdge({ edgeUrl, ...options }: CheckOptions): Promise<Findings> {
  const event = await ThrowAwayEvent.create(options);
  try {
    const scene = { edgeUrl, event, feed: await Feed.start(event) };
    const ids = Object.keys(ROWS) as RowId[];
    // The next version comes last: it turns the URLs of all others over.
    const findings = await Promise.all(ids.filter((id) => id !== "next-version").map((id) => find(id, scene)));
    findings.push(await find("next-version", scene));
    return Object.fromEntries(findings) as Findings;
  } finally {
    await event.delete();
  }
}

async function find(id: RowId, scene: Scene): Promise<readonly [RowId, Finding]> {
  try {
    return [id, await PROBES[id](scene)];
  } catch (error) {
    return [id, { verdict: "broken", seen: (error as Error).message }];
  }
}

/** A line for each promise. */
export function table(findings: Findings): string {
  const rows = Object.entries(ROWS).map(([id, { about, promise }]) => {
    const { verdict, seen } = findings[id as RowId];
    return [about, promise, verdict, seen];
  });
  const widths = [0, 1, 2].map((column) => Math.max(...rows.map((row) => row[column]!.length)));
  const line = (row: readonly string[]) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  ");
  return rows.map(line).join("\n");
}

export const isBroken = (findings: Findings): boolean =>
  Object.values(findings).some(({ verdict }) => verdict === "broken");
