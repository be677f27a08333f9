import { runService } from "@headwater/service-kit";
import { startPublisher } from "./wiring.ts";

await runService("publisher", (context) => startPublisher(context));
