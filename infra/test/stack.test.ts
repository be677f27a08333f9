import { expect, test } from "@jest/globals";
import { ensureParts, INSTALLABLE_PARTS } from "../src/install.ts";
import { envLines, type StackPart } from "../src/stack/state.ts";

const part = (name: StackPart["name"], address: string): StackPart => ({ name, address, processes: [] });

test("the stack's settings name what runs and nothing else", () => {
  const cassandra = part("cassandra", "127.0.0.1:9042,127.0.0.2:9042");
  const whole = [cassandra, part("memcached-a", "h:1"), part("memcached-b", "h:2"), part("redis", "h:3")];
  expect(envLines(whole).split("\n")).toEqual([
    "HEADWATER_STORE=cassandra",
    "HEADWATER_CASSANDRA_CONTACT_POINTS=127.0.0.1:9042,127.0.0.2:9042",
    "HEADWATER_CASSANDRA_DATACENTER=datacenter1",
    "HEADWATER_CASSANDRA_KEYSPACE=headwater",
    "HEADWATER_MEMCACHED_ZONES=a=h:1;b=h:2",
    "HEADWATER_ZONE=a",
    "HEADWATER_REDIS_URL=redis://h:3",
  ]);
  expect(envLines([cassandra])).not.toMatch(/MEMCACHED|ZONE|REDIS/);
  expect(envLines([])).toBe("");
});

test("HEADWATER_INSTALL=0 reports what is missing and installs nothing", async () => {
  const before = process.env.HEADWATER_INSTALL;
  process.env.HEADWATER_INSTALL = "0";
  try {
    const missing = await ensureParts(INSTALLABLE_PARTS);
    expect(await ensureParts(INSTALLABLE_PARTS)).toEqual(missing);
    expect(INSTALLABLE_PARTS).toEqual(expect.arrayContaining(missing));
  } finally {
    if (before === undefined) delete process.env.HEADWATER_INSTALL;
    else process.env.HEADWATER_INSTALL = before;
  }
});
