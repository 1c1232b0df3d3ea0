import { chmod, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import t from "tap";
import { notifyInitDaemon } from "../../src/cli/init-daemon.ts";
import { tempDirectory } from "../harness/temp-dir.ts";
import { RecordingLogger } from "./recording-logger.ts";

const SUCCESS = ["notifying init daemon", "successfully notified init daemon"];

t.test("notifyInitDaemon() without a socket says what etcd says, and runs nothing", async (t) => {
  const logger = new RecordingLogger();
  await notifyInitDaemon(logger, { PATH: "/nonexistent" });
  t.same(logger.messages(), SUCCESS);
});

t.test("notifyInitDaemon() runs systemd-notify with the socket", async (t) => {
  const folder = await tempDirectory(t);
  const program = join(folder, "systemd-notify");
  const noted = join(folder, "noted");
  await writeFile(program, `#!/bin/sh\necho "$NOTIFY_SOCKET $*" > ${noted}\n`);
  await chmod(program, 0o755);
  const logger = new RecordingLogger();
  await notifyInitDaemon(logger, { PATH: folder, NOTIFY_SOCKET: "/run/x" });
  t.same(logger.messages(), SUCCESS);
  t.equal(await readFile(noted, "utf8"), "/run/x --ready\n");
});

t.test("notifyInitDaemon() logs why it failed, and goes on", async (t) => {
  const folder = await tempDirectory(t);
  const logger = new RecordingLogger();
  await notifyInitDaemon(logger, { PATH: folder, NOTIFY_SOCKET: "/run/x" });
  const failed = "failed to notify systemd for readiness";
  t.match(logger.fieldsOf(failed), { error: /^cannot run systemd-notify: .*ENOENT/ });
  const program = join(folder, "systemd-notify");
  await writeFile(program, "#!/bin/sh\necho no such socket >&2\nexit 3\n");
  await chmod(program, 0o755);
  const second = new RecordingLogger();
  await notifyInitDaemon(second, { PATH: folder, NOTIFY_SOCKET: "/run/x" });
  t.same(second.fieldsOf(failed), { error: "systemd-notify: no such socket" });
});
