import fc from "fast-check";
import t from "tap";
import { MessageReader } from "../../src/transport/grpc-messages.ts";
import { RECEIVED_BYTES_MAX } from "../../src/transport/http2/index.ts";
import type { Http2Stream } from "../../src/transport/http2/index.ts";
import { EtcdError } from "../../src/wire/index.ts";
import { prefixed } from "./http2/raw-client.ts";

const MAX = 1_000_000;

function stream(): Http2Stream {
  // The reader needs nothing else of it.
  return { received: { count: 0 } } as Http2Stream;
}

void t.test("MessageReader finds the same messages however they are cut and held", (t) => {
  const messages = fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 12 });
  const cuts = fc.array(fc.integer({ min: 1, max: 100 }), { minLength: 1, maxLength: 20 });
  fc.assert(
    fc.property(messages, cuts, fc.integer({ min: 1, max: 5 }), (expected, sizes, patience) => {
      const owner = stream();
      const found: Buffer[] = [];
      const reader = new MessageReader(owner, MAX, {
        message: (message) => found.push(message) % patience !== 0,
      });
      const bytes = Buffer.concat(expected.map((message) => prefixed(message)));
      let isWanted = true;
      for (let at = 0, index = 0; at < bytes.length; index++) {
        const end = Math.min(bytes.length, at + (sizes[index % sizes.length] ?? 1));
        if (isWanted) isWanted = reader.read(bytes, at, end);
        else reader.hold(bytes.subarray(at, end));
        if (index % 3 === 0 && !isWanted) isWanted = reader.resume();
        at = end;
      }
      while (!isWanted) isWanted = reader.resume();
      return (
        found.length === expected.length &&
        found.every((message, index) => message.equals(expected[index] ?? Buffer.alloc(0))) &&
        !reader.isWithinMessage &&
        owner.received.count === 0
      );
    }),
    { numRuns: 500 },
  );
  t.pass();
  t.end();
});

void t.test("MessageReader refuses what all streams together hold too much of", (t) => {
  const owner = stream();
  owner.received.count = RECEIVED_BYTES_MAX - 1000;
  const reader = new MessageReader(owner, MAX, { message: () => true });
  const part = prefixed(Buffer.alloc(100_000)).subarray(0, 2000);
  t.throws(() => reader.read(part, 0, part.length), EtcdError);
  reader.close();
  t.equal(owner.received.count, RECEIVED_BYTES_MAX - 1000);
  t.end();
});

void t.test("MessageReader.close() by whom it tells of a message leaves nothing counted", (t) => {
  const bytes = Buffer.concat([
    prefixed(Buffer.from("first")),
    prefixed(Buffer.from("second")),
    prefixed(Buffer.alloc(100_000)).subarray(0, 1000),
  ]);
  const ways: Record<string, (reader: MessageReader) => void> = {
    "while it reads": (reader) => reader.read(bytes, 0, bytes.length),
    "while it resumes": (reader) => {
      for (let at = 0; at < bytes.length; at += 7) reader.hold(bytes.subarray(at, at + 7));
      reader.resume();
    },
  };
  for (const [name, act] of Object.entries(ways)) {
    const owner = stream();
    const found: string[] = [];
    const reader: MessageReader = new MessageReader(owner, MAX, {
      message: (message) => {
        found.push(message.toString());
        reader.close();
        return true;
      },
    });
    act(reader);
    t.same(found, ["first"], name);
    t.equal(owner.received.count, 0, name);
  }
  t.end();
});
