import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { lines, writeHead } from "../src/http/head.ts";
import { raw } from "./support/client.ts";

const IDLE_SEC = 75;
const HEADERS = { "Cache-Control": "max-age=1", ETag: '"a"' };
const BODY = "not published yet";

type WriteHead = (res: ServerResponse, status: number, headers: Readonly<Record<string, string>>) => void;

const servers: Server[] = [];
/** Answers `/STATUS` with a body where that status has one. */
async function serve(write: WriteHead): Promise<number> {
  const server = createServer({ keepAliveTimeout: IDLE_SEC * 1000 }, (req, res) => {
    const status = Number(req.url?.slice(1));
    const hasBody = status !== 204 && status !== 304;
    write(res, status, hasBody ? { ...HEADERS, "Content-Length": `${BODY.length}` } : HEADERS);
    if (hasBody) res.end(BODY, "latin1");
    else res.end();
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return (server.address() as AddressInfo).port;
}

let ports: { node: number; own: number };
beforeAll(async () => {
  ports = {
    node: await serve((res, status, headers) => void res.writeHead(status, headers)),
    own: await serve((res, status, headers) => writeHead(res, status, lines(headers), IDLE_SEC)),
  };
});
afterAll(() => {
  for (const server of servers) server.close();
});

const CLOSE = "Connection: close\r\n";
test.each([
  ["GET", "/200", "HTTP/1.1", CLOSE],
  ["HEAD", "/200", "HTTP/1.1", CLOSE],
  ["GET", "/206", "HTTP/1.0", ""],
  ["GET", "/404", "HTTP/1.0", "Connection: keep-alive\r\n"],
  ["GET", "/304", "HTTP/1.1", CLOSE],
  ["OPTIONS", "/204", "HTTP/1.1", CLOSE],
  ["GET", "/503", "HTTP/1.1", "Expect: 100-continue\r\n"],
])("a head is to the byte what Node writes: %s %s %s %j", async (method, path, version, fields) => {
  // Where the first does not close the connection, the second does; both answers are compared.
  const request = `${method} ${path} ${version}\r\nHost: a\r\n${fields}\r\nGET /404 HTTP/1.1\r\nHost: a\r\n${CLOSE}\r\n`;
  const [node, own] = await Promise.all([raw(ports.node, request), raw(ports.own, request)]);
  const undated = (answer: string) => answer.replace(/Date: \w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT/g, "Date");
  expect(undated(own)).toBe(undated(node));
  expect(undated(own)).toContain("\r\nDate\r\n");
});

test("what may not stand in a head is refused when its lines are made", () => {
  expect(() => lines({ "Headwater-Region": "eu\r\nSet-Cookie: a" })).toThrow(TypeError);
  expect(() => lines({ "Headwater Region": "eu" })).toThrow(TypeError);
});
