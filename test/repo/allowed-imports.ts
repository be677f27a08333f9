/**
 * The directions of imports, written once. Services stand at the top, pure packages at the bottom; adapters are named
 * only where something is wired. What a package may import of Headwater is its row; a subpath is allowed by itself.
 */
const PORTS = ["@headwater/kv", "@headwater/cache", "@headwater/notices"];
const KIT = "@headwater/service-kit";
const STORES = "@headwater/stores";
const MODEL = ["@headwater/segment-store/model", "@headwater/segment-store/catalog", "@headwater/segment-store/events"];
const WRITER = "@headwater/segment-store/writer";
const READER = "@headwater/segment-store/reader";
const PURE = [
  "@headwater/timeline",
  "@headwater/media-inspection",
  "@headwater/selection",
  "@headwater/playlists",
  "@headwater/edge-protocol",
];

export const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  "packages/timeline": [],
  "packages/media-inspection": [],
  "packages/selection": [],
  "packages/playlists": [],
  "packages/edge-protocol": [],
  "packages/admission": [],
  "packages/diagnosis": [],
  "packages/service-kit": [],

  "packages/kv": [],
  "packages/cache": [],
  "packages/notices": ["@headwater/kv"],
  "packages/kv-local": ["@headwater/kv"],
  "packages/kv-cassandra": ["@headwater/kv"],
  "packages/cache-memcached": ["@headwater/cache"],
  "packages/notices-local": ["@headwater/kv", "@headwater/kv-local", "@headwater/notices"],
  "packages/notices-redis": ["@headwater/kv", "@headwater/notices"],

  "packages/segment-store": [
    ...PORTS,
    "@headwater/timeline",
    "@headwater/media-inspection",
    "@headwater/selection",
    "@headwater/playlists",
  ],

  // The one place that names adapters; services open their stores through it.
  "packages/stores": [
    KIT,
    ...PORTS,
    "@headwater/kv-local",
    "@headwater/kv-cassandra",
    "@headwater/cache-memcached",
    "@headwater/notices-local",
    "@headwater/notices-redis",
  ],

  "services/publisher": [KIT, STORES, ...PURE, ...PORTS, ...MODEL, WRITER],
  "services/origin": [KIT, STORES, ...PURE, ...PORTS, "@headwater/admission", ...MODEL, READER],
  "services/control": [KIT, STORES, ...PURE, ...PORTS, "@headwater/diagnosis", ...MODEL],
  // Only the embedded store is swept by a worker; on the cluster media expires by itself.
  "services/worker": [KIT, STORES, ...PURE, ...PORTS, ...MODEL, "@headwater/kv-local"],
};

/** Tools for people who develop: they may name anything but a service, which they run as a process. */
export const DEVELOPMENT = ["infra", "load-tests"];
