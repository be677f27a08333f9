export { type AdminOptions, adminServer, type Readiness } from "./admin.ts";
export { ProblemError, problemHandler, sendProblem, toProblem } from "./problem.ts";
export { beginDrain, closeServer, createHttpServer, type Handlers, KEEP_ALIVE_MS, listen } from "./server.ts";
