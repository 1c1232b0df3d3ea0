import { closeSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import t from "tap";
import { LogOutput } from "../../src/cli/log-output.ts";
import { formatLine, formatTimestamp, parseLogLevel, ZapLogger } from "../../src/cli/logger.ts";
import type { LogLine } from "../../src/cli/logger.ts";
import { tempDirectory } from "../harness/temp-dir.ts";

const LINE: LogLine = {
  level: "info",
  timestamp: "2026-11-23T13:43:26.481384Z",
  caller: "cli/serve.ts",
  message: "a message",
  fields: {},
};

t.test("formatLine() as JSON has zap's keys in zap's order", (t) => {
  const fields = { text: 'a"b\n', count: 5, is: true, list: ["a"], id: 2n ** 64n, none: undefined };
  t.equal(
    formatLine("json", { ...LINE, fields }),
    '{"level":"info","ts":"2026-11-23T13:43:26.481384Z","caller":"cli/serve.ts",' +
      '"msg":"a message","text":"a\\"b\\n","count":5,"is":true,"list":["a"],' +
      '"id":"18446744073709551616"}\n',
  );
  t.end();
});

t.test("formatLine() as console has tabs, and fields with blanks between", (t) => {
  t.equal(
    formatLine("console", { ...LINE, fields: { args: ["a", "b"], n: { m: 1 } } }),
    "2026-11-23T13:43:26.481384Z\tinfo\tcli/serve.ts\ta message\t" +
      '{"args": ["a", "b"], "n": {"m": 1}}\n',
  );
  t.equal(
    formatLine("console", { ...LINE, fields: { stacktrace: "at a\nat b" } }),
    "2026-11-23T13:43:26.481384Z\tinfo\tcli/serve.ts\ta message\nat a\nat b\n",
  );
  t.end();
});

t.test("formatLine() shows errors by their message and survives circles", (t) => {
  const circle: Record<string, unknown> = {};
  circle["self"] = circle;
  const text = formatLine("json", { ...LINE, fields: { error: new Error("broken"), circle } });
  t.match(JSON.parse(text), { error: "broken", circle: "[object Object]" });
  t.end();
});

t.test("formatLine() is one line of JSON whatever the message and the fields", (t) => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), fc.jsonValue(), (message, value) => {
      const text = formatLine("json", { ...LINE, message, fields: { value } });
      const parsed: unknown = JSON.parse(text);
      const spaced = formatLine("console", { ...LINE, message: "m", fields: { value } });
      const [, , , , fields = ""] = spaced.trimEnd().split("\t");
      const same = JSON.stringify(JSON.parse(fields)) === JSON.stringify({ value });
      return text.indexOf("\n") === text.length - 1 && typeof parsed === "object" && same;
    }),
  );
  t.pass("for any of them");
  t.end();
});

t.test("formatTimestamp() has microseconds, and is in UTC", (t) => {
  const timeMs = Date.UTC(2026, 10, 23, 13, 43, 26, 481);
  t.equal(formatTimestamp(timeMs * 1_000 + 384), "2026-11-23T13:43:26.481384Z");
  t.equal(formatTimestamp(Date.UTC(2026, 0, 1) * 1_000 + 7.5), "2026-01-01T00:00:00.000007Z");
  t.end();
});

t.test("parseLogLevel() takes what zap takes", (t) => {
  t.equal(parseLogLevel("debug"), "debug");
  t.equal(parseLogLevel("WARN"), "warn");
  t.equal(parseLogLevel("warning"), "warn");
  t.equal(parseLogLevel(""), "info");
  t.equal(parseLogLevel("foo"), undefined);
  t.end();
});

t.test("ZapLogger writes to all outputs what its level lets through", async (t) => {
  const folder = await tempDirectory(t);
  const paths = ["one", "two"].map((name) => join(folder, name));
  const fds = paths.map((path) => openSync(path, "a"));
  t.teardown(() => {
    fds.forEach((fd) => closeSync(fd));
  });
  const logger = new ZapLogger({
    level: "warn",
    format: "json",
    outputs: fds.map((fd) => new LogOutput({ fdFor: () => fd }, String)),
    caller: "a.ts",
    nowMicroseconds: () => 0,
  });
  logger.debug("d");
  logger.info("i");
  logger.warn("w");
  logger.at("b.ts").error("e", { x: 1 });
  logger.fatal("f");
  await logger.flush();
  const lines = ["w", "e", "f"].map((message) => {
    const level = { w: "warn", e: "error", f: "fatal" }[message];
    const head = `{"level":"${level}","ts":"1970-01-01T00:00:00.000000Z"`;
    const tail = message === "e" ? ',"x":1}' : "}";
    return `${head},"caller":"${message === "e" ? "b" : "a"}.ts","msg":"${message}"${tail}\n`;
  });
  for (const path of paths) {
    t.equal(readFileSync(path, "utf8"), lines.join(""));
  }
  t.equal(logger.isEnabled("info"), false);
  t.equal(logger.isEnabled("error"), true);
});
