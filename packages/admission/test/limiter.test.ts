import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { type Asker, CLASSES, Limiter, type Outcome, type Permit, type ReadClass } from "../src/index.ts";

const asker = (name: ReadClass, edge = ""): Asker => ({ class: name, edge });

/** A limiter, and the permits that were given, by the name they were asked under. */
function limited(max: number, maxWaiting = 100) {
  const limiter = new Limiter({ max, targetMs: 100, maxWaiting });
  const given = new Map<string, Permit>();
  const enter = (name: string, as: ReadClass, edge?: string) =>
    limiter.enter(asker(as, edge), 0, (permit) => given.set(name, permit));
  /** Ends it without telling the limit anything. */
  const end = (name: string) => given.get(name)!.end("ignored", 0);
  return { limiter, given, enter, end, names: () => [...given.keys()] };
}

/** Brings the limit down to 1. */
function slowed(limiter: Limiter): Limiter {
  for (let ms = 0; ms < 2000; ms += 100) limiter.enter(asker("dvr"), ms, (permit) => permit.end("dropped", ms + 50));
  expect(limiter.limit).toBe(1);
  return limiter;
}

describe("a limiter", () => {
  test("lets in by class, then in the order of asking, whoever asked first", () => {
    const { enter, end, names } = limited(1);
    enter("first", "dvr");
    enter("behind", "background");
    enter("dvr", "dvr");
    enter("one", "live-edge");
    enter("two", "live-edge");
    for (const name of ["first", "one", "two", "dvr", "behind"]) end(name);
    expect(names()).toEqual(["first", "one", "two", "dvr", "behind"]);
  });

  test("gives the live edge its share while the others fill the limit, and never passes the hard one", () => {
    const { limiter, enter, names, given } = limited(4);
    slowed(limiter);
    enter("dvr", "dvr");
    enter("more dvr", "dvr");
    enter("live", "live-edge");
    enter("more live", "live-edge");
    expect(names()).toEqual(["dvr", "live"]);
    expect(limiter.inFlight).toBe(2);
    given.get("live")!.end("ignored", 3000);
    expect(names()).toEqual(["dvr", "live", "more live"]);
    expect(limiter.waiting).toBe(1);
  });

  test("leaves all of it to a class or an edge that is alone, and divides it among edges that ask", () => {
    const { limiter, enter, names } = limited(4);
    for (const name of ["1", "2"]) enter(name, "dvr", "east");
    expect([limiter.hasRoom(asker("dvr", "east"), 1), limiter.hasRoom(asker("dvr", "east"), 2)]).toEqual([true, false]);
    expect(limiter.hasRoom(asker("dvr", "west"), 2)).toBe(true);
    for (const name of ["3", "4"]) enter(name, "dvr", "west");
    expect(limiter.hasRoom(asker("dvr", "north"), 3)).toBe(false);
    expect(names()).toEqual(["1", "2", "3", "4"]);
  });

  test("refuses when too many wait, forgets who gives up, and has no room for those behind others", () => {
    const { limiter, enter, end, names } = limited(1, 1);
    enter("first", "dvr");
    const leave = enter("waits", "live-edge")!;
    expect(enter("too many", "live-edge")).toBeUndefined();
    leave();
    expect(limiter.waiting).toBe(0);
    enter("waits again", "live-edge");
    expect(limiter.hasRoom(asker("dvr"), 1)).toBe(false);
    end("first");
    expect(names()).toEqual(["first", "waits again"]);
  });

  test("a place that is promised is room to nobody else, but keeps no one out who comes in by right", () => {
    const { limiter, enter, names } = limited(2);
    const giveBack = limiter.promise(asker("dvr", "east"));
    expect(limiter.hasRoom(asker("dvr", "west"), 1)).toBe(true);
    expect(limiter.hasRoom(asker("dvr", "east"), 2)).toBe(false);
    enter("dvr", "dvr", "west");
    for (const name of ["dvr", "background"] as const) expect(limiter.hasRoom(asker(name), 1)).toBe(false);
    enter("live", "live-edge");
    expect(names()).toEqual(["dvr", "live"]);
    giveBack();
    expect(limiter.inFlight).toBe(2);
  });

  test("counts the first end of a permit only", () => {
    const { limiter, enter, given } = limited(2);
    enter("a", "dvr");
    enter("b", "dvr");
    expect([given.get("a")!.end("success", 1), given.get("a")!.end("dropped", 2)]).toEqual([true, false]);
    expect(limiter.inFlight).toBe(1);
  });

  test("keeps its promises whatever happens: places, permits, and the live edge first", () => {
    const step = fc.oneof(
      { weight: 3, arbitrary: fc.record({ ask: fc.constantFrom(...CLASSES), edge: fc.constantFrom("east", "west") }) },
      {
        weight: 3,
        arbitrary: fc.record({ end: fc.nat(), outcome: fc.constantFrom<Outcome>("success", "ignored", "dropped") }),
      },
      { weight: 1, arbitrary: fc.record({ leave: fc.nat() }) },
      { weight: 1, arbitrary: fc.record({ passMs: fc.integer({ min: 1, max: 900 }) }) },
    );
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 8 }), fc.array(step, { maxLength: 200 }), (max, steps) => {
        const limiter = new Limiter({ max, targetMs: 100, maxWaiting: 5 });
        const open = new Set<{ class: ReadClass; permit: Permit }>();
        const waiting = new Map<object, { class: ReadClass; leave: () => void }>();
        let nowMs = 0;
        const ask = (name: ReadClass, edge: string) => {
          const key = {};
          let entered = false;
          const leave = limiter.enter(asker(name, edge), nowMs, (permit) => {
            // Nobody overtakes a more urgent one that waits.
            const ahead = [...waiting.values()].filter((other) => CLASSES.indexOf(other.class) < CLASSES.indexOf(name));
            expect(ahead).toEqual([]);
            entered = true;
            waiting.delete(key);
            open.add({ class: name, permit });
          });
          if (leave !== undefined && !entered) waiting.set(key, { class: name, leave });
          if (leave === undefined) expect(waiting.size).toBe(5);
        };
        for (const one of steps) {
          if ("ask" in one) ask(one.ask, one.edge);
          else if ("passMs" in one) nowMs += one.passMs;
          else if ("leave" in one) {
            const [key, { leave }] = [...waiting][one.leave % Math.max(1, waiting.size)] ?? [undefined, { leave() {} }];
            if (key !== undefined) waiting.delete(key);
            leave();
          } else {
            const ending = [...open][one.end % Math.max(1, open.size)];
            if (ending === undefined) continue;
            open.delete(ending);
            expect(ending.permit.end(one.outcome, nowMs)).toBe(true);
            expect(ending.permit.end(one.outcome, nowMs)).toBe(false);
          }
          expect(limiter.inFlight).toBe(open.size);
          expect(limiter.inFlight).toBeLessThanOrEqual(max);
          expect(limiter.waiting).toBe(waiting.size);
          // Whoever waits, waits for a place: with none taken nobody does.
          if (open.size === 0) expect(waiting.size).toBe(0);
          const live = [...open].filter((held) => held.class === "live-edge").length;
          const waits = [...waiting.values()].some((held) => held.class === "live-edge");
          // DVR never keeps the live edge from its share.
          if (waits && open.size < max)
            expect(live).toBeGreaterThanOrEqual(Math.max(1, Math.floor(limiter.limit * 0.75)));
        }
      }),
      { numRuns: 300 },
    );
  });
});
