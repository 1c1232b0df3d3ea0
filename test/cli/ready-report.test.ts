import { closeSync, fstatSync, openSync, readFileSync } from "node:fs";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import t from "tap";
import { ReadyReport } from "../../src/cli/ready-report.ts";
import { tempDirectory } from "../harness/temp-dir.ts";

const URLS = ["http://127.0.0.1:1", "unix:///tmp/x"];
const LINE = "http://127.0.0.1:1,unix:///tmp/x\n";

t.test("ReadyReport writes one line to the descriptor and closes it", async (t) => {
  const path = join(await tempDirectory(t), "read");
  const descriptor = openSync(path, "w");
  const report = await ReadyReport.prepare({ descriptor, portFile: "" });
  await report.send(URLS);
  t.equal(readFileSync(path, "utf8"), LINE);
  t.throws(() => fstatSync(descriptor), { code: "EBADF" });
});

t.test("ReadyReport has a file while it holds, and no other file", async (t) => {
  const folder = await tempDirectory(t);
  const portFile = join(folder, "ports");
  await writeFile(portFile, "of an earlier run");
  const report = await ReadyReport.prepare({ descriptor: -1, portFile });
  t.same(await readdir(folder), []);
  await report.send(URLS);
  t.same(await readdir(folder), ["ports"]);
  t.equal(await readFile(portFile, "utf8"), LINE);
  await report.withdraw();
  await report.withdraw();
  t.same(await readdir(folder), []);
});

t.test("ReadyReport refuses a descriptor that is not open, and a folder for a file", async (t) => {
  const folder = await tempDirectory(t);
  const descriptor = openSync(join(folder, "x"), "w");
  closeSync(descriptor);
  await t.rejects(ReadyReport.prepare({ descriptor, portFile: "" }), {
    name: "ConfigurationError",
    message: `--ready-fd is not open: ${descriptor}`,
  });
  await t.rejects(ReadyReport.prepare({ descriptor: -1, portFile: folder }), {
    name: "ConfigurationError",
    message: /^cannot use --port-file: /,
  });
});

t.test("ReadyReport without places does nothing", async (t) => {
  const report = await ReadyReport.prepare({ descriptor: -1, portFile: "" });
  await report.send(URLS);
  await report.withdraw();
  t.pass();
});
