export interface Address {
  host: string;
  port: number;
}

const ZONE_NAME = /^[a-z0-9][a-z0-9-]*$/i;
const ADDRESS = /^(?:\[([0-9a-f:.]+)\]|([a-z0-9][a-z0-9._-]*)):([0-9]{1,5})$/i;

/**
 * Reads `HEADWATER_MEMCACHED_ZONES`: `a=host:port,host:port;b=host:port`, IPv6 in brackets. Throws RangeError that names
 * the part it does not understand. An empty text is no zones.
 */
export function parseZones(text: string): Record<string, Address[]> {
  const zones: Record<string, Address[]> = {};
  if (text.trim() === "") return zones;
  for (const part of text.split(";")) {
    const [name = "", addresses, ...rest] = part.split("=").map((piece) => piece.trim());
    if (!ZONE_NAME.test(name) || addresses === undefined || rest.length > 0) {
      throw new RangeError(`memcached zones: "${part}" is not name=host:port,host:port`);
    }
    if (Object.hasOwn(zones, name)) throw new RangeError(`memcached zones: zone "${name}" is there twice`);
    zones[name] = addresses.split(",").map((address) => parseAddress(name, address.trim()));
    const distinct = new Set(zones[name].map(({ host, port }) => `${host}:${port}`));
    if (distinct.size < zones[name].length) throw new RangeError(`memcached zones: zone "${name}" names a node twice`);
  }
  return zones;
}

function parseAddress(zone: string, text: string): Address {
  const [, v6, name, port] = ADDRESS.exec(text) ?? [];
  const host = v6 ?? name;
  if (host === undefined) throw new RangeError(`memcached zones: "${text}" in zone "${zone}" is not host:port`);
  if (Number(port) < 1 || Number(port) > 65_535)
    throw new RangeError(`memcached zones: port of "${text}" is not 1-65535`);
  return { host, port: Number(port) };
}
