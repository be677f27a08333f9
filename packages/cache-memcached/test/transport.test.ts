import { randomBytes } from "node:crypto";
import { parseZones } from "@headwater/cache-memcached";
import { describe, expect, test } from "@jest/globals";
import { Header, type Response } from "memjs";
import { UnsignedClient } from "../src/client.ts";
import { ConnectionError, ReplyReader } from "../src/reply-reader.ts";

const KIB = 1024;

function replyBytes(opaque: number, value: Buffer): Buffer {
  const header = { magic: 0x81, opcode: 0, keyLength: 0, extrasLength: 4, totalBodyLength: 4 + value.length, opaque };
  return Buffer.concat([Header.toBuffer(header), Buffer.from([0, 0, 0, 9]), value]);
}

/** What a socket does: fills `target` from the packet for as long as the packet lasts. */
function feed(reader: ReplyReader, packet: Buffer): Response[] {
  const replies: Response[] = [];
  for (let rest = packet; rest.byteLength > 0; ) {
    const size = rest.copy(reader.target);
    rest = rest.subarray(size);
    const reply = reader.advance(size);
    if (reply !== undefined) replies.push(reply);
  }
  return replies;
}

describe("reply reader", () => {
  const values = [512, 0, 512, 511, 1, 512, 512, 512, 512, 512].map((kib, n) => randomBytes(kib * KIB + (n % 3)));
  const stream = Buffer.concat([
    ...values.map((value, n) => replyBytes(n + 1, value)),
    Header.toBuffer({ magic: 0x81, opcode: 1, keyLength: 0, extrasLength: 0, totalBodyLength: 0, opaque: 99 }),
  ]);

  test.each([
    ["one byte short of a header", 23],
    ["1 KiB and one", KIB + 1],
    ["one TCP segment", 1448],
    ["64 KiB", 64 * KIB],
    ["64 KiB less three", 64 * KIB - 3],
    ["all at once", stream.byteLength],
  ])("frames 4 MiB of pipelined replies cut into packets of %s", (_, packetBytes) => {
    const reader = new ReplyReader();
    const replies: Response[] = [];
    for (let at = 0; at < stream.byteLength; at += packetBytes) {
      replies.push(...feed(reader, stream.subarray(at, at + packetBytes)));
    }
    expect(replies.map((reply) => reply.header.opaque)).toEqual([...values.keys()].map((n) => n + 1).concat(99));
    for (const [n, value] of values.entries()) {
      expect(replies[n]!.val.equals(value)).toBe(true);
      expect([...replies[n]!.extras]).toEqual([0, 0, 0, 9]);
    }
  });

  test.each([
    ["another protocol", Buffer.from("HTTP/1.1 400 Bad Request")],
    [
      "a length that cannot be",
      Header.toBuffer({ magic: 0x81, opcode: 0, keyLength: 0, extrasLength: 4, totalBodyLength: 0xffffffff }),
    ],
    [
      "parts longer than the whole",
      Header.toBuffer({ magic: 0x81, opcode: 0, keyLength: 9, extrasLength: 4, totalBodyLength: 5 }),
    ],
  ])("refuses %s", (_, bytes) => {
    expect(() => feed(new ReplyReader(), bytes)).toThrow(ConnectionError);
  });
});

test("the sequence number stays one that fits the protocol's unsigned field", () => {
  const client = new UnsignedClient([]);
  for (const [before, after] of [
    [2 ** 31 - 1, 2 ** 31],
    [2 ** 32 - 1, 0],
  ]) {
    Object.assign(client, { seq: before });
    client.incrSeq();
    expect(client.seq).toBe(after);
    expect(() =>
      Header.toBuffer({
        magic: 0x80,
        opcode: 0,
        keyLength: 0,
        extrasLength: 0,
        totalBodyLength: 0,
        opaque: client.seq,
      }),
    ).not.toThrow();
  }
});

describe("parse zones", () => {
  test.each([
    ["", {}],
    ["a=cache1:11211", { a: [{ host: "cache1", port: 11211 }] }],
    [
      "a=10.0.0.1:11211,10.0.0.2:11211; west-1=[::1]:11212",
      {
        a: [
          { host: "10.0.0.1", port: 11211 },
          { host: "10.0.0.2", port: 11211 },
        ],
        "west-1": [{ host: "::1", port: 11212 }],
      },
    ],
  ])("reads %j", (text, zones) => {
    expect(parseZones(text)).toEqual(zones);
  });

  test.each([
    ["cache1:11211", '"cache1:11211" is not name=host:port,host:port'],
    ["a=x:1;", '"" is not name='],
    ["a=x:1=y:2", "is not name="],
    ["__proto__=x:1", "is not name="],
    ["a=cache1", '"cache1" in zone "a" is not host:port'],
    ["a=x:1,", '"" in zone "a" is not host:port'],
    ["a=x:70000", 'port of "x:70000" is not 1-65535'],
    ["a=x:0", "is not 1-65535"],
    ["a=x:1;a=y:1", 'zone "a" is there twice'],
    ["a=x:1,x:1", "names a node twice"],
  ])("refuses %j", (text, message) => {
    expect(() => parseZones(text)).toThrow(RangeError);
    expect(() => parseZones(text)).toThrow(message);
  });
});
