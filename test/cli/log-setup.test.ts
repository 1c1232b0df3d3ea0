import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { ConfigurationError } from "../../src/cli/configuration-error.ts";
import { Settings } from "../../src/cli/flags.ts";
import { createStandardError, LogLevelError, setUpLog } from "../../src/cli/log-setup.ts";
import type { FlagName } from "../../src/cli/flag-table.ts";
import { tempDirectory } from "../harness/temp-dir.ts";

function settings(values: Readonly<Partial<Record<FlagName, string>>>): Settings {
  const result = new Settings();
  for (const [name, text] of Object.entries(values)) {
    // The cast is what Object.entries loses.
    result.set(name as FlagName, text);
  }
  return result;
}

t.test("setUpLog() opens files, and writes to them what the level lets through", async (t) => {
  const folder = await tempDirectory(t);
  const paths = [join(folder, "a"), join(folder, "b")];
  const { logger, notes } = setUpLog(
    settings({ "log-outputs": paths.join(","), "log-level": "error", "log-format": "console" }),
    createStandardError(),
  );
  logger.warn("quiet");
  logger.error("loud");
  await logger.flush();
  for (const path of paths) {
    t.match(readFileSync(path, "utf8"), /^[0-9TZ:.-]+\terror\tcli\/command.ts\tloud\n$/);
  }
  t.same(notes, []);
});

t.test("setUpLog() says that the journal is not supported", (t) => {
  const { notes } = setUpLog(settings({ "log-outputs": "systemd/journal" }), createStandardError());
  t.match(notes, [{ level: "warn", message: "log output is not supported" }]);
  t.end();
});

t.test("setUpLog() discards all when one output is /dev/null", async (t) => {
  const path = join(await tempDirectory(t), "a");
  const outputs = settings({ "log-outputs": `/dev/null,${path}` });
  setUpLog(outputs, createStandardError()).logger.info("x");
  t.throws(() => readFileSync(path), /ENOENT/);
});

t.test("setUpLog() refuses with etcd's texts", (t) => {
  const cases: readonly (readonly [Parameters<typeof settings>[0], string])[] = [
    [{ logger: "capnslog" }, "--logger=capnslog is removed in v3.5"],
    [{ logger: "foo" }, 'unknown logger option "foo"'],
    [{ "log-format": "foo" }, "unknown log format: foo, supported values json, console"],
    [{ "log-outputs": "default,stderr" }, 'multi logoutput for "default" is not supported yet'],
    [
      { "log-outputs": "/nonexistent/x/y" },
      'open sink "/nonexistent/x/y": open /nonexistent/x/y: no such file or directory',
    ],
    [
      { "enable-log-rotation": "true" },
      "--log-outputs requires a single file path when --log-rotate-config-json is defined",
    ],
    [
      {
        "log-outputs": "/nonexistent/x",
        "enable-log-rotation": "true",
        "log-rotation-config-json": '{"maxsize": "1"}',
      },
      "invalid log rotation config: maxsize is not a whole number",
    ],
  ];
  for (const [values, message] of cases) {
    t.throws(
      () => setUpLog(settings(values), createStandardError()),
      new ConfigurationError(message),
      message,
    );
  }
  t.throws(
    () => setUpLog(settings({ "log-level": "foo" }), createStandardError()),
    new LogLevelError('unrecognized level: "foo"'),
  );
  t.end();
});

t.test("setUpLog() rotates a file when it is asked to", async (t) => {
  const folder = await tempDirectory(t);
  const { logger } = setUpLog(
    settings({
      "log-outputs": join(folder, "etcd.log"),
      "enable-log-rotation": "true",
      "log-rotation-config-json": '{"maxsize": 1}',
    }),
    createStandardError(),
  );
  for (let index = 0; index < 3; index++) {
    logger.info("x".repeat(700_000));
    await logger.flush();
  }
  const files = readdirSync(folder);
  t.equal(files.length, 3);
  t.equal(files.filter((name) => /^etcd-[0-9T.-]+\.log$/.test(name)).length, 2);
});
