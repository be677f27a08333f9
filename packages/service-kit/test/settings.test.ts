import { resolve } from "node:path";
import { describe, expect, test } from "@jest/globals";
import { type Environment, readSettings, SERVICES, type ServiceName, SettingsError } from "../src/index.ts";

const CLUSTER = { HEADWATER_STORE: "cassandra", HEADWATER_CASSANDRA_CONTACT_POINTS: "10.0.0.1:9042,10.0.0.2:9042" };
const OPERATOR = { HEADWATER_OPERATOR_TOKEN: "t0ken" };

function refusal(env: Environment, service: ServiceName = "worker"): string {
  try {
    readSettings(env, service);
  } catch (error) {
    expect(error).toBeInstanceOf(SettingsError);
    return (error as Error).message;
  }
  throw new Error(`accepted: ${JSON.stringify(env)}`);
}

describe("defaults", () => {
  test("nothing set: the local store, loopback, the contract's ports and numbers", () => {
    expect(readSettings({ PATH: "/bin" }, "origin")).toEqual({
      service: "origin",
      processIndex: 0,
      region: "local",
      dataDir: resolve("data"),
      store: { kind: "local", dataDir: resolve("data") },
      memcachedZones: {},
      zone: undefined,
      redisUrl: undefined,
      listen: {
        publisher: { host: "127.0.0.1", port: 7101 },
        origin: { host: "127.0.0.1", port: 7102 },
        control: { host: "127.0.0.1", port: 7103 },
      },
      adminListen: { host: "127.0.0.1", port: 7112 },
      processes: { publisher: 1, origin: 1, control: 1, worker: 1 },
      urls: { publish: "http://127.0.0.1:7101", origin: "http://127.0.0.1:7102", control: "http://127.0.0.1:7103" },
      operatorTokens: [],
      cdnTokens: [],
      edges: [],
      limits: {
        dvrReadsPerSecond: 200,
        storeReadsInFlight: 64,
        storeReadTargetMs: 100,
        storeReadDelayMs: 0,
        memoryCacheBytes: 268435456,
        holdsMax: 20000,
        requestsMax: 25000,
        connectionsMax: 50000,
        mediaInFlightBytes: 512 * 1024 * 1024,
        maxSegmentBytes: 33554432,
        maxPlaylistBytes: 1048576,
        drainDelayMs: 2000,
        clockToleranceMs: 500,
      },
      logLevel: "info",
    });
  });

  test.each([
    ["publisher", 7111],
    ["origin", 7112],
    ["control", 7113],
    ["worker", 7114],
  ] as const)("%s has admin port %d, the third of its kind twenty higher", (service, port) => {
    expect(readSettings(OPERATOR, service).adminListen.port).toBe(port);
    expect(readSettings({ ...OPERATOR, HEADWATER_PROCESS_INDEX: "2" }, service).adminListen.port).toBe(port + 20);
  });

  test("an empty value counts as not set", () => {
    const settings = readSettings(
      { HEADWATER_CDN_TOKENS: "", HEADWATER_STORE: "", HEADWATER_HOLDS_MAX: " " },
      "origin",
    );
    expect(settings).toEqual(readSettings({}, "origin"));
  });
});

describe("values", () => {
  test("a cluster, with memcached, Redis and a datacenter of the origin's own", () => {
    const settings = readSettings(
      {
        ...CLUSTER,
        HEADWATER_CASSANDRA_DATACENTER: "dc1",
        HEADWATER_CASSANDRA_KEYSPACE: "hw",
        HEADWATER_CASSANDRA_ADDRESS_MAP: "10.0.0.1:9042=127.0.0.1:19042",
        HEADWATER_CASSANDRA_READ_CONTACT_POINTS: "10.1.0.1:9042",
        HEADWATER_CASSANDRA_READ_DATACENTER: "dc2",
        HEADWATER_CASSANDRA_REPLICATION: "dc1=3,dc2=2",
        HEADWATER_MEMCACHED_ZONES: "a=127.0.0.1:11211,127.0.0.1:11212;b=cache.example:11211",
        HEADWATER_ZONE: "b",
        HEADWATER_REDIS_URL: "redis://:secret@127.0.0.1:6379/1",
        HEADWATER_REGION: "west",
      },
      "origin",
    );
    expect(settings.store).toEqual({
      kind: "cassandra",
      contactPoints: ["10.0.0.1:9042", "10.0.0.2:9042"],
      dataCenter: "dc1",
      keyspace: "hw",
      addressMap: { "10.0.0.1:9042": "127.0.0.1:19042" },
      replication: { dc1: 3, dc2: 2 },
      readContactPoints: ["10.1.0.1:9042"],
      readDataCenter: "dc2",
    });
    expect(Object.entries(settings.memcachedZones)).toEqual([
      [
        "a",
        [
          { host: "127.0.0.1", port: 11211 },
          { host: "127.0.0.1", port: 11212 },
        ],
      ],
      ["b", [{ host: "cache.example", port: 11211 }]],
    ]);
    expect(settings).toMatchObject({ zone: "b", redisUrl: "redis://:secret@127.0.0.1:6379/1", region: "west" });
  });

  test("a cluster with memcached or Redis missing; the origin reads where the publisher writes unless told otherwise", () => {
    const { store, memcachedZones, redisUrl } = readSettings(CLUSTER, "origin");
    expect(store).toEqual({
      kind: "cassandra",
      contactPoints: ["10.0.0.1:9042", "10.0.0.2:9042"],
      dataCenter: "datacenter1",
      keyspace: "headwater",
      readContactPoints: ["10.0.0.1:9042", "10.0.0.2:9042"],
      readDataCenter: "datacenter1",
    });
    expect([memcachedZones, redisUrl]).toEqual([{}, undefined]);
    const zones = readSettings({ ...CLUSTER, HEADWATER_MEMCACHED_ZONES: "z=h:1" }, "origin");
    expect([zones.zone, zones.redisUrl]).toEqual(["z", undefined]);
    expect(readSettings({ ...CLUSTER, HEADWATER_REDIS_URL: "rediss://h" }, "origin").memcachedZones).toEqual({});
  });

  test("listening, tokens, edges and limits", () => {
    const settings = readSettings(
      {
        HEADWATER_PUBLISHER_LISTEN: "0.0.0.0:80",
        HEADWATER_ORIGIN_LISTEN: "[::]:0",
        HEADWATER_CONTROL_ADMIN_LISTEN: "[::1]:0",
        HEADWATER_PROCESS_INDEX: "3",
        HEADWATER_ORIGIN_PROCESSES: "4",
        HEADWATER_ORIGIN_URL: "https://origin.example.com/",
        HEADWATER_OPERATOR_TOKENS: "alice:a.b~c+d/e==,bob:2",
        HEADWATER_OPERATOR_TOKEN: "3",
        HEADWATER_CDN_TOKENS: "akamai:x",
        HEADWATER_EDGES: "west=varnish:http://10.0.0.5:6081,east=nginx:https://edge.example/purge",
        HEADWATER_DATA_DIR: "/var/lib/headwater",
        HEADWATER_DATA_MAX_BYTES: "10737418240",
        HEADWATER_DVR_READS_PER_SECOND: "0",
        HEADWATER_LOG_LEVEL: "silent",
      },
      "control",
    );
    expect(settings).toMatchObject({
      listen: { publisher: { host: "0.0.0.0", port: 80 }, origin: { host: "::", port: 0 } },
      adminListen: { host: "::1", port: 0 },
      processes: { publisher: 1, origin: 4 },
      urls: { publish: "http://127.0.0.1:80", origin: "https://origin.example.com" },
      operatorTokens: [
        { name: "alice", token: "a.b~c+d/e==" },
        { name: "bob", token: "2" },
        { name: "operator", token: "3" },
      ],
      cdnTokens: [{ name: "akamai", token: "x" }],
      edges: [
        { id: "west", kind: "varnish", url: "http://10.0.0.5:6081" },
        { id: "east", kind: "nginx", url: "https://edge.example/purge" },
      ],
      store: { kind: "local", dataDir: "/var/lib/headwater", dataMaxBytes: 10737418240 },
      // The machine's 256 MiB, a quarter for each process.
      limits: { dvrReadsPerSecond: 0, memoryCacheBytes: 67108864 },
      logLevel: "silent",
    });
  });

  test("variables of the test runner and of others are none of our business", () => {
    expect(() =>
      readSettings({ HEADWATER_TEST_CASSANDRA: "x", HEADWATERS: "x", npm_config: "y" }, "worker"),
    ).not.toThrow();
  });
});

describe("refusals are one sentence naming variable, value and what is allowed", () => {
  test.each<[string, string, RegExp]>([
    ["HEADWATER_STORE", "mongo", /one of local, cassandra/],
    ["HEADWATER_STORE", "LOCAL", /one of local, cassandra/],
    ["HEADWATER_LOG_LEVEL", "verbose", /one of trace, debug/],
    ["HEADWATER_DRAIN_DELAY_MS", "2s", /whole number from 0 to 10000 \(ms\)/],
    ["HEADWATER_DRAIN_DELAY_MS", "-1", /whole number from 0/],
    ["HEADWATER_DRAIN_DELAY_MS", "1.5", /whole number/],
    ["HEADWATER_DRAIN_DELAY_MS", "1e3", /whole number/],
    ["HEADWATER_DRAIN_DELAY_MS", "0x10", /whole number/],
    ["HEADWATER_DRAIN_DELAY_MS", "007", /whole number/],
    ["HEADWATER_DRAIN_DELAY_MS", "10001", /to 10000/],
    ["HEADWATER_DRAIN_DELAY_MS", "NaN", /whole number/],
    ["HEADWATER_STORE_READ_TARGET_MS", "0", /from 1/],
    ["HEADWATER_ORIGIN_PROCESSES", "0", /from 1 to 64/],
    ["HEADWATER_DATA_MAX_BYTES", "1024", /from 1048576/],
    ["HEADWATER_DATA_MAX_BYTES", "99999999999999999999", /whole number/],
    ["HEADWATER_DATA_DIR", "a\u0000b", /control characters/],
    ["HEADWATER_ORIGIN_LISTEN", "7102", /host:port/],
    ["HEADWATER_ORIGIN_LISTEN", ":7102", /host:port/],
    ["HEADWATER_ORIGIN_LISTEN", "127.0.0.1:70000", /from 0 to 65535/],
    ["HEADWATER_ORIGIN_LISTEN", "127.0.0.1:http", /host:port/],
    ["HEADWATER_ORIGIN_LISTEN", "::1:7102", /\[::\]:7101/],
    ["HEADWATER_ORIGIN_LISTEN", "http://h:1", /host:port/],
    ["HEADWATER_REGION", "West", /lower-case/],
    ["HEADWATER_CASSANDRA_DATACENTER", "dc 1", /letters, digits/],
    ["HEADWATER_CASSANDRA_CONTACT_POINTS", "10.0.0.1", /10\.0\.0\.1:9042,/],
    ["HEADWATER_CASSANDRA_CONTACT_POINTS", "10.0.0.1:9042,", /list/],
    ["HEADWATER_CASSANDRA_CONTACT_POINTS", "10.0.0.1:0", /list/],
    ["HEADWATER_CASSANDRA_ADDRESS_MAP", "h:1=p", /names no node twice/],
    ["HEADWATER_CASSANDRA_ADDRESS_MAP", "h:1=p:2=q:3", /list/],
    ["HEADWATER_CASSANDRA_ADDRESS_MAP", "h:1=p:2,h:1=p:3", /no node twice/],
    ["HEADWATER_CASSANDRA_REPLICATION", "3", /west=3,east=3/],
    ["HEADWATER_CASSANDRA_REPLICATION", "west=0", /1 to 9 copies/],
    ["HEADWATER_CASSANDRA_REPLICATION", "west=3,west=2", /none twice/],
    ["HEADWATER_MEMCACHED_ZONES", "127.0.0.1:11211", /zones such as/],
    ["HEADWATER_MEMCACHED_ZONES", "a=h:1;a=h:2", /no zone and/],
    ["HEADWATER_MEMCACHED_ZONES", "a=h:1,h:1", /zones/],
    ["HEADWATER_REDIS_URL", "127.0.0.1:6379", /redis:\/\/127/],
    ["HEADWATER_REDIS_URL", "http://127.0.0.1:6379", /redis:\/\/127/],
    ["HEADWATER_EDGES", "west=squid:http://h", /varnish, nginx or http/],
    ["HEADWATER_EDGES", "west=varnish:h:6081", /http or https URL/],
    ["HEADWATER_EDGES", "w=http:http://h,w=http:http://i", /no edge twice/],
    ["HEADWATER_PUBLISH_URL", "ftp://h", /https:\/\/publish/],
    ["HEADWATER_PROCESS_INDEX", "100", /from 0 to 99/],
  ])("%s=%s", (variable, value, allowed) => {
    const message = refusal({ [variable]: value });
    expect(message).toMatch(allowed);
    expect(message).toContain(`${variable} is "${value}"`);
    expect(message).toMatch(/^[^\n]+\.$/);
  });

  test.each([
    ["HEADWATER_OPERATOR_TOKENS", "hushhush"],
    ["HEADWATER_OPERATOR_TOKENS", "alice:hush hush"],
    ["HEADWATER_OPERATOR_TOKENS", "alice:hush,alice:hush2"],
    ["HEADWATER_OPERATOR_TOKENS", "alice:hush,bob:hush"],
    ["HEADWATER_OPERATOR_TOKEN", "hush!"],
    ["HEADWATER_CDN_TOKENS", "cdn=hush"],
  ])("%s=%s, without showing the secret", (variable, value) => {
    const message = refusal({ [variable]: value });
    expect(message).toContain(`${variable} is set to a value that is not shown, but must be`);
    expect(message).not.toContain("hush");
  });

  test("a password within a URL is not shown either", () => {
    expect(refusal({ HEADWATER_REDIS_URL: "http://me:hush@h" })).toContain('"http://***@h"');
  });

  test("a name that does not exist, with the one it was meant for", () => {
    expect(refusal({ HEADWATER_ORIGIN_LISTN: "127.0.0.1:1" })).toBe(
      'HEADWATER_ORIGIN_LISTN (set to "127.0.0.1:1") is not a setting of Headwater; did you mean HEADWATER_ORIGIN_LISTEN?',
    );
    expect(refusal({ HEADWATER_TURBO: "on" })).toBe(
      'HEADWATER_TURBO (set to "on") is not a setting of Headwater; docs/settings.md lists those that are.',
    );
    expect(refusal({ HEADWATER_CDN_TOKEN: "a:hush" })).not.toContain("hush");
  });

  test("every service refuses a wrong value of any other", () => {
    for (const service of SERVICES) {
      expect(refusal({ ...OPERATOR, HEADWATER_HOLDS_MAX: "many" }, service)).toContain("HEADWATER_HOLDS_MAX");
    }
  });
});

describe("combinations", () => {
  test.each<[string, Environment, ServiceName, RegExp]>([
    ["memcached with the local store", { HEADWATER_MEMCACHED_ZONES: "a=h:1" }, "origin", /_ZONES is set, .*=cassandra/],
    ["Redis with the local store", { HEADWATER_REDIS_URL: "redis://h" }, "worker", /REDIS_URL is set, .*=cassandra/],
    ["contact points, store forgotten", { HEADWATER_CASSANDRA_CONTACT_POINTS: "h:1" }, "publisher", /=cassandra/],
    ["no contact points", { HEADWATER_STORE: "cassandra" }, "publisher", /CONTACT_POINTS is not set, but/],
    [
      "a zone that is none",
      { ...CLUSTER, HEADWATER_MEMCACHED_ZONES: "a=h:1;b=h:2", HEADWATER_ZONE: "c" },
      "origin",
      /HEADWATER_ZONE is "c", but must be one of HEADWATER_MEMCACHED_ZONES: a, b\./,
    ],
    [
      "an open origin beyond loopback",
      { HEADWATER_ORIGIN_LISTEN: "0.0.0.0:80" },
      "origin",
      /CDN_TOKENS is empty.*0\.0\.0\.0:80/,
    ],
    ["the same, IPv6", { HEADWATER_ORIGIN_LISTEN: "[::]:80" }, "origin", /HEADWATER_CDN_TOKENS is empty/],
    ["the same, by name", { HEADWATER_ORIGIN_LISTEN: "127.example:80" }, "origin", /HEADWATER_CDN_TOKENS is empty/],
    ["control without an operator", {}, "control", /HEADWATER_OPERATOR_TOKENS is empty, but control needs/],
    [
      "the name operator twice",
      { ...OPERATOR, HEADWATER_OPERATOR_TOKENS: "operator:x" },
      "control",
      /OPERATOR_TOKEN .*name "operator" must not/,
    ],
    ["one token twice", { ...OPERATOR, HEADWATER_OPERATOR_TOKENS: "a:t0ken" }, "control", /its token must not/],
    [
      "an admin port beyond the last",
      { HEADWATER_WORKER_ADMIN_LISTEN: "h:65530", HEADWATER_PROCESS_INDEX: "1" },
      "worker",
      /HEADWATER_PROCESS_INDEX is "1".*65535/,
    ],
  ])("refused: %s", (_what, env, service, message) => {
    expect(refusal(env, service)).toMatch(message);
  });

  test.each<[string, Environment, ServiceName]>([
    ["an open origin on loopback", { HEADWATER_ORIGIN_LISTEN: "127.3.2.1:80" }, "origin"],
    ["an open origin on localhost", { HEADWATER_ORIGIN_LISTEN: "localhost:80" }, "origin"],
    ["an open origin on ::1", { HEADWATER_ORIGIN_LISTEN: "[::1]:80" }, "origin"],
    ["tokens beyond loopback", { HEADWATER_ORIGIN_LISTEN: "0.0.0.0:80", HEADWATER_CDN_TOKENS: "a:b" }, "origin"],
    ["an origin elsewhere, seen from the publisher", { HEADWATER_ORIGIN_LISTEN: "0.0.0.0:80" }, "publisher"],
    ["a zone without memcached", { ...CLUSTER, HEADWATER_ZONE: "a" }, "origin"],
    ["a cluster's names without a cluster", { HEADWATER_CASSANDRA_KEYSPACE: "hw" }, "origin"],
  ])("accepted: %s", (_what, env, service) => {
    expect(() => readSettings(env, service)).not.toThrow();
  });
});
