import type { Notice, NoticeListener, Notices, Subscription } from "./port.ts";

/** A channel within this process, for tests: it can be cut, and then loses what is published, as a network would. */
export interface MemoryNotices extends Notices {
  cut(): void;
  /** Listeners are told of the gap. */
  mend(): void;
}

export function memoryNotices({ nowMs = Date.now }: { nowMs?: () => number } = {}): MemoryNotices {
  const listeners = new Set<NoticeListener>();
  let up = true;

  return {
    async publish(notice: Notice): Promise<void> {
      if (up) for (const listener of listeners) listener.onNotice(notice);
    },

    async subscribe(listener: NoticeListener): Promise<Subscription> {
      // One listener may subscribe twice: each subscription is a member of its own.
      const member: NoticeListener = {
        onNotice: (notice) => listener.onNotice(notice),
        onGap: () => listener.onGap(),
      };
      listeners.add(member);
      return {
        completeUntilMs: () => (up && listeners.has(member) ? nowMs() : 0),
        async close() {
          listeners.delete(member);
        },
      };
    },

    cut() {
      up = false;
    },

    mend() {
      up = true;
      for (const listener of listeners) listener.onGap();
    },
  };
}
