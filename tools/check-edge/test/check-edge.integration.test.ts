import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Edge, type Headwater, requirePart, startEdge, startHeadwater, startVarnish } from "@headwater/infra";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { checkEdge, type Findings, table } from "../check.ts";

/** What `startHeadwater` sets. */
const OPERATOR_TOKEN = "operator-of-this-run";
const able = (await requirePart("varnishd")) !== undefined;

let dir: string;
let headwater: Headwater;
const edges: Edge[] = [];

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "headwater-check-edge-"));
  headwater = await startHeadwater({ dir });
  if (!able) return;
  const { host, port } = new URL(headwater.origin.url);
  edges.push(await startEdge({ kind: "varnish", origin: host, dir: join(dir, "kit"), cacheSize: "64m" }));
  const vclFile = join(dir, "careless.vcl");
  await writeFile(vclFile, careless(port));
  edges.push(await startVarnish({ vclFile, dir: join(dir, "careless"), memory: "64m" }));
}, 40_000);
afterAll(async () => {
  for (const edge of edges) await edge.stop();
  await headwater?.stop();
  await rm(dir, { recursive: true, force: true });
});

/** Stock Varnish, but that every 404 is kept for 20 s. */
const careless = (originPort: string): string => `vcl 4.1;
backend origin { .host = "127.0.0.1"; .port = "${originPort}"; }
sub vcl_backend_response { if (beresp.status == 404) { set beresp.ttl = 20s; return (deliver); } }
`;

const check = (edgeUrl: string) =>
  checkEdge({
    edgeUrl,
    controlUrl: headwater.control.url,
    operatorToken: OPERATOR_TOKEN,
    publisherUrl: headwater.publisher.url,
  });
const ids = (findings: Findings, verdict: string): string[] =>
  Object.entries(findings)
    .filter(([, finding]) => finding.verdict === verdict)
    .map(([id]) => id);

test("no promise is broken by the origin itself or by the Varnish kit; a careless edge is found out", async () => {
  const [direct, kit, careless] = await Promise.all([headwater.origin, ...edges].map(({ url }) => check(url)));
  expect(ids(direct!, "broken")).toEqual([]);
  const onlyOfCaches = ["early-404-kept", "gone-410", "collapsed", "segment-kept", "not-split"];
  expect(ids(direct!, "cannot tell")).toEqual(onlyOfCaches);

  if (kit !== undefined) {
    expect(ids(kit, "broken").map((id) => [id, kit[id as keyof Findings].seen])).toEqual([]);
    expect(onlyOfCaches.filter((id) => kit[id as keyof Findings].verdict !== "survived")).toEqual([]);
  }
  if (careless !== undefined) {
    expect(ids(careless, "broken")).toEqual(expect.arrayContaining(["early-404", "hole-404", "not-split"]));
    expect(table(careless)).toMatch(/^404 +a 404 is gone when its time is over +broken +404 when \d+ ms were over/m);
  }
  const headers = { Authorization: `Bearer ${OPERATOR_TOKEN}` };
  expect(await (await fetch(`${headwater.control.url}/v1/events`, { headers })).json()).toEqual({ events: [] });
}, 40_000);
