/** The part of an event's segment template that edges and tools are told. */
export interface TemplateOnWire {
  /** `num / den` seconds. */
  readonly duration: { readonly num: number; readonly den: number };
  /** Start of number 0, ms since the Unix epoch. */
  readonly startMs: number;
  readonly first: number;
  readonly last?: number;
  readonly publishDelayMs: number;
  readonly dvrWindowMs: number;
}

/** Templates are few and told with every answer. */
const written = new WeakMap<TemplateOnWire, string>();

/** `Headwater-Template`: a dictionary of integers (RFC 9651). Not sent before the event is anchored. */
export function templateHeader(template: TemplateOnWire): string {
  let text = written.get(template);
  if (text === undefined) {
    text = write(template);
    written.set(template, text);
  }
  return text;
}

function write(template: TemplateOnWire): string {
  const { duration, startMs, first, last, publishDelayMs, dvrWindowMs } = template;
  const members = {
    dur: duration.num,
    scale: duration.den,
    start: Math.round(startMs),
    first,
    last,
    delay: Math.round(publishDelayMs),
    window: Math.round(dvrWindowMs),
  };
  return Object.entries(members)
    .flatMap(([key, value]) => (value === undefined ? [] : [`${key}=${value}`]))
    .join(", ");
}

const MEMBER = /^(dur|scale|start|first|last|delay|window)=(-?\d{1,15})$/;

/** Reads `Headwater-Template`; undefined unless it has all that `templateHeader` writes. Members unknown are ignored. */
export function parseTemplateHeader(text: string): TemplateOnWire | undefined {
  const members = new Map<string, number>();
  for (const member of text.split(",")) {
    const [, key, value] = MEMBER.exec(member.trim()) ?? [];
    if (key !== undefined) members.set(key, Number(value));
  }
  const [num, den, startMs, first] = ["dur", "scale", "start", "first"].map((key) => members.get(key));
  const [publishDelayMs, dvrWindowMs, last] = ["delay", "window", "last"].map((key) => members.get(key));
  if (num === undefined || den === undefined || startMs === undefined || first === undefined) return undefined;
  if (publishDelayMs === undefined || dvrWindowMs === undefined) return undefined;
  return { duration: { num, den }, startMs, first, ...(last !== undefined && { last }), publishDelayMs, dvrWindowMs };
}
