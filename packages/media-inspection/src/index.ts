export { compatibleInits } from "./compatible.ts";
export { completeReport } from "./complete.ts";
export { compareDefects, DEFECT_ORDER, type DefectName, parseDefectsHeader, worstDefect } from "./defects.ts";
export { createInspector } from "./inspector.ts";
export type { Inspector, SegmentObjectReport } from "./scanner.ts";
export type * from "./types.ts";
