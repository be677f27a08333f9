import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { cassandraForTests, requirePart } from "@headwater/infra";
import { afterAll, expect, test } from "@jest/globals";
import { coldCaches } from "../../load-tests/faults/scenarios/cold-caches.ts";
import { publisherAtSteps } from "../../load-tests/faults/scenarios/publisher-at-steps.ts";
import { randomFaults } from "../../load-tests/faults/scenarios/random-faults.ts";
import { redisStopped } from "../../load-tests/faults/scenarios/redis-stopped.ts";
import { zonePoisoned } from "../../load-tests/faults/scenarios/zone-poisoned.ts";
import { runFault } from "../../load-tests/faults/scene.ts";

// memcached and Redis are stopped here, so they are this file's own.
const parts = await Promise.all((["memcached", "redis-server"] as const).map(requirePart));
const haveOwn = !parts.includes(undefined);
const haveToxiproxy = (await requirePart("toxiproxy")) !== undefined;
const cassandra = haveOwn ? await cassandraForTests() : undefined;
const dir = await mkdtemp(join(tmpdir(), "headwater-faults-"));
afterAll(async () => {
  await cassandra?.stop();
  await rm(dir, { recursive: true, force: true });
});

const FAULTS = {
  ...(haveToxiproxy && { "zone-poisoned": zonePoisoned, "random-faults": randomFaults }),
  "cold-caches": coldCaches,
  "redis-stopped": redisStopped,
  "publisher-at-steps": publisherAtSteps,
};

(cassandra === undefined ? test.skip : test).each(Object.entries(FAULTS))(
  "%s, on the cluster: what it promises is kept, and it recovers by itself",
  async (name, fault) => {
    const report = await runFault({ name, fault, seed: "cluster", dir: join(dir, name), brief: true, cassandra });
    expect(report.failed).toEqual([]);
    expect(report.passed).toBeGreaterThan(1);
  },
);
