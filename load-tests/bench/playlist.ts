import { MediaLines } from "@headwater/playlists";
import { atMost, median, type Result } from "./support/result.ts";

const DURATION_SEC = 2;
/** The default list: a minute. */
const LISTED = 30;
const WINDOWS = [
  { window: "1 min", numbers: 30 },
  { window: "4 h", numbers: 7_200 },
] as const;
const ROUNDS = 15;
const TURNS = 4_000;

interface Costs {
  readonly changeUs: number;
  readonly listUs: number;
  readonly wholeUs: number;
}

/** What one more segment costs a playlist, with few and with many numbers in its window. Takes a few seconds. */
export async function run(): Promise<Result> {
  const lists = WINDOWS.map(({ numbers }) => filled(numbers));
  const rounds = WINDOWS.map((): Costs[] => []);
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const [i, list] of lists.entries()) rounds[i]!.push(measure(list));
  }
  const costs = rounds.map((of) => ({
    change: median(of.map(({ changeUs }) => changeUs)),
    list: median(of.map(({ listUs }) => listUs)),
    whole: median(of.map(({ wholeUs }) => wholeUs)),
  }));
  const [short, long] = costs as [(typeof costs)[0], (typeof costs)[0]];
  return {
    title: `playlist: CPU of the list itself, median of ${ROUNDS} interleaved rounds of ${TURNS} segments`,
    rows: WINDOWS.map(({ window, numbers }, i) => ({
      window,
      numbers,
      "µs a change": costs[i]!.change.toFixed(2),
      "µs a change and a list of 60 s": costs[i]!.list.toFixed(1),
      "µs the whole list": costs[i]!.whole.toFixed(0),
    })),
    verdict: [
      `CPU of a change, 4 h / 1 min: ${atMost(long.change / short.change, 1.5)}`,
      `CPU of a change and a list of 60 s, 4 h / 1 min: ${atMost(long.list / short.list, 1.5)}`,
    ].join("\n"),
  };
}

function filled(numbers: number): MediaLines {
  const list = new MediaLines({ targetDurationSec: DURATION_SEC, maxSegments: numbers });
  for (let number = 0; number < numbers; number += 1) append(list);
  return list;
}

function append(list: MediaLines): void {
  const number = (list.last ?? 0) + 1;
  list.set({
    number,
    durationSec: DURATION_SEC,
    programDateTimeMs: number * DURATION_SEC * 1000,
    uri: `../v1/720p/${number}.m4s`,
    mapUri: "../v1/720p/init-0123456789abcdef.mp4",
    discontinuity: false,
    gap: false,
  });
}

function measure(list: MediaLines): Costs {
  const changeUs = timed(TURNS, () => append(list));
  const listUs = timed(TURNS, () => {
    append(list);
    list.render({ from: list.last! - LISTED + 1, serverControl: true });
  });
  const wholeUs = timed(20, () => list.render({ serverControl: true }));
  return { changeUs, listUs, wholeUs };
}

/** CPU of this process for each turn, µs. */
function timed(turns: number, turn: () => void): number {
  const before = process.cpuUsage();
  for (let i = 0; i < turns; i += 1) turn();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / turns;
}
