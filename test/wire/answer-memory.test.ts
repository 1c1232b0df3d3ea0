import t from "tap";
import { ANSWER_BYTES_MAX, allocateAnswer } from "../../src/wire/answer-memory.ts";
import { RangeParts, encodeRangeResponse } from "../../src/wire/index.ts";
import type { KeyValueFrames } from "../../src/wire/index.ts";

/** KeyValues that say how long they are; nobody may get as far as to ask for their bytes. */
function framesOfLength(bytes: number): KeyValueFrames {
  return {
    bytes,
    count: 1,
    write: () => {
      throw new Error("written");
    },
  };
}

t.test("allocateAnswer() gives what an answer may have", (t) => {
  t.equal(allocateAnswer(100_000).length, 100_000);
  t.throws(() => allocateAnswer(ANSWER_BYTES_MAX + 1), {
    code: 8,
    message: "grpc: trying to send message larger than max (2147483648 vs. 2147483647)",
  });
  t.end();
});

t.test("Answers of more than 2 GiB are refused before they are gathered", (t) => {
  const tooLong = framesOfLength(2 ** 31);
  const result = { kvs: tooLong, more: false, count: 1 };
  t.throws(() => encodeRangeResponse(new Uint8Array(0), result), { code: 8 });
  t.throws(() => new RangeParts().add(tooLong), { code: 8 });
  t.end();
});
