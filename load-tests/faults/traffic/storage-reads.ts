/** An origin's counts of what it read from where, since it started: `headwater_storage_reads_total` by tier. */
export async function storageReads(adminUrl: string): Promise<Readonly<Record<string, number>>> {
  const answer = await fetch(`${adminUrl}/metrics`, { signal: AbortSignal.timeout(2_000) });
  const reads: Record<string, number> = {};
  for (const [, labels, value] of (await answer.text()).matchAll(/^headwater_storage_reads_total\{(.*)\} (\d+)$/gm)) {
    const tier = /tier="(\w+)"/.exec(labels!)?.[1] ?? "untold";
    reads[tier] = (reads[tier] ?? 0) + Number(value);
  }
  return reads;
}
