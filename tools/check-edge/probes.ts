import { setTimeout as sleep } from "node:timers/promises";
import { ask, type Reply } from "./ask.ts";
import { type Cached, cached, cachedAgain } from "./cached.ts";
import type { ThrowAwayEvent } from "./event.ts";
import type { Feed } from "./feed.ts";
import type { RowId } from "./rows.ts";

export interface Scene {
  /** Without a slash at the end. */
  readonly edgeUrl: string;
  readonly event: ThrowAwayEvent;
  readonly feed: Feed;
}

export interface Finding {
  readonly verdict: "survived" | "broken" | "cannot tell";
  readonly seen: string;
}

/** How long an answer may live past its time; see `rows.ts`. */
const LATE_MS = 1300;
/** The same of an answer that says 1 s: a 404 for a hole, a 503, a playlist of this event. */
const BRIEF_MS = 1000 + LATE_MS;
const VERSION_EVERYWHERE_MS = 1000;
const AGAIN_MS = 1200;
const POLL_MS = 100;
const VIEWERS = 20;

/** Each makes the request of its row. What rejects is broken. */
export const PROBES: Readonly<Record<RowId, (scene: Scene) => Promise<Finding>>> = {
  "early-404": async (scene) => {
    const number = scene.feed.first + 8;
    const early = await segment(scene, number);
    demand(early.status === 404, `${early.status} while it was early`);
    const lifetimeMs = lifetimeOf(early);
    await sleep(early.atMs + lifetimeMs + LATE_MS - Date.now());
    const then = await segment(scene, number);
    demand(then.status === 200, `${then.status} when ${lifetimeMs} ms were over; ${cached(then).by}`);
    demandBytes(scene, number, then);
    return survived(`404 for ${lifetimeMs} ms, then 200`);
  },

  "early-404-kept": (scene) => keeps(segmentUrl(scene, scene.feed.first + 9), 404),

  "hole-404": async (scene) => {
    const { event, feed } = scene;
    const number = feed.first + 4;
    await feed.published(number + 1);
    const hole = await segment(scene, number);
    demand(hole.status === 404, `${hole.status} before it was published`);
    await event.publish("video", number);
    const afterMs = await untilSeen(
      BRIEF_MS,
      () => segment(scene, number),
      ({ status }) => status === 200,
    );
    return survived(`200 after ${afterMs} ms`);
  },

  "gone-410": async (scene) => {
    const number = scene.feed.first + 6;
    // Expected 0.5 s after its end, given up 2 s later; clocks may differ by 0.5 s.
    await sleep(scene.feed.endMs(number) + 3000 - Date.now());
    return keeps(segmentUrl(scene, number), 410);
  },

  "next-held": async (scene) => {
    const { feed } = scene;
    const number = feed.first + 2;
    await feed.published(number - 1);
    const [held, publishedMs] = await Promise.all([segment(scene, number), feed.published(number)]);
    demand(held.status === 200, `${held.status} instead of an answer that waits`);
    demandBytes(scene, number, held);
    const afterMs = held.atMs - publishedMs;
    demand(afterMs < 500, `200 only ${afterMs} ms after its publish`);
    return survived(`200, ${afterMs} ms after the publish was acknowledged`);
  },

  collapsed: async (scene) => {
    const number = scene.feed.first + 3;
    await scene.feed.published(number - 1);
    const replies = await Promise.all(Array.from({ length: VIEWERS }, () => segment(scene, number)));
    for (const reply of replies) {
      demand(reply.status === 200, `${reply.status} for one of them`);
      demandBytes(scene, number, reply);
    }
    const told = replies.map(cached);
    if (told.some(({ hit }) => hit === undefined)) return cannotTell(told[0]!.by);
    const misses = told.filter(({ hit }) => !hit).length;
    demand(misses <= 1, `${misses} of ${VIEWERS} were not from the cache`);
    return survived(`${VIEWERS - misses} of ${VIEWERS} from the cache`);
  },

  "segment-kept": (scene) => keeps(segmentUrl(scene, scene.feed.first), 200),

  "not-split": async (scene) => {
    const url = segmentUrl(scene, scene.feed.first);
    await ask(url);
    const session = `session=${Date.now()}`;
    const replies = [
      await ask(`${url}?${session}`),
      await ask(url, { Cookie: session }),
      await ask(`${url}?again=${session}`, { Cookie: `again=${session}` }),
    ];
    for (const reply of replies) demandBytes(scene, scene.feed.first, reply);
    return kept(replies.map(cached).find(({ hit }) => !hit) ?? cached(replies[0]!));
  },

  ranges: async (scene) => {
    const url = segmentUrl(scene, scene.feed.first);
    const whole = scene.event.bytesOf("video", scene.feed.first);
    const parts = [
      ["bytes=100-199", 100, 200],
      ["bytes=-10", whole.length - 10, whole.length],
    ] as const;
    for (const [range, from, to] of parts) {
      const { status, headers, body } = await ask(url, { Range: range });
      demand(status === 206, `${status} for ${range}`);
      const told = `bytes ${from}-${to - 1}/${whole.length}`;
      demand(headers["content-range"] === told, `Content-Range: ${headers["content-range"]} for ${range}`);
      demand(body.equals(whole.subarray(from, to)), `other bytes for ${range}`);
    }
    return survived("206 with those bytes");
  },

  "playlist-on-time": async (scene) => {
    const { feed } = scene;
    const took: number[] = [];
    for (const number of [feed.first + 2, feed.first + 3]) {
      const lists = ({ status, body }: Reply) => status === 200 && body.includes(`/${number}.m4s`);
      const publishedMs = await feed.published(number);
      await untilSeen(BRIEF_MS, () => ask(playlistUrl(scene, "video")), lists);
      took.push(Date.now() - publishedMs);
    }
    return survived(`listed after ${took.join(" and ")} ms`);
  },

  "playlist-503": async (scene) => {
    const { event, feed } = scene;
    const number = feed.first + 1;
    const url = `${playlistUrl(scene, "still")}?_HLS_msn=${number}`;
    const refused = await ask(url);
    await event.publish("still", number);
    if (refused.status !== 503) return cannotTell(`the edge answered ${refused.status}: it does not pass a 503 on`);
    const afterMs = await untilSeen(
      BRIEF_MS,
      () => ask(url),
      ({ status }) => status === 200,
    );
    return survived(`503, then 200 after ${afterMs} ms`);
  },

  headers: async (scene) => {
    const there = await segment(scene, scene.feed.first);
    const before = await segment(scene, scene.feed.first - 1000);
    demand(there.status === 200 && before.status === 404, `${there.status} and ${before.status}`);
    for (const { status, headers } of [there, before]) {
      demand(headers["access-control-allow-origin"] !== undefined, `${status} without Access-Control-Allow-Origin`);
    }
    demand(there.headers["content-type"] === "video/mp4", `Content-Type: ${there.headers["content-type"]}`);
    demand(there.headers.etag !== undefined, "no ETag");
    return survived(`ETag: ${there.headers.etag}`);
  },

  "next-version": async (scene) => {
    const { event, feed } = scene;
    const ahead = await segment(scene, feed.first, 2);
    demand(ahead.status === 404, `${ahead.status} before there was a version 2`);
    await ask(playlistUrl(scene, "video"));
    await event.nextVersion();
    const serves = () => segment(scene, feed.first, 2);
    const lists = ({ body }: Reply) => body.includes("/v2/") && !body.includes("/v1/");
    const [servedMs, listedMs] = await Promise.all([
      untilSeen(VERSION_EVERYWHERE_MS + BRIEF_MS, serves, ({ status }) => status === 200),
      untilSeen(VERSION_EVERYWHERE_MS + BRIEF_MS, () => ask(playlistUrl(scene, "video")), lists),
    ]);
    demandBytes(scene, feed.first, await serves());
    return survived(`served after ${servedMs} ms, listed after ${listedMs} ms`);
  },
};

const segmentUrl = ({ edgeUrl, event }: Scene, number: number, version = 1): string =>
  `${edgeUrl}/live/${event.id}/v${version}/video/${number}.m4s`;
const playlistUrl = ({ edgeUrl, event }: Scene, rendition: string): string =>
  `${edgeUrl}/live/${event.id}/${rendition}/index.m3u8`;
const segment = (scene: Scene, number: number, version = 1): Promise<Reply> => ask(segmentUrl(scene, number, version));

/** In ms, as the origin says it, or as a CDN that drops its header hands it on. */
function lifetimeOf({ headers }: Reply): number {
  const exact = headers["headwater-max-age-ms"];
  if (exact !== undefined) return Number(exact);
  const seconds =
    /s-maxage=(\d+)/.exec(headers["cache-control"] ?? "") ?? /max-age=(\d+)/.exec(headers["cache-control"] ?? "");
  demand(seconds !== null, "the edge hides how long the answer may be kept");
  return Number(seconds![1]) * 1000;
}

async function keeps(url: string, status: number): Promise<Finding> {
  const first = await ask(url);
  await sleep(AGAIN_MS);
  const second = await ask(url);
  demand(first.status === status && second.status === status, `${first.status}, then ${second.status}`);
  return kept(cachedAgain(first, second));
}

/** Asks again and again; resolves to the ms after which what is to be seen was seen. Rejects after `withinMs`. */
async function untilSeen(withinMs: number, act: () => Promise<Reply>, isSeen: (reply: Reply) => boolean) {
  const begunMs = Date.now();
  for (;;) {
    const reply = await act();
    const afterMs = Date.now() - begunMs;
    if (isSeen(reply)) return afterMs;
    demand(afterMs < withinMs, `still ${reply.status} after ${afterMs} ms; ${cached(reply).by}`);
    await sleep(POLL_MS);
  }
}

function kept({ hit, by }: Cached): Finding {
  if (hit === undefined) return cannotTell(by);
  demand(hit, by);
  return survived(by);
}

const survived = (seen: string): Finding => ({ verdict: "survived", seen });
const cannotTell = (seen: string): Finding => ({ verdict: "cannot tell", seen });

function demandBytes({ event }: Scene, number: number, { body }: Reply): void {
  demand(body.equals(event.bytesOf("video", number)), `${body.length} bytes other than those published`);
}

function demand(holds: boolean, otherwise: string): void {
  if (!holds) throw new Error(otherwise);
}
