/** What a setting's text may be and what it becomes. `parse` answers undefined for a text that is not allowed. */
export type Kind<T> = {
  /** The type as the documentation names it. */
  readonly type: string;
  readonly unit: string;
  /** What is allowed, as the end of a sentence: "a whole number from 1 to 64". */
  readonly allowed: string;
  /** A secret's value is never shown, not even in the message that refuses it. */
  readonly secret: boolean;
  readonly parse: (text: string) => T | undefined;
};

export type Address = { readonly host: string; readonly port: number };
export type NamedToken = { readonly name: string; readonly token: string };
export type EdgeKind = "varnish" | "nginx" | "http";
export type EdgeSetting = { readonly id: string; readonly kind: EdgeKind; readonly url: string };
/** The servers of each zone, by its name, in the order given. */
export type MemcachedZones = Readonly<Record<string, readonly Address[]>>;

const ID = /^[a-z0-9][a-z0-9-]{0,63}$/;
const TOKEN = /^[A-Za-z0-9._~+/=-]{1,256}$/;
const HOST = /^(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9](?:[A-Za-z0-9._-]{0,252}))$/;

/** A whole number; decimal digits only, so that "30s", "1e3" and "0x10" are refused instead of guessed at. */
export function integer(unit: string, min: number, max: number): Kind<number> {
  return {
    type: "integer",
    unit,
    allowed: `a whole number from ${min} to ${max}${unit ? ` (${unit})` : ""}`,
    secret: false,
    parse: (text) => {
      if (!/^(?:0|[1-9][0-9]{0,15})$/.test(text)) return undefined;
      const value = Number(text);
      return value >= min && value <= max ? value : undefined;
    },
  };
}

export function choice<const T extends string>(values: readonly T[]): Kind<T> {
  return {
    type: "choice",
    unit: "",
    allowed: `one of ${values.join(", ")}`,
    secret: false,
    parse: (text) => values.find((value) => value === text),
  };
}

export const path: Kind<string> = {
  type: "path",
  unit: "",
  allowed: "the path of a folder, without control characters",
  secret: false,
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
  parse: (text) => (/^[^\u0000-\u001f\u007f]{1,1024}$/.test(text) ? text : undefined),
};

export const id: Kind<string> = {
  type: "name",
  unit: "",
  allowed: "a name of 1 to 64 lower-case letters, digits and dashes that begins with a letter or digit",
  secret: false,
  parse: (text) => (ID.test(text) ? text : undefined),
};

/** A name that Cassandra knows: a datacenter or a keyspace. */
export const cassandraName: Kind<string> = {
  type: "name",
  unit: "",
  allowed: "a name of 1 to 48 letters, digits, dashes and underscores",
  secret: false,
  parse: (text) => (/^[A-Za-z0-9_-]{1,48}$/.test(text) ? text : undefined),
};

/** Copies in each datacenter. */
export const replication: Kind<Readonly<Record<string, number>>> = {
  type: "datacenters and copies",
  unit: "",
  allowed: "a list such as west=3,east=3 of datacenters, each with 1 to 9 copies, that names none twice",
  secret: false,
  parse: (text) => {
    const pairs = list(text, ",", (item) => {
      const [, name, copies] = /^([A-Za-z0-9_-]{1,48})=([1-9])$/.exec(item) ?? [];
      return name === undefined ? undefined : ([name, Number(copies)] as const);
    });
    return pairs && distinct(pairs.map(([name]) => name)) ? Object.fromEntries(pairs) : undefined;
  },
};

/** An address to listen on; port 0 takes any free one. */
export const address: Kind<Address> = {
  type: "host:port",
  unit: "",
  allowed: "host:port, such as 127.0.0.1:7101 or [::]:7101, with a port from 0 to 65535",
  secret: false,
  parse: (text) => parseAddress(text, 0),
};

/** Several addresses to connect to, kept as `host:port`. */
export const addresses: Kind<readonly string[]> = {
  type: "list of host:port",
  unit: "",
  allowed: "a list such as 10.0.0.1:9042,10.0.0.2:9042",
  secret: false,
  parse: (text) => list(text, ",", parseTarget),
};

export const addressMap: Kind<Readonly<Record<string, string>>> = {
  type: "map of host:port",
  unit: "",
  allowed: "a list such as 10.0.0.1:9042=127.0.0.1:19042,10.0.0.2:9042=127.0.0.1:19043 that names no node twice",
  secret: false,
  parse: (text) => {
    const pairs = list(text, ",", (item) => {
      const [from, to, ...rest] = item.split("=");
      if (from === undefined || to === undefined || rest.length > 0) return undefined;
      const node = parseTarget(from);
      const proxy = parseTarget(to);
      return node && proxy ? ([node, proxy] as const) : undefined;
    });
    return pairs && distinct(pairs.map(([from]) => from)) ? Object.fromEntries(pairs) : undefined;
  },
};

export const memcachedZones: Kind<MemcachedZones> = {
  type: "zones of host:port",
  unit: "",
  allowed:
    "zones such as a=10.0.0.1:11211,10.0.0.2:11211;b=10.1.0.1:11211 that name no zone and within it no server twice",
  secret: false,
  parse: (text) => {
    const zones = list(text, ";", (item) => {
      const at = item.indexOf("=");
      const name = item.slice(0, at);
      const servers = list(item.slice(at + 1), ",", (server) => parseAddress(server, 1));
      const known = servers && distinct(servers.map(({ host, port }) => `${host}:${port}`));
      return at > 0 && ID.test(name) && servers && known ? ([name, servers] as const) : undefined;
    });
    return zones && distinct(zones.map(([name]) => name)) ? Object.fromEntries(zones) : undefined;
  },
};

export const token: Kind<string> = {
  type: "token",
  unit: "",
  allowed: "1 to 256 letters, digits and - . _ ~ + / =",
  secret: true,
  parse: (text) => (TOKEN.test(text) ? text : undefined),
};

export const namedTokens: Kind<readonly NamedToken[]> = {
  type: "list of name:token",
  unit: "",
  allowed:
    "a list such as alice:s3cret,bob:t0ken that names no one twice, with tokens of letters, digits and - . _ ~ + / =",
  secret: true,
  parse: (text) => {
    const tokens = list(text, ",", (item) => {
      const at = item.indexOf(":");
      const [name, token] = [item.slice(0, at), item.slice(at + 1)];
      return at > 0 && ID.test(name) && TOKEN.test(token) ? { name, token } : undefined;
    });
    const unambiguous = tokens && distinct(tokens.map((t) => t.name)) && distinct(tokens.map((t) => t.token));
    return unambiguous ? tokens : undefined;
  },
};

export const edges: Kind<readonly EdgeSetting[]> = {
  type: "list of name=kind:url",
  unit: "",
  allowed:
    "a list such as west=varnish:http://10.0.0.5:6081 that names no edge twice, of kind varnish, nginx or http, with an http or https URL",
  secret: false,
  parse: (text) => {
    const found = list(text, ",", (item) => {
      const match = /^([^=]+)=(varnish|nginx|http):(.+)$/.exec(item);
      const url = match && parseUrl(match[3] as string, ["http:", "https:"]);
      if (!match || !url || !ID.test(match[1] as string)) return undefined;
      return { id: match[1] as string, kind: match[2] as EdgeKind, url };
    });
    return found && distinct(found.map((edge) => edge.id)) ? found : undefined;
  },
};

/** A URL without a trailing slash, of one of the schemes named (each with its colon). */
export function url(schemes: readonly string[], example: string): Kind<string> {
  return {
    type: "URL",
    unit: "",
    allowed: `a URL such as ${example}`,
    secret: false,
    parse: (text) => parseUrl(text, schemes),
  };
}

function parseUrl(text: string, schemes: readonly string[]): string | undefined {
  if (/\s/.test(text) || !URL.canParse(text)) return undefined;
  const parsed = new URL(text);
  if (!schemes.includes(parsed.protocol) || parsed.hostname === "" || parsed.hash !== "") return undefined;
  return text.replace(/\/+$/, "");
}

function parseAddress(text: string, minPort: number): Address | undefined {
  const at = text.lastIndexOf(":");
  const [host, digits] = [text.slice(0, at), text.slice(at + 1)];
  if (at <= 0 || !HOST.test(host) || !/^(?:0|[1-9][0-9]{0,4})$/.test(digits)) return undefined;
  const port = Number(digits);
  return port >= minPort && port <= 65535 ? { host: host.replace(/^\[|\]$/g, ""), port } : undefined;
}

function parseTarget(text: string): string | undefined {
  return parseAddress(text, 1) ? text : undefined;
}

/** The parts of a list without empty ones, at most 256; undefined as soon as one of them is not allowed. */
function list<T>(text: string, separator: string, parse: (item: string) => T | undefined): T[] | undefined {
  const items = text.split(separator).map((item) => item.trim());
  if (items.length > 256) return undefined;
  const values: T[] = [];
  for (const item of items) {
    const value = parse(item);
    if (value === undefined) return undefined;
    values.push(value);
  }
  return values;
}

function distinct(values: readonly string[]): boolean {
  return new Set(values).size === values.length;
}
