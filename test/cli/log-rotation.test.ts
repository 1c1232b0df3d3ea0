import { readFileSync, readdirSync, rmSync, statSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import t from "tap";
import { ConfigurationError } from "../../src/cli/configuration-error.ts";
import { RotatingFile, parseRotationSettings } from "../../src/cli/log-rotation.ts";
import type { RotationSettings } from "../../src/cli/log-rotation.ts";
import { tempDirectory } from "../harness/temp-dir.ts";

const DAY_MS = 24 * 60 * 60 * 1000;
const START_MS = Date.parse("2026-01-02T15:04:05.678Z");
const SETTINGS: RotationSettings = parseRotationSettings('{"maxsize": 1}');
/** Two of them do not fit into a mebibyte. */
const CHUNK = Buffer.alloc(600_000, "x");

function write(file: RotatingFile, bytes: Buffer = CHUNK): void {
  writeSync(file.fdFor(bytes.length), bytes);
}

t.test("RotatingFile puts a file aside before it gets too large", async (t) => {
  const folder = await tempDirectory(t);
  const path = join(folder, "made", "etcd.log");
  const file = new RotatingFile(path, SETTINGS, () => START_MS);
  write(file);
  write(file, Buffer.alloc(400_000, "y"));
  t.same(readdirSync(join(folder, "made")), ["etcd.log"]);
  write(file);
  t.same(readdirSync(join(folder, "made")).sort(), [
    "etcd-2026-01-02T15-04-05.678.log",
    "etcd.log",
  ]);
  t.equal(statSync(path).size, CHUNK.length);
  t.equal(statSync(path).mode & 0o777, 0o600);
  await file.settled();
});

t.test(
  "RotatingFile never writes over an old file, and counts what was there before",
  async (t) => {
    const folder = await tempDirectory(t);
    const path = join(folder, "log");
    writeFileSync(path, Buffer.alloc(1_000_000, "old"));
    const file = new RotatingFile(path, SETTINGS, () => START_MS);
    for (let count = 0; count < 4; count++) write(file);
    await file.settled();
    const names = readdirSync(folder);
    t.equal(names.length, 5, names.join());
    t.equal(new Set(names).size, 5);
  },
);

t.test("RotatingFile keeps so many old files, the newest", async (t) => {
  const folder = await tempDirectory(t);
  let nowMs = START_MS;
  const settings = { ...SETTINGS, maxbackups: 2 };
  const file = new RotatingFile(join(folder, "a.log"), settings, () => (nowMs += 1000));
  writeFileSync(join(folder, "a-notes.log"), "not a backup");
  for (let count = 0; count < 6; count++) write(file);
  await file.settled();
  const names = readdirSync(folder).sort();
  t.equal(names.length, 4, names.join());
  t.ok(names.includes("a-notes.log"));
});

t.test("RotatingFile removes what is too old, and packs the others", async (t) => {
  const folder = await tempDirectory(t);
  const settings = { ...SETTINGS, maxage: 3, compress: true, localtime: true };
  let nowMs = START_MS;
  const file = new RotatingFile(join(folder, "a.log"), settings, () => nowMs);
  write(file);
  write(file);
  await file.settled();
  nowMs += 2 * DAY_MS;
  write(file);
  await file.settled();
  const packed = readdirSync(folder).filter((name) => name.endsWith(".log.gz"));
  t.equal(packed.length, 2);
  t.ok(gunzipSync(readFileSync(join(folder, packed[0] ?? ""))).equals(CHUNK));
  t.equal(readdirSync(folder).length, 3, "nothing else is left");
  nowMs += 2 * DAY_MS;
  write(file);
  await file.settled();
  t.equal(readdirSync(folder).length, 3, "the first is gone, and there is a new one");
});

t.test("RotatingFile goes on in the same file where it cannot be put aside", async (t) => {
  const path = join(await tempDirectory(t), "a.log");
  const file = new RotatingFile(path, SETTINGS, () => START_MS);
  write(file);
  const fd = file.fdFor(0);
  rmSync(path);
  t.equal(file.fdFor(CHUNK.length), fd);
  t.doesNotThrow(() => writeSync(fd, CHUNK));
  await file.settled();
});

t.test("parseRotationSettings() reads Go's names and refuses other values", (t) => {
  t.match(parseRotationSettings('{"MaxSize": 5, "maxAge": 1, "other": 1, "compress": true}'), {
    maxsize: 5,
    maxage: 1,
    maxbackups: 0,
    localtime: false,
    compress: true,
  });
  for (const [text, message] of [
    ["{", /^improperly formatted log rotation config: /],
    ["[]", /^invalid log rotation config: not an object/],
    ['{"maxsize": 1.5}', /maxsize is not a whole number/],
    ['{"compress": "yes"}', /compress is not true or false/],
  ] as const) {
    t.throws(() => parseRotationSettings(text), ConfigurationError);
    t.throws(() => parseRotationSettings(text), message);
  }
  t.end();
});
