import { setTimeout as sleep } from "node:timers/promises";
import { type Kv, KvError } from "@headwater/kv";

/** No read is made to last longer: it fails instead, as a store's own reads do. */
const MAX_MS = 5000;

/** A kv whose reads take longer by so much: the drill of a slow store. Without a delay the kv itself. */
export function slowed(kv: Kv, delayMs: number): Kv {
  if (delayMs === 0) return kv;
  const late = async <T>(read: () => Promise<T>): Promise<T> => {
    await sleep(Math.min(delayMs, MAX_MS));
    if (delayMs > MAX_MS) throw new KvError("unavailable", `no answer in ${MAX_MS} ms, as the drill wants it`);
    return read();
  };
  return {
    put: (...args) => kv.put(...args),
    putIfAbsent: (...args) => kv.putIfAbsent(...args),
    stage: (...args) => kv.stage(...args),
    readChunk: (...args) => late(() => kv.readChunk(...args)),
    range: (...args) => late(() => kv.range(...args)),
  };
}
