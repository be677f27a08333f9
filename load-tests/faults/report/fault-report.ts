import { Report } from "../../proof/harness/report.ts";
import type { Loss } from "./loss.ts";

/** The findings of one fault, and what it cost. */
export class FaultReport extends Report {
  /** Undefined where the fault has no live traffic. */
  loss: Loss | undefined;
}
