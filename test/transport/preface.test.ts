import fc from "fast-check";
import t from "tap";
import { protocolOf } from "../../src/transport/preface.ts";

const PREFACE = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");

void t.test("protocolOf() a part of the HTTP/2 preface does not decide", async (t) => {
  for (let length = 0; length < PREFACE.length; length++) {
    t.equal(protocolOf(PREFACE.subarray(0, length)), undefined);
  }
});

void t.test("protocolOf() the whole preface, whatever follows, is HTTP/2", async (t) => {
  fc.assert(
    fc.property(fc.uint8Array(), (rest) => {
      return protocolOf(Buffer.concat([PREFACE, rest])) === "http2";
    }),
  );
  t.equal(protocolOf(PREFACE), "http2");
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
        return protocolOf(bytes) === "http1";
      },
    ),
  );
  t.equal(protocolOf(Buffer.from("POST / HTTP/1.1\r\n")), "http1");
  t.equal(protocolOf(Buffer.from("PRI * HTTP/1.1\r\n")), "http1");
});
