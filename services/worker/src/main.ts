import { runService } from "@headwater/service-kit";
import { startWorker } from "./start.ts";

await runService("worker", startWorker);
