import { type Kv, KvError } from "@headwater/kv";
import type { ReadClass } from "@headwater/timeline";

/** Who reads, for those who decide whether the store can bear it. */
export interface Asker {
  /** `background`: nobody waits for it. */
  readonly class: ReadClass | "background";
  /** The object that a client has asked for: the same for all its copies and all the reads it costs. */
  readonly object: string;
  /** The edge that the client is, as the operator named it; empty without names. */
  readonly edge: string;
}

/** Decides who may read from beyond this process's memory, and when. A wait in it has a deadline. */
export interface ReadGate {
  /** Before any tier is asked. Throws ReadRefused for what was refused a moment ago. */
  check(asker: Asker): void;
  /**
   * Before an object's rows are waited for: keeps room for the object itself, so that nobody waits for rows only to be
   * refused then. Throws ReadRefused when there is none. Returns how to give it back.
   */
  promise(asker: Asker): () => void;
  /** Once for each object or group of rows, before its first read of the store. Throws ReadRefused. */
  admit(asker: Asker, what: "object" | "rows"): void;
  /** One read, in its turn. Rejects with ReadRefused when its turn does not come, else as `act` does. */
  read<T>(tier: "memcached" | "store", asker: Asker, act: () => Promise<T>): Promise<T>;
}

/** To protect a tier it is not asked. */
export class ReadRefused extends KvError {
  readonly class: Asker["class"];
  /** For this long it is of no use to ask again. */
  readonly restMs: number;
  constructor(readClass: Asker["class"], restMs: number) {
    super("unavailable", `a ${readClass} read is refused to protect storage`);
    this.class = readClass;
    this.restMs = restMs;
  }
}

/** Lets everybody in. */
export const openGate: ReadGate = {
  check: () => {},
  promise: () => () => {},
  admit: () => {},
  read: (_tier, _asker, act) => act(),
};

/** A kv whose rows are read as the live edge's: what playlists, tails and events are read for. */
export const liveEdgeRows = (kv: Kv, gate: ReadGate): Kv => rowsReadAs("live-edge", kv, gate);

/** A kv whose rows are read after everybody else's. */
export const backgroundRows = (kv: Kv, gate: ReadGate): Kv => rowsReadAs("background", kv, gate);

function rowsReadAs(name: Asker["class"], kv: Kv, gate: ReadGate): Kv {
  const asker: Asker = { class: name, object: "", edge: "" };
  return {
    put: (...args) => kv.put(...args),
    putIfAbsent: (...args) => kv.putIfAbsent(...args),
    stage: (...args) => kv.stage(...args),
    readChunk: (...args) => kv.readChunk(...args),
    range: (...args) => gate.read("store", asker, () => kv.range(...args)),
  };
}
