import { memoryKv } from "@headwater/kv";
import { memoryNotices } from "@headwater/notices";
import { runNoticesContract } from "@headwater/notices/contract";

runNoticesContract("memoryNotices", {
  make: async () => {
    const kv = memoryKv();
    const notices = memoryNotices();
    const channel = { cut: async () => notices.cut(), mend: async () => notices.mend() };
    return { client: async () => ({ kv, notices }), channel, close: async () => {} };
  },
});
