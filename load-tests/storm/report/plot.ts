/** Plots as SVG, drawn here: no script, no network, readable in any browser, now and in ten years. */
export interface Line {
  readonly name: string;
  /** Seconds and values, in order of time; a gap of more than three seconds breaks the line. */
  readonly points: readonly (readonly [number, number])[];
}

export interface Plot {
  readonly title: string;
  readonly unit: string;
  readonly lines: readonly Line[];
  /** What to read off it, if it does not say itself. */
  readonly note?: string;
}

export interface TimeAxis {
  readonly seconds: number;
  readonly phases: readonly { readonly name: string; readonly fromSec: number; readonly toSec: number }[];
  readonly marks: readonly { readonly text: string; readonly atSec: number }[];
}

const SIZE = { width: 920, height: 250, left: 64, right: 12, top: 22, bottom: 26 };
const GAP_SEC = 3;
const COLOURS = ["#3366cc", "#dc3912", "#109618", "#ff9900", "#990099", "#0099c6", "#8b6914", "#dd4477", "#556270"];

/** One plot with its title, legend and the phases behind it. */
export function plotSvg({ title, unit, lines, note }: Plot, axis: TimeAxis): string {
  const top = niceCeiling(Math.max(0, ...lines.flatMap(({ points }) => points.map(([, value]) => value))));
  const inner = { width: SIZE.width - SIZE.left - SIZE.right, height: SIZE.height - SIZE.top - SIZE.bottom };
  const x = (sec: number) => round(SIZE.left + (inner.width * sec) / Math.max(1, axis.seconds));
  const y = (value: number) => round(SIZE.top + inner.height * (1 - value / top));
  const base = SIZE.top + inner.height;
  const bands = axis.phases.map(({ name, fromSec, toSec }, i) => {
    const width = round(x(toSec) - x(fromSec));
    const rect = `<rect class="band${i % 2}" x="${x(fromSec)}" y="${SIZE.top}" width="${width}" height="${inner.height}"/>`;
    return `${rect}<text x="${round(x(fromSec) + width / 2)}" y="${SIZE.top - 8}" text-anchor="middle">${escaped(name)}</text>`;
  });
  const rows = [0, 0.25, 0.5, 0.75, 1].map((share) => {
    const at = y(share * top);
    const rule = `<line class="rule" x1="${SIZE.left}" x2="${SIZE.width - SIZE.right}" y1="${at}" y2="${at}"/>`;
    return `${rule}<text x="${SIZE.left - 6}" y="${at + 4}" text-anchor="end">${short(share * top)}</text>`;
  });
  const everySec = niceCeiling(axis.seconds / 10);
  const times = Array.from({ length: Math.floor(axis.seconds / everySec) + 1 }, (_, i) => i * everySec);
  const ticks = times.map((sec) => `<text x="${x(sec)}" y="${base + 17}" text-anchor="middle">${short(sec)} s</text>`);
  const marks = axis.marks.map(({ text, atSec }) => {
    const rule = `<line class="mark" x1="${x(atSec)}" x2="${x(atSec)}" y1="${SIZE.top}" y2="${base}"/>`;
    return `${rule}<text class="mark" x="${x(atSec) + 4}" y="${SIZE.top + 12}">${escaped(text)}</text>`;
  });
  const drawn = lines.map(({ name, points }, i) => {
    const path = points.map(([sec, value], at) => {
      const gap = at === 0 || sec - points[at - 1]![0] > GAP_SEC;
      return `${gap ? "M" : "L"}${x(sec)} ${y(value)}`;
    });
    return `<path d="${path.join("")}" stroke="${COLOURS[i % COLOURS.length]}"><title>${escaped(name)}</title></path>`;
  });
  const legend = lines.map(
    ({ name }, i) => `<span><i style="background:${COLOURS[i % COLOURS.length]}"></i>${escaped(name)}</span>`,
  );
  return [
    `<figure><figcaption><b>${escaped(title)}</b>, ${escaped(unit)}${note ? `. ${escaped(note)}` : ""}</figcaption>`,
    `<svg viewBox="0 0 ${SIZE.width} ${SIZE.height}" role="img" aria-label="${escaped(title)}">`,
    ...[...bands, ...rows, ...ticks, ...drawn, ...marks],
    `</svg><p class="legend">${legend.join("")}</p></figure>`,
  ].join("\n");
}

/** 1, 2 or 5 times a power of ten, at least the value. */
export function niceCeiling(value: number): number {
  if (!(value > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 5, 10].map((step) => step * power).find((step) => step >= value * 0.999)!;
}

const short = (value: number): string =>
  value >= 10_000 ? `${Number((value / 1000).toPrecision(3))}k` : `${Number(value.toPrecision(3))}`;
const round = (value: number): number => Math.round(value * 10) / 10;

export function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (char) => `&#${char.charCodeAt(0)};`);
}
