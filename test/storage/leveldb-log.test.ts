import fc from "fast-check";
import t from "tap";
import { readLog } from "../../src/storage/leveldb-log.ts";
import { logFile, logPiece } from "./leveldb-bytes.ts";
import { noiseText } from "./stores.ts";

/** Sizes about which a record fits into its block, or just does not. */
const SIZE = fc.oneof(
  fc.nat(40),
  fc.integer({ min: 32_740, max: 32_780 }),
  fc.integer({ min: 65_500, max: 65_560 }),
);
const RECORDS = fc
  .array(SIZE, { minLength: 1, maxLength: 6 })
  .map((sizes) => sizes.map((size, index) => record(size, index)));

/** Bytes without a zero, so that no sector looks unwritten. */
const NOISE = Buffer.from(noiseText(70_000, 1), "latin1");

function record(size: number, seed: number): Buffer {
  return NOISE.subarray(seed, seed + size);
}

function payloads(file: Uint8Array): Buffer[] {
  return readLog(file).records.map(({ payload }) => Buffer.from(payload));
}

function areEqual(found: readonly Buffer[], wanted: readonly Buffer[]): boolean {
  return (
    found.length === wanted.length && found.every((bytes, index) => bytes.equals(wanted[index]!))
  );
}

t.test("readLog() reads back what was written, with the place of every record", async (t) => {
  const property = fc.property(RECORDS, (records) => {
    const file = logFile(records);
    const log = readLog(file);
    const ends = log.records.map(({ end }) => end);
    return (
      log.end.kind === "complete" &&
      areEqual(payloads(file), records) &&
      ends.every((end, index) => end === logFile(records.slice(0, index + 1)).length)
    );
  });
  fc.assert(property, { numRuns: 60 });
  t.pass();
});

t.test(
  "readLog() of a log cut anywhere is complete or torn, with every whole record",
  async (t) => {
    const property = fc.property(
      RECORDS,
      fc.double({ min: 0, max: 1, noNaN: true }),
      (records, part) => {
        const file = logFile(records);
        const length = Math.floor(file.length * part);
        const log = readLog(file.subarray(0, length));
        const whole = records.filter(
          (_, index) => logFile(records.slice(0, index + 1)).length <= length,
        );
        return log.end.kind !== "damaged" && areEqual(payloads(file.subarray(0, length)), whole);
      },
    );
    fc.assert(property, { numRuns: 100 });
    t.pass();
  },
);

t.test("readLog() of a log with one changed byte finds the damage", async (t) => {
  const property = fc.property(
    RECORDS,
    fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
    fc.integer({ min: 1, max: 255 }),
    (records, part, change) => {
      const file = logFile(records);
      const position = Math.floor(file.length * part);
      file[position] = file[position]! ^ change;
      const log = readLog(file);
      // The fill at the end of a block holds nothing, and is not looked at.
      const isFill = position % 32_768 > 32_768 - 7 && areEqual(payloads(file), records);
      return isFill || log.end.kind === "damaged";
    },
  );
  fc.assert(property, { numRuns: 300 });
  t.pass();
});

t.test("readLog() takes a record with an unwritten sector for torn, at the end only", async (t) => {
  const [first, second, third] = [record(100, 1), record(3000, 2), record(100, 3)];
  const torn = logFile([first, second]);
  torn.fill(0, 1024, 1536);
  t.match(readLog(torn), { end: { kind: "torn", offset: logFile([first]).length } });
  t.ok(areEqual(payloads(torn), [first]));

  const followed = logFile([first, second, third]);
  followed.fill(0, 1024, 1536);
  t.match(readLog(followed), { end: { kind: "damaged", problem: /good records follow/ } });

  const laterBlock = logFile([first, second, record(40_000, 4)]);
  laterBlock.fill(0, 1024, 32_768);
  t.match(readLog(laterBlock), { end: { kind: "damaged", problem: /good records follow/ } });

  const zeros = Buffer.concat([logFile([first]), Buffer.alloc(40_000)]);
  t.match(readLog(zeros), { end: { kind: "torn", offset: logFile([first]).length } });
});

t.test("readLog() refuses pieces out of order and of unknown types", async (t) => {
  for (const [pieces, problem] of [
    [[3], /out of order/],
    [[4], /out of order/],
    [[2, 1], /out of order/],
    [[2, 2], /out of order/],
    [[5], /unknown type/],
    [[0], /unknown type/],
  ] as const) {
    const file = Buffer.concat(pieces.map((type) => logPiece(type, record(20, type))));
    t.match(readLog(file), { records: [], end: { kind: "damaged", problem } }, String(pieces));
  }
});

t.test("readLog() of an empty log is complete", async (t) => {
  t.same(readLog(Buffer.of()), { records: [], end: { kind: "complete" } });
});
