import { runService } from "@headwater/service-kit";
import { startControl } from "./start.ts";

await runService("control", startControl);
