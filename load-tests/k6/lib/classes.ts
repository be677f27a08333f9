/** The classes of requests that are told apart: how each must be answered, and how soon. */
import type { RefinedResponse, ResponseType } from "k6/http";

type Answer = RefinedResponse<ResponseType>;
/** `shed`: put off on purpose, with the moment at which to ask again. `none`: no whole answer came. */
export type Outcome = "right" | "shed" | "wrong" | "none";

interface Rule {
  readonly right: string;
  readonly isRight: (answer: Answer) => boolean;
  /** Whether a 503 with Retry-After counts as shed, and not as wrong. */
  readonly mayShed?: boolean;
  /** The first byte's p99. */
  readonly limitMs: number;
}

const whole = ({ status, headers }: Answer) => status === 200 && Number(headers["Content-Length"]) > 0;
const lives = ({ headers }: Answer) => /s-maxage=[1-9]/.test(headers["Cache-Control"] ?? "");
const served = { right: "200 and whole", isRight: whole, limitMs: 250 };
/** A 404 that says how long it holds: without that, CDNs choose. */
const refused = {
  right: "404 with a lifetime",
  isRight: (answer: Answer) => answer.status === 404 && lives(answer),
  limitMs: 200,
};

export const RULES = {
  /** The next number, asked for before it is due, and held until it is there. */
  held: served,
  /** A number at the very moment at which it is due, by all edges together. */
  together: served,
  /** A number of the live edge, some time after it was due. */
  late: served,
  /** The newest segment that a playlist lists. */
  segment: served,
  playlist: {
    right: "200 and lists a segment",
    isRight: ({ status, body }: Answer) => status === 200 && typeof body === "string" && /^[^#\s]/m.test(body),
    limitMs: 200,
  },
  /** A number somewhere in the DVR window. */
  dvr: { right: "200 and whole", isRight: whole, mayShed: true, limitMs: 2000 },
  /** Numbers of the event that are far from being due. */
  early: refused,
  /** Events, renditions and versions that there are not. */
  unknown: refused,
  /** What no player asks for. */
  hostile: refused,
} satisfies Record<string, Rule>;

export type Class = keyof typeof RULES;
export const LIVE_EDGE: readonly Class[] = ["held", "together", "late"];
export const NOT_FOUND: readonly Class[] = ["early", "unknown", "hostile"];

export function outcomeOf(name: Class, answer: Answer): Outcome {
  const rule: Rule = RULES[name];
  if (answer.status === 0 || (answer.error_code >= 1000 && answer.error_code < 1400)) return "none";
  if (rule.isRight(answer)) return "right";
  return rule.mayShed && answer.status === 503 && answer.headers["Retry-After"] ? "shed" : "wrong";
}
