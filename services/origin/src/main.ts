import { runService } from "@headwater/service-kit";
import { startOrigin } from "./origin.ts";

await runService("origin", (context) => startOrigin(context));
