export { startWorker, type WorkerOverrides } from "./start.ts";
