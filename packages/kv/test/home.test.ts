import { guardedHome, type HomeKv, KvError, memoryKv, newNonce } from "@headwater/kv";
import { beforeEach, describe, expect, test } from "@jest/globals";

const UNAVAILABLE = expect.objectContaining({ name: "KvError", code: "unavailable" });

describe("a home", () => {
  let atMs: number;
  let opened: number;
  let asked: string[];
  let open: () => Promise<HomeKv>;
  let home: HomeKv;

  beforeEach(() => {
    [atMs, opened, asked] = [0, 0, []];
    open = async () => memoryKv();
    const options = { clockMs: () => atMs, onAsk: (event: string, table: string) => asked.push(`${event} ${table}`) };
    home = guardedHome(async () => {
      opened += 1;
      return open();
    }, options);
  });

  const ask = () => home.range("control", "events", { limit: 1 });

  test("is opened by the first question, once", async () => {
    expect(opened).toBe(0);
    await Promise.all([ask(), ask(), home.readChunk("1h", newNonce(0), 0)]);
    expect([opened, asked]).toEqual([1, ["home rows", "home rows", "home chunks"]]);
  });

  test("that fails rests for a second, then is opened again for one who asks", async () => {
    open = () => Promise.reject(new KvError("unavailable", "cut off"));
    await expect(ask()).rejects.toEqual(UNAVAILABLE);
    atMs += 999;
    await expect(ask()).rejects.toEqual(UNAVAILABLE);
    expect([opened, asked]).toEqual([1, ["home rows", "home-failed rows"]]);

    atMs += 1;
    const gate = Promise.withResolvers<HomeKv>();
    open = () => gate.promise;
    const trial = ask();
    await expect(ask()).rejects.toEqual(UNAVAILABLE);
    gate.resolve(memoryKv());
    expect((await trial).rows).toEqual([]);
    await Promise.all([ask(), ask()]);
    expect(opened).toBe(2);
  });

  test("that says nothing holds nobody up, nor more than so many at once", async () => {
    open = () => new Promise(() => {});
    const all = await Promise.allSettled(Array.from({ length: 100 }, ask));
    expect(all.every(({ status }) => status === "rejected")).toBe(true);
    expect(asked.filter((event) => event === "home rows")).toHaveLength(32);
  });
});
