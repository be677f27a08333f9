import { ChangeRing } from "@headwater/kv-local";
import type { NoticeListener, Notices, Subscription } from "@headwater/notices";

const POLL_MS = 10;

export interface LocalNoticesOptions {
  /** The data folder of an embedded store; it must have been opened once. */
  readonly dir: string;
  readonly nowMs?: () => number;
}

/**
 * Notices of the embedded store: every commit also writes the ring of changes, in its own transaction, and each
 * subscription looks every 10 ms whether the database has changed. So none is lost while the ring reaches back.
 */
export function localNotices({ dir, nowMs = Date.now }: LocalNoticesOptions): Notices {
  return {
    /** Nothing is left to do: the commit has written the notice. */
    async publish() {},

    async subscribe(listener: NoticeListener): Promise<Subscription> {
      const ring = new ChangeRing(dir);
      let completeUntilMs = 0;

      const poll = () => {
        const beganMs = nowMs();
        let found: ReturnType<ChangeRing["read"]>;
        try {
          found = ring.read();
        } catch {
          return; // Locked, or out of reach: the next poll begins where this one did, and until then nothing is vouched for.
        }
        completeUntilMs = beganMs;
        if (found.overrun) listener.onGap();
        for (const change of found.changes) listener.onNotice(change);
      };
      poll();
      const timer = setInterval(poll, POLL_MS);

      return {
        completeUntilMs() {
          poll(); // Microseconds, and what has just been acknowledged counts.
          return completeUntilMs;
        },
        async close() {
          clearInterval(timer);
          ring.close();
        },
      };
    },
  };
}
