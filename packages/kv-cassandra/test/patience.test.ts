import { KvError } from "@headwater/kv";
import { describe, expect, test } from "@jest/globals";
import { keepTrying, NotYet } from "../src/patience.ts";

const failing = (code: number, message: string) => Object.assign(new Error(message), { code });

/** Fails with each of `errors` in turn, then succeeds. */
function attempts(errors: readonly Error[]): { attempt: () => Promise<string>; count: () => number } {
  let count = 0;
  const attempt = async () => {
    const error = errors[count];
    count += 1;
    if (error !== undefined) throw error;
    return "done";
  };
  return { attempt, count: () => count };
}

describe("keeping to try", () => {
  test("waits out what may pass, and tells each reason once", async () => {
    const reasons: string[] = [];
    const { attempt, count } = attempts([
      new NotYet("the lock is taken"),
      new NotYet("the lock is taken"),
      failing(0x1100, "write timeout"),
      failing(0x2200, "unconfigured table"),
    ]);
    expect(await keepTrying(attempt, { onWaiting: (reason) => reasons.push(reason) })).toBe("done");
    expect(count()).toBe(5);
    expect(reasons).toEqual([
      "the lock is taken",
      "Cassandra cannot be used: write timeout",
      "Cassandra cannot be used: unconfigured table",
    ]);
  });

  test.each([
    ["a KvError", new KvError("unavailable", "the schema is newer")],
    ["no right", failing(0x2100, "no right to CREATE")],
    ["a setting that Cassandra never takes", failing(0x2300, "unknown datacenter")],
  ])("%s is final", async (_, error) => {
    const { attempt, count } = attempts([error]);
    await expect(keepTrying(attempt, {})).rejects.toMatchObject({
      name: "KvError",
      message: expect.stringContaining(error.message),
    });
    expect(count()).toBe(1);
  });

  test("gives up after its time, with the last reason", async () => {
    const { attempt } = attempts([new NotYet("the lock is taken")]);
    await expect(keepTrying(attempt, { waitMs: 0 })).rejects.toMatchObject({
      code: "unavailable",
      message: "the lock is taken (given up after 0 s)",
    });
  });
});
