import { type IncomingMessage, type ServerResponse, STATUS_CODES } from "node:http";

/** An error that a client may see: a status, a stable `code`, a title, and further members (RFC 9457). */
export class ProblemError extends Error {
  override readonly name = "ProblemError";
  readonly status: number;
  readonly code: string;
  readonly extra: Readonly<Record<string, unknown>>;

  constructor(status: number, code: string, title: string, extra: Readonly<Record<string, unknown>> = {}) {
    super(title);
    this.status = status;
    this.code = code;
    this.extra = extra;
  }
}

const INTERNAL = new ProblemError(500, "internal", "Something went wrong here");

/**
 * What a client is told about any error thrown by a handler. Errors of body parsers that say `expose` keep their 4xx
 * status; everything else is a 500 that does not show its insides.
 */
export function toProblem(error: unknown): ProblemError {
  if (error instanceof ProblemError) return error;
  const { status, expose } = (error ?? {}) as { status?: unknown; expose?: unknown };
  if (expose === true && typeof status === "number" && status >= 400 && status < 500) {
    return new ProblemError(status, "bad-request", STATUS_CODES[status] ?? "Bad Request");
  }
  return INTERNAL;
}

/**
 * Answers with application/problem+json. Nobody may keep it, unless `headers` say otherwise. When the head of another
 * answer has already gone out, nothing can be told any more: the connection is cut.
 */
export function sendProblem(
  res: ServerResponse,
  problem: ProblemError,
  headers: Readonly<Record<string, string | number>> = {},
): void {
  if (res.headersSent) {
    res.destroy();
    return;
  }
  const { status, code, message: title, extra } = problem;
  const body = Buffer.from(JSON.stringify({ status, code, title, ...extra }));
  res.writeHead(status, {
    "Content-Type": "application/problem+json",
    "Content-Length": body.length,
    "Cache-Control": "max-age=0, no-store",
    ...headers,
  });
  res.end(res.req.method === "HEAD" ? undefined : body);
}

/** The last handler of an Express app: problems as they are, anything else as a 500 that `onInternal` is told of. */
export function problemHandler(onInternal: (error: unknown, req: IncomingMessage) => void) {
  // Express knows an error handler by its four parameters.
  return (error: unknown, req: IncomingMessage, res: ServerResponse, _next: unknown): void => {
    const problem = toProblem(error);
    if (problem.status >= 500 && !(error instanceof ProblemError)) onInternal(error, req);
    sendProblem(res, problem);
  };
}
