import type { Notices } from "./port.ts";

/**
 * Notices that are taken for what they bring, and never vouch for what they do not: for who reads a store that is
 * behind the one in which rows are committed, or hears of some of its writers only.
 */
export function hintsOnly(notices: Notices): Notices {
  return {
    publish: (notice) => notices.publish(notice),
    subscribe: async (listener) => {
      const subscription = await notices.subscribe(listener);
      const completeUntilMs = () => {
        subscription.completeUntilMs(); // It may hand over what has come.
        return 0;
      };
      return { completeUntilMs, close: () => subscription.close() };
    },
  };
}
