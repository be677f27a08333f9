/** A process's counts of what it did about Cassandra since it started: `headwater_store_events_total` by event. */
export async function storeEvents(adminUrl: string): Promise<Readonly<Record<string, number>>> {
  const answer = await fetch(`${adminUrl}/metrics`, { signal: AbortSignal.timeout(2_000) });
  const events: Record<string, number> = {};
  for (const [, labels, value] of (await answer.text()).matchAll(/^headwater_store_events_total\{(.*)\} (\d+)$/gm)) {
    const event = /event="([\w-]+)"/.exec(labels!)?.[1] ?? "untold";
    events[event] = (events[event] ?? 0) + Number(value);
  }
  return events;
}
