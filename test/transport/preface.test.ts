import fc from "fast-check";
import t from "tap";
import { protocolOf } from "../../src/transport/preface.ts";

const PREFACE = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
const SETTINGS_HEAD = Buffer.from([0, 0, 12, 4, 0, 0, 0, 0, 0]);
const BEGINNING = Buffer.concat([PREFACE, SETTINGS_HEAD]);

/** A connection's first bytes with another head of the first frame. */
function beginningWith(...head: number[]): Buffer {
  return Buffer.concat([PREFACE, Buffer.from(head)]);
}

void t.test("protocolOf() a part of HTTP/2's beginning does not decide", async (t) => {
  for (let length = 0; length < BEGINNING.length; length++) {
    t.equal(protocolOf(BEGINNING.subarray(0, length)), undefined);
  }
});

void t.test("protocolOf() preface and SETTINGS, whatever follows, are HTTP/2", async (t) => {
  fc.assert(
    fc.property(fc.uint8Array(), (rest) => {
      return protocolOf(Buffer.concat([BEGINNING, rest])) === "http2";
    }),
  );
  t.equal(protocolOf(BEGINNING), "http2");
  t.equal(protocolOf(beginningWith(0, 0, 0, 4, 0, 0, 0, 0, 0)), "http2");
  t.equal(protocolOf(beginningWith(0, 0, 6, 4, 0xfe, 0x80, 0, 0, 0)), "http2");
});

void t.test("protocolOf() anything that leaves the preface is HTTP/1", async (t) => {
  fc.assert(
    fc.property(
      fc.nat({ max: PREFACE.length - 1 }),
      fc.integer({ min: 1, max: 255 }),
      fc.uint8Array(),
      (index, difference, rest) => {
        const bytes = Buffer.concat([PREFACE.subarray(0, index + 1), rest]);
        bytes[index] = (bytes[index] ?? 0) ^ difference;
        return protocolOf(bytes) === (bytes[0] === 22 ? "tls" : "http1");
      },
    ),
  );
  t.equal(protocolOf(Buffer.from("POST / HTTP/1.1\r\n")), "http1");
  t.equal(protocolOf(Buffer.from("PRI * HTTP/1.1\r\n")), "http1");
});

void t.test("protocolOf() a handshake of TLS is known by one byte", async (t) => {
  t.equal(protocolOf(Buffer.from([22])), "tls");
  t.equal(protocolOf(Buffer.from([22, 3, 1, 2, 0])), "tls");
  t.equal(protocolOf(Buffer.from([21])), "http1");
});

void t.test("protocolOf() a preface without SETTINGS is neither", async (t) => {
  const heads: Record<string, number[]> = {
    "another type": [0, 0, 0, 0, 0, 0, 0, 0, 0],
    acknowledgement: [0, 0, 0, 4, 1, 0, 0, 0, 0],
    "of a stream": [0, 0, 0, 4, 0, 0, 0, 0, 1],
    "half an entry": [0, 0, 5, 4, 0, 0, 0, 0, 0],
    "too large": [0, 0x40, 0x02, 4, 0, 0, 0, 0, 0],
    garbage: [255, 255, 255, 255, 255, 255, 255, 255, 255],
  };
  for (const [name, head] of Object.entries(heads)) {
    t.equal(protocolOf(beginningWith(...head)), "neither", name);
  }
});
