import { expect, test } from "@jest/globals";
import type { Client } from "cassandra-driver";
import { inTime } from "../src/deadline.ts";
import { chunkPartition, lacksQuorum, rowsPartition } from "../src/outlook.ts";

/** Copies of everything on nodes as `west up`. */
const cluster = (...nodes: string[]) => ({
  keyspace: "headwater",
  getReplicas: () =>
    nodes.map((node) => {
      const [datacenter, state] = node.split(" ");
      return { datacenter, isUp: () => state === "up" };
    }) as unknown as ReturnType<Client["getReplicas"]>,
});

test("a partition lacks its quorum when too few copies of the own datacenter are up", () => {
  const lacks = (...nodes: string[]) => lacksQuorum(cluster(...nodes), "west", rowsPartition("events"));
  expect(lacks("west up", "west up", "west down")).toBe(false);
  expect(lacks("west up", "west down", "west down")).toBe(true);
  expect(lacks("west up", "west down")).toBe(true);
  expect(lacks("west up")).toBe(false);
  expect(lacks("west down", "east up", "east up")).toBe(true);
  expect(lacks("west up", "west up", "west down", "east down", "east down")).toBe(false);
});

test("nothing is said of what the driver does not know", () => {
  expect(lacksQuorum(cluster("east up"), "west", rowsPartition("events"))).toBe(false);
  const unknown = { keyspace: "headwater", getReplicas: () => null as unknown as ReturnType<Client["getReplicas"]> };
  expect(lacksQuorum(unknown, "west", rowsPartition("events"))).toBe(false);
});

test("the routing key of a chunk is that of its two columns", () => {
  expect(chunkPartition("ab", 9).toString("hex")).toBe("0002616200" + "00040000000200");
});

test("a hopeless operation is given up before its time, one that ends meanwhile is not", async () => {
  const never = () => new Promise<never>(() => {});
  await expect(inTime(never, { maxMs: 60_000, isHopeless: () => true })).rejects.toThrow("too few nodes are up");
  await expect(inTime(never, { maxMs: 10, isHopeless: () => false })).rejects.toThrow("no answer within 10 ms");
  let hopeless = false;
  const late = inTime(never, { maxMs: 60_000, isHopeless: () => hopeless });
  hopeless = true;
  await expect(late).rejects.toThrow("too few nodes are up");
  await expect(inTime(async () => "done", { maxMs: 60_000, isHopeless: () => true })).resolves.toBe("done");
});
