import t from "tap";
import { ConnectionError } from "../../../src/transport/http2/frames.ts";
import { readSettings, serverPreface } from "../../../src/transport/http2/settings.ts";

function read(...bytes: number[]): ReturnType<typeof readSettings> {
  return readSettings(Buffer.from(bytes), 0, bytes.length);
}

void t.test(
  "readSettings() takes the last of each, but all sizes of tables, and ignores what it does not know",
  (t) => {
    const settings = read(0, 1, 0, 0, 1, 0, 0, 4, 0, 0, 0, 1, 0, 4, 0, 0, 0, 2, 0, 99, 1, 2, 3, 4);
    t.same(settings, { headerTableSizes: [256], initialWindow: 2 });
    const sizes = read(0, 1, 0, 0, 0, 0, 0, 1, 0, 0, 16, 0);
    t.same(sizes, { headerTableSizes: [0, 4096] });
    t.end();
  },
);

void t.test("readSettings() refuses values that are not allowed", (t) => {
  t.throws(() => read(0, 1, 0), ConnectionError);
  t.throws(() => read(0, 2, 0, 0, 0, 2), ConnectionError);
  t.throws(() => read(0, 4, 0x80, 0, 0, 0), ConnectionError);
  t.throws(() => read(0, 5, 0, 0, 0x3f, 0xff), ConnectionError);
  t.throws(() => read(0, 5, 1, 0, 0, 0), ConnectionError);
  t.end();
});

void t.test("serverPreface() is SETTINGS and a WINDOW_UPDATE", (t) => {
  t.equal(serverPreface(undefined).length, 9 + 12 + 9 + 4);
  t.equal(serverPreface(5).length, 9 + 18 + 9 + 4);
  t.end();
});
