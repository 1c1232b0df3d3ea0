import t from "tap";
import { autoCompaction, checkCompaction } from "../../src/cli/compaction-settings.ts";
import { ConfigurationError } from "../../src/cli/configuration-error.ts";
import { Settings } from "../../src/cli/flags.ts";

function settings(retention: string, mode = "periodic"): Settings {
  const result = new Settings();
  result.set("auto-compaction-retention", retention);
  result.set("auto-compaction-mode", mode);
  return result;
}

t.test("autoCompaction() reads a retention as etcd does", (t) => {
  const cases: readonly (readonly [string, string, unknown])[] = [
    ["0", "periodic", undefined],
    ["", "periodic", undefined],
    ["0s", "periodic", undefined],
    ["0", "revision", undefined],
    ["5", "periodic", { mode: "periodic", periodMs: 5 * 3_600_000 }],
    ["+1", "periodic", { mode: "periodic", periodMs: 3_600_000 }],
    ["30m", "periodic", { mode: "periodic", periodMs: 1_800_000 }],
    ["1h30m", "periodic", { mode: "periodic", periodMs: 5_400_000 }],
    ["1000", "revision", { mode: "revision", revisions: 1000 }],
    // As many revisions as nanoseconds: etcd does so, too.
    ["2us", "revision", { mode: "revision", revisions: 2000 }],
  ];
  for (const [retention, mode, expected] of cases) {
    checkCompaction(settings(retention, mode));
    t.same(autoCompaction(settings(retention, mode)), expected, `${retention} ${mode}`);
  }
  t.end();
});

t.test("checkCompaction() refuses", (t) => {
  const cases: readonly (readonly [string, string])[] = [
    ["x", 'error parsing CompactionRetention: time: invalid duration "x"'],
    ["-5", 'error parsing CompactionRetention: time: missing unit in duration "-5"'],
    // etcd takes these two, and is busy with nothing else from then on.
    ["-5h", "--auto-compaction-retention must be 0 or at least 10ms (set to -5h0m0s)"],
    ["9ms", "--auto-compaction-retention must be 0 or at least 10ms (set to 9ms)"],
  ];
  for (const [retention, message] of cases) {
    t.throws(() => checkCompaction(settings(retention)), new ConfigurationError(message, "start"));
  }
  t.end();
});
