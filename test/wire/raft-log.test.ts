import t from "tap";
import { changesStore, decodeLogEntry, decodeLogRecord } from "../../src/wire/raft-log.ts";

function hex(text: string): Buffer {
  return Buffer.from(text.replaceAll(" ", ""), "hex");
}

t.test("decodeLogRecord() reads type, check sum and data, and skips the rest", async (t) => {
  const record = decodeLogRecord(hex("08 02  10 ffffffff0f  1a 02 6162  20 01"));
  t.same({ ...record, data: String(record.data) }, { type: 2, crc: 0xffffffff, data: "ab" });
  t.throws(() => decodeLogRecord(hex("1a 05 61")));
});

t.test("decodeLogEntry() reads type, index and data", async (t) => {
  const entry = decodeLogEntry(hex("08 01  10 07  18 8001  22 01 63"));
  t.same({ ...entry, data: String(entry.data) }, { type: 1, index: 128, data: "c" });
});

t.test("changesStore() knows requests that change something", async (t) => {
  t.ok(changesStore(hex("a206 02 0805  22 05 0a01611200")), "a header, and a put");
  t.ok(changesStore(hex("c23e 00")), "enabling users");
  t.ok(changesStore(hex("e244 00")), "a user");
  t.notOk(changesStore(hex("1a 03 0a0161")), "a range");
  t.notOk(changesStore(hex("a251 00")), "the cluster's version");
  t.notOk(changesStore(hex("a23f 00")), "logging in");
  t.notOk(changesStore(hex("")), "the first entry of a term");
  t.notOk(changesStore(hex("0a ff")), "another kind of request");
});
