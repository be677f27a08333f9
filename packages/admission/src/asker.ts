/** Who asks a tier, most urgent first. PUTs are none of them: they have a process and clients of their own. */
export const CLASSES = ["live-edge", "dvr", "background"] as const;
export type ReadClass = (typeof CLASSES)[number];

export interface Asker {
  readonly class: ReadClass;
  /** The edge that the read is for, as the operator named its token; one name for all without tokens. */
  readonly edge: string;
}
