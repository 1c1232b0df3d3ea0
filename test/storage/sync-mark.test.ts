import { appendFileSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { StorageError } from "../../src/storage/index.ts";
import { MARK_FILE, readSyncMark, SyncMark } from "../../src/storage/sync-mark.ts";
import { tempDirectory } from "../harness/temp-dir.ts";

t.test("SyncMark has where the newest log ended at the last advance()", async (t) => {
  const directory = await tempDirectory(t);
  const log = (name: string, byteCount: number): void => {
    appendFileSync(join(directory, name), Buffer.alloc(byteCount, 1));
  };
  t.equal(readSyncMark(directory), undefined);
  const mark = new SyncMark(directory);
  t.teardown(() => {
    mark.close();
  });
  t.equal(readSyncMark(directory), undefined, "no mark yet");
  mark.advance();
  t.equal(readSyncMark(directory), undefined, "no log yet");
  log("000004.log", 100);
  mark.advance();
  t.same(readSyncMark(directory), { logNumber: 4, logBytes: 100 });
  log("000004.log", 50);
  t.same(readSyncMark(directory), { logNumber: 4, logBytes: 100 });
  mark.advance();
  t.same(readSyncMark(directory), { logNumber: 4, logBytes: 150 });
  log("000007.log", 20);
  mark.advance();
  t.same(readSyncMark(directory), { logNumber: 7, logBytes: 20 }, "a new log has the last write");
  mark.close();
  mark.close();
  log("000007.log", 20);
  mark.advance();
  t.same(readSyncMark(directory), { logNumber: 7, logBytes: 20 }, "closed, it stands");
});

t.test("SyncMark starts with no mark", async (t) => {
  const directory = await tempDirectory(t);
  writeFileSync(join(directory, "000004.log"), "some");
  const mark = new SyncMark(directory);
  mark.advance();
  mark.close();
  new SyncMark(directory).close();
  t.equal(readSyncMark(directory), undefined);
});

t.test("readSyncMark() falls back to the older mark, and says so when both are bad", async (t) => {
  const directory = await tempDirectory(t);
  const path = join(directory, MARK_FILE);
  const log = join(directory, "000004.log");
  const mark = new SyncMark(directory);
  for (const _ of [1, 2]) {
    appendFileSync(log, Buffer.alloc(100));
    mark.advance();
  }
  mark.close();
  const whole = readFileSync(path);
  const changed = (...positions: readonly number[]): void => {
    const file = Buffer.from(whole);
    for (const position of positions) file[position] = file[position]! ^ 0x40;
    writeFileSync(path, file);
  };
  t.same(readSyncMark(directory), { logNumber: 4, logBytes: 200 });
  changed(512 + 8);
  t.same(readSyncMark(directory), { logNumber: 4, logBytes: 100 });
  changed(3);
  t.same(readSyncMark(directory), { logNumber: 4, logBytes: 200 });
  changed(600);
  t.same(readSyncMark(directory), { logNumber: 4, logBytes: 200 }, "the rest does not matter");
  changed(0, 512 + 19);
  t.throws(() => readSyncMark(directory), StorageError);
  writeFileSync(path, whole);
  truncateSync(path, 512);
  t.same(readSyncMark(directory), { logNumber: 4, logBytes: 100 });
  truncateSync(path, 0);
  t.equal(readSyncMark(directory), undefined);
});
