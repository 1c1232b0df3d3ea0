import t from "tap";
import { RowCheck } from "../../src/mvcc/row-check.ts";
import { encodeKeyValue, encodeTombstone } from "../../src/wire/index.ts";

const key = Buffer.from("k");
const NONE = Buffer.alloc(0);

function put(main: number): Buffer {
  const fields = {
    key,
    createRevision: main,
    modRevision: main,
    version: 1,
    value: NONE,
    lease: 0n,
  };
  return encodeKeyValue(fields);
}

t.test("RowCheck.next() takes rows one behind the other", async (t) => {
  const check = new RowCheck(-1);
  t.equal(check.next({ main: 2, sub: 0 }, put(2)).version, 1);
  t.equal(check.next({ main: 2, sub: 1 }, encodeTombstone(key)).version, 0);
  check.next({ main: 3, sub: 0 }, put(3));
  t.equal(check.main, 3);
});

t.test("RowCheck.next() misses rows above the compacted revision only", async (t) => {
  const check = new RowCheck(10);
  check.next({ main: 3, sub: 4 }, put(3));
  check.next({ main: 9, sub: 0 }, put(9));
  t.throws(() => check.next({ main: 12, sub: 0 }, put(12)), /missing after: 10.0/);
  const other = new RowCheck(10);
  other.next({ main: 11, sub: 0 }, put(11));
  t.throws(() => other.next({ main: 12, sub: 1 }, put(12)), /missing after: 11.0/);
});

t.test("RowCheck.next() refuses values that are not those of their place", async (t) => {
  const refuses = (value: Buffer, text: RegExp): void => {
    const next = (): unknown => new RowCheck(-1).next({ main: 2, sub: 0 }, value);
    t.throws(next, { name: "StorageError", reason: "corrupt" });
    t.throws(next, text);
  };
  refuses(put(3), /Corrupt row of revision: 2.0/);
  refuses(put(2).subarray(0, 4), /Unreadable row of revision: 2.0/);
  refuses(NONE, /row of revision: 2.0/);
  refuses(encodeTombstone(NONE), /Corrupt row of revision: 2.0/);
});
