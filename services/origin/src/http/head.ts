import { type ServerResponse, STATUS_CODES, validateHeaderName, validateHeaderValue } from "node:http";
import { httpDate } from "@headwater/edge-protocol";

/** Header lines, each with its CRLF: sound, as nothing looks at them again. */
export type Lines = string;

/**
 * Values by their names as lines.
 * @throws TypeError when a name or a value may not stand in a head (RFC 9110 §5.1, §5.5)
 */
export function lines(values: Readonly<Record<string, string>>): Lines {
  for (const name in values) {
    validateHeaderName(name);
    validateHeaderValue(name, values[name]!);
  }
  return plainLines(values);
}

/** The same, of values that are made of numbers and constants alone. */
export function plainLines(values: Readonly<Record<string, string>>): Lines {
  let text = "";
  for (const name in values) text += `${name}: ${values[name]}\r\n`;
  return text;
}

/** What Node's own `writeHead` leaves in an answer. */
interface Headed {
  _header: string | null;
  _hasBody: boolean;
  _last: boolean;
}

/**
 * What `writeHead` does with lines that were looked at when they were made; Node would look at each again in each answer (ADR 18).
 * It leaves with the first of the body. Where there is to be one, the lines tell its length.
 * @param idleSec how long the connection is kept open without a request
 */
export function writeHead(res: ServerResponse, status: number, headLines: Lines, idleSec: number): void {
  const headed = res as unknown as Headed;
  res.statusCode = status;
  // RFC 9110 §15.3.5, §15.4.5: they have no body.
  if (status === 204 || status === 304) headed._hasBody = false;
  const connection = res.shouldKeepAlive ? keepAlive(idleSec) : "Connection: close\r\n";
  headed._last = !res.shouldKeepAlive;
  headed._header = `${statusLine(status)}${headLines}Date: ${date()}\r\n${connection}\r\n`;
}

const statusLines: string[] = [];

function statusLine(status: number): string {
  statusLines[status] ??= `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n`;
  return statusLines[status];
}

const keepAliveLines: string[] = [];

function keepAlive(idleSec: number): string {
  keepAliveLines[idleSec] ??= `Connection: keep-alive\r\nKeep-Alive: timeout=${idleSec}\r\n`;
  return keepAliveLines[idleSec];
}

let dateSec = 0;
let dateText = "";

/** Now, whatever the clock of the segments says; written once a second. */
function date(): string {
  const nowMs = Date.now();
  const sec = Math.floor(nowMs / 1000);
  if (sec !== dateSec) {
    dateSec = sec;
    dateText = httpDate(nowMs);
  }
  return dateText;
}
