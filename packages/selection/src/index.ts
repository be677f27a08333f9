export { choose } from "./choose.ts";
export type { Candidate, Choice, ChoiceInput } from "./types.ts";
