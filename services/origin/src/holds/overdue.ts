import { expectedPublishMs, type Template } from "@headwater/timeline";

/** How often a number that is late is looked for in the store: its notice may have been lost. */
const OVERDUE_MS = 500;

/** When to look again for a number of which nobody tells anything. */
export function overdueLookMs(template: Template | undefined, number: number, nowMs: number): number {
  const overdueMs = template === undefined ? 0 : expectedPublishMs(template, number) + OVERDUE_MS + 1;
  return nowMs < overdueMs ? overdueMs : nowMs + OVERDUE_MS;
}
