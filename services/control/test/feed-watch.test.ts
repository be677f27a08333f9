import { KvError, memoryKv, nextToken, type Row } from "@headwater/kv";
import { memoryNotices } from "@headwater/notices";
import { Catalog } from "@headwater/segment-store/catalog";
import { Events, type NewEvent } from "@headwater/segment-store/events";
import { type Candidate, candidateRow, candidatesId, type EventRecord, shapeRow } from "@headwater/segment-store/model";
import { createLogger } from "@headwater/service-kit";
import { afterEach, expect, test } from "@jest/globals";
import { FeedWatch } from "../src/diagnosis/index.ts";
import { newEventSchema } from "../src/schema.ts";
import { validate } from "../src/validate.ts";

const T0 = Date.parse("2026-03-01T12:00:00Z");

/** A watch over a store in memory, with a clock that the test moves. */
class Setting {
  nowMs = T0;
  down = false;
  readonly lines: { level: string; event: string; code: string; msg: string }[] = [];
  readonly memory = memoryKv();
  readonly kv = {
    ...this.memory,
    range: async (...args: Parameters<typeof this.memory.range>) => {
      if (this.down) throw new KvError("unavailable", "gone");
      return this.memory.range(...args);
    },
  };
  readonly notices = memoryNotices({ nowMs: () => this.nowMs });
  readonly catalog = new Catalog({ kv: this.kv, notices: this.notices, nowMs: () => this.nowMs });
  readonly events = new Events({
    kv: this.kv,
    notices: this.notices,
    catalog: this.catalog,
    nowMs: () => this.nowMs,
  });
  readonly watch = new FeedWatch({
    catalog: this.catalog,
    logger: createLogger(
      { service: "control", logLevel: "info" },
      { write: (line) => void this.lines.push(JSON.parse(line)) },
    ),
    nowMs: () => this.nowMs,
  });

  async create(id: string): Promise<EventRecord> {
    return (await this.events.create(validate<NewEvent>(newEventSchema("west"), { id }))).event;
  }

  /** A segment whose last byte came just now. */
  async publish({ uid, retention }: EventRecord, rendition: string, number: number): Promise<void> {
    const { nowMs } = this;
    const tokenUs = nextToken(nowMs);
    const stream = { rendition, exts: ["m4s"], firstNumber: 0, codecs: [] };
    const candidate: Candidate = {
      number,
      pipeline: "a",
      region: "west",
      ref: { nonce: `${rendition}${number}` } as Candidate["ref"],
      ext: "m4s",
      run: 0,
      stampMs: nowMs,
      startMs: nowMs - 2000,
      durationMs: 2000,
      latenessMs: -500,
      report: { container: "fmp4", video: true, last: false, defects: [] },
    };
    const rows: readonly ["control" | typeof retention, Row][] = [
      ["control", shapeRow(uid, "stream", stream, tokenUs)],
      ["control", shapeRow(uid, "bucket", { rendition, bucket: 0 }, tokenUs)],
      [retention, candidateRow(candidatesId(uid, rendition, 0), candidate, tokenUs)],
    ];
    for (const [table, row] of rows) {
      await this.memory.put(table, row);
      this.catalog.apply(row);
    }
  }

  /** Logged since the last call. */
  logged(): string[] {
    return this.lines.splice(0).map(({ level, msg }) => `${level} ${msg}`);
  }

  async roundAfter(ms: number): Promise<void> {
    this.nowMs += ms;
    await this.watch.round();
  }
}

let setting: Setting;
afterEach(async () => {
  await setting.watch.close();
  await setting.catalog.close();
});

test("a finding is logged when it appears and when it goes, not while it lasts; the newest are kept", async () => {
  setting = new Setting();
  await setting.catalog.start();
  const derby = await setting.create("derby");
  expect(setting.watch.findings(derby)).toEqual([]);
  await setting.roundAfter(0);
  expect(setting.logged()).toEqual([
    expect.stringContaining("info the feed of derby: nothing has come for this event yet: start an encoder"),
  ]);

  await setting.publish(derby, "720p", 1);
  await setting.roundAfter(5000);
  expect(setting.logged()).toEqual([expect.stringContaining("info the feed of derby, no longer: nothing has come")]);
  expect(setting.watch.findings(derby)).toEqual([]);

  await setting.roundAfter(5000);
  const silent = "warn the feed of derby: nothing for 10 s from pipeline a (a segment is due every 2 s)";
  expect(setting.logged()).toEqual([expect.stringContaining(silent)]);
  await setting.roundAfter(5000);
  expect(setting.logged()).toEqual([]);
  expect(setting.watch.findings(derby)[0]).toMatchObject({
    code: "pipeline-silent",
    message: expect.stringContaining("nothing for 15 s"),
  });

  await setting.events.end("derby", 1);
  await setting.roundAfter(5000);
  expect(setting.watch.findings(derby)).toEqual([]);
});

test("an event that cannot be read keeps its findings", async () => {
  setting = new Setting();
  await setting.catalog.start();
  const derby = await setting.create("derby");
  await setting.publish(derby, "720p", 1);
  await setting.roundAfter(10_000);
  const before = setting.watch.findings(derby);
  expect(before).toHaveLength(1);
  setting.down = true;
  setting.notices.cut();
  await setting.roundAfter(10_000);
  expect(setting.watch.findings(derby)).toHaveLength(1);
});

test("an event of which nothing has come for ten minutes is looked at once a minute, and 50 in a round", async () => {
  setting = new Setting();
  await setting.catalog.start();
  const events: EventRecord[] = [];
  for (let i = 0; i < 60; i += 1) events.push(await setting.create(`event-${i}`));
  const looked = () => events.filter((event) => setting.watch.findings(event).length > 0).length;
  await setting.roundAfter(0);
  expect(looked()).toBe(50);
  await setting.roundAfter(0);
  expect(looked()).toBe(60);

  const [first] = events;
  await setting.roundAfter(600_000);
  await setting.roundAfter(5000);
  await setting.publish(first!, "720p", 1);
  setting.logged();
  await setting.roundAfter(5000);
  expect(setting.logged()).toEqual([expect.stringContaining("the feed of event-0, no longer: nothing has come")]);
});
