import type { ServerResponse } from "node:http";
import { PassThrough } from "node:stream";
import { setImmediate } from "node:timers/promises";
import { KvError } from "@headwater/kv";
import { createMetrics } from "@headwater/service-kit";
import { beforeEach, describe, expect, test } from "@jest/globals";
import type { HeldObject, ObjectEnd, Verdict } from "../src/holds/held-object.ts";
import { Holds } from "../src/holds/holds.ts";
import { Turns } from "../src/http/turns.ts";
import { ManualTime, settle } from "./support/manual-time.ts";

const T0 = 1_000_000;

/** An object whose verdict the test decides, and may hold back by a barrier. */
class Thing implements HeldObject {
  readonly key: string;
  end: ObjectEnd | undefined;
  againAtMs = Number.POSITIVE_INFINITY;
  fails = false;
  looks = 0;
  wakes = new Set<() => void>();
  subscriptions = 0;
  barrier: Promise<void> = Promise.resolve();

  constructor(key = "thing") {
    this.key = key;
  }

  subscribe(wake: () => void): () => void {
    this.wakes.add(wake);
    this.subscriptions += 1;
    return () => this.wakes.delete(wake);
  }

  async verdict(): Promise<Verdict> {
    this.looks += 1;
    const { end, againAtMs, fails } = this;
    await this.barrier;
    if (fails) throw new KvError("unavailable", "as the test wants it");
    return end === undefined ? { againAtMs } : { end };
  }

  publish(end: ObjectEnd = "published"): void {
    this.end = end;
    for (const wake of [...this.wakes]) wake();
  }
}

let time: ManualTime;
let draining: AbortController;
let metrics: ReturnType<typeof createMetrics>;

beforeEach(() => {
  time = new ManualTime(T0);
  draining = new AbortController();
  metrics = createMetrics("origin");
});

const holdsOf = (max = 1000) =>
  new Holds({ clock: time, alarm: time.alarm, max, draining: draining.signal, turns: new Turns(), metrics });
/** Whatever can be left: a response is such a stream. */
const client = () => new PassThrough() as unknown as ServerResponse;
const wait = (holds: Holds, thing: Thing, count = 1, untilMs = T0 + 4000) =>
  Array.from({ length: count }, () => holds.wait(thing, client(), untilMs));

async function counted(name: string) {
  return (await metrics.registry.getSingleMetric(name)!.get()).values.map(({ labels, value }) => ({
    ...labels,
    value,
  }));
}

describe("a hold ends", () => {
  test.each(["published", "ended", "stalled"] as const)("when its object is %s, for all at once", async (end) => {
    const thing = new Thing();
    const waiting = wait(holdsOf(), thing, 100);
    await settle();
    expect(await counted("headwater_holds")).toEqual([{ value: 100 }]);
    thing.publish(end);
    expect(new Set(await Promise.all(waiting))).toEqual(new Set([end]));
    expect(await counted("headwater_holds")).toEqual([{ value: 0 }]);
    expect(await counted("headwater_holds_total")).toEqual([{ end, value: 100 }]);
  });

  test("at the deadline of each request, exactly", async () => {
    const holds = holdsOf();
    const thing = new Thing();
    const ends: string[] = [];
    const note = (name: string) => (end: string) => ends.push(`${name} ${end} at ${time.nowMs() - T0}`);
    void holds.wait(thing, client(), T0 + 4000).then(note("late"));
    void holds.wait(thing, client(), T0 + 3000).then(note("early"));
    await time.pass(2999);
    expect(ends).toEqual([]);
    await time.pass(2000);
    expect(ends).toEqual(["early deadline at 3000", "late deadline at 4000"]);
  });

  test("when the client leaves: its place is free at once, and the last one out leaves nothing", async () => {
    const holds = holdsOf(2);
    const thing = new Thing();
    const clients = [client(), client()];
    const waiting = clients.map((one) => holds.wait(thing, one, T0 + 4000));
    expect(await holds.wait(thing, client(), T0 + 4000)).toBe("refused");
    clients[0]!.destroy();
    expect(await waiting[0]).toBe("gone");
    const third = holds.wait(thing, client(), T0 + 4000);
    clients[1]!.destroy();
    await settle();
    expect(thing.wakes.size).toBe(1);
    thing.publish();
    expect(await Promise.all([waiting[1], third])).toEqual(["gone", "published"]);
    expect([thing.wakes.size, time.alarms]).toEqual([0, 0]);
    expect(clients[0]!.listenerCount("close")).toBe(new PassThrough().listenerCount("close"));
  });

  test("before it began, for one who has left already, one too many, and while the process drains", async () => {
    const thing = new Thing();
    const gone = client();
    gone.destroy();
    expect(await holdsOf().wait(thing, gone, T0 + 4000)).toBe("gone");
    expect(await holdsOf(0).wait(thing, client(), T0 + 4000)).toBe("refused");
    const holds = holdsOf();
    const [running] = wait(holds, thing);
    draining.abort();
    expect(await holds.wait(thing, client(), T0 + 4000)).toBe("drain");
    thing.publish();
    expect(await running).toBe("published");
  });
});

describe("one entry", () => {
  test("looks once for all, again when woken, and once more after news that came during a look", async () => {
    const thing = new Thing();
    const waiting = wait(holdsOf(), thing, 500);
    await settle();
    expect([thing.looks, thing.subscriptions]).toEqual([1, 1]);
    for (const wake of thing.wakes) wake();
    await settle();
    expect(thing.looks).toBe(2);
    const barrier = Promise.withResolvers<void>();
    thing.barrier = barrier.promise;
    for (const wake of thing.wakes) wake();
    await settle();
    thing.publish();
    thing.publish();
    barrier.resolve();
    await Promise.all(waiting);
    expect(thing.looks).toBe(4);
  });

  test("for each key: others are not woken", async () => {
    const holds = holdsOf();
    const [one, other] = [new Thing("one"), new Thing("other")];
    const [first] = wait(holds, one);
    const [second] = wait(holds, other);
    one.publish();
    expect(await first).toBe("published");
    await settle();
    expect(other.looks).toBe(1);
    await time.pass(4000);
    expect(await second).toBe("deadline");
  });

  test("looks again when its object says, and half a second after storage failed", async () => {
    const thing = new Thing();
    thing.againAtMs = T0 + 700;
    const [waiting] = wait(holdsOf(), thing);
    await time.pass(699);
    expect(thing.looks).toBe(1);
    thing.fails = true;
    await time.pass(1);
    expect(thing.looks).toBe(2);
    thing.fails = false;
    thing.end = "published";
    await time.pass(500);
    expect(await waiting).toBe("published");
  });
});

// Published after so many steps of a hold's beginning: before, between subscribing and looking, during the look, after.
test.each([0, 1, 2, 3, 4, 5, 6, 7])("what is published %d steps into a hold is not missed", async (steps) => {
  for (const lookTakes of [0, 1, 3]) {
    const thing = new Thing();
    if (lookTakes > 0) thing.barrier = turns(lookTakes);
    if (steps === 0) thing.publish();
    const [waiting] = wait(holdsOf(), thing);
    if (steps === 1) thing.publish();
    else if (steps > 1) void turns(steps - 2).then(() => thing.publish());
    expect(await waiting).toBe("published");
    expect(time.nowMs()).toBe(T0);
  }
});

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) await setImmediate();
}
