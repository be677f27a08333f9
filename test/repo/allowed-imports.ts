/**
 * The directions of imports, written once. Services stand at the top, pure packages at the bottom; adapters are named
 * only where something is wired. What a package may import of Headwater is its row; a subpath is allowed by itself.
 */
const PORTS = ["@headwater/kv", "@headwater/cache", "@headwater/notices"];
/** Named only by services, which wire them, and by each other as the rows say. */
const ADAPTERS = [
  "@headwater/kv-local",
  "@headwater/kv-cassandra",
  "@headwater/notices-local",
  "@headwater/notices-redis",
];
const KIT = "@headwater/service-kit";
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

  "services/publisher": [KIT, ...PURE, ...PORTS, ...ADAPTERS, "@headwater/cache-memcached", ...MODEL, WRITER],
  "services/origin": [
    KIT,
    ...PURE,
    ...PORTS,
    ...ADAPTERS,
    "@headwater/cache-memcached",
    "@headwater/admission",
    ...MODEL,
    READER,
  ],
  "services/control": [KIT, ...PURE, ...PORTS, ...ADAPTERS, ...MODEL],
  "services/worker": [KIT, ...PURE, ...PORTS, ...ADAPTERS, "@headwater/cache-memcached", ...MODEL],
};

/** Tools for people who develop: they may name anything but a service, which they run as a process. */
export const DEVELOPMENT = ["infra", "load-tests"];
