/**
 * Telling systemd that the server is ready.
 *
 * The message is one datagram to a unix socket, which Node.js cannot send: it only has stream
 * sockets of that kind. So systemd's own `systemd-notify` is run. It is another process than the
 * service's main one, hence a unit needs `NotifyAccess=all`.
 */
import type { Logger } from "../wire/index.ts";
import type { Environment } from "./environment.ts";

/** Longest wait for the helper; systemd-notify itself waits 5 s for its message to be read. */
const HELPER_LIMIT_MS = 10_000;

/** Sends `READY=1` when the environment names a socket for it. Never rejects. */
export async function notifyInitDaemon(logger: Logger, environment: Environment): Promise<void> {
  logger.info("notifying init daemon");
  const problem = environment["NOTIFY_SOCKET"] ? await runHelper(environment) : undefined;
  if (problem === undefined) {
    // Said without a socket too, as etcd does: some wait for this line.
    logger.info("successfully notified init daemon");
  } else {
    logger.error("failed to notify systemd for readiness", { error: problem });
  }
}

/** Runs the helper; gives what went wrong. */
async function runHelper(environment: Environment): Promise<string | undefined> {
  // Loaded only here: most starts have nobody to notify.
  const { spawn } = await import("node:child_process");
  return new Promise((resolve) => {
    const helper = spawn("systemd-notify", ["--ready"], {
      env: { ...environment },
      stdio: ["ignore", "ignore", "pipe"],
      timeout: HELPER_LIMIT_MS,
    });
    let complaint = "";
    helper.stderr.on("data", (bytes: Buffer) => {
      complaint += bytes.toString();
    });
    helper.on("error", (error) => resolve(`cannot run systemd-notify: ${error.message}`));
    helper.on("close", (code, signal) => {
      const reason = complaint.trim() || (signal ?? `exit code ${String(code)}`);
      resolve(code === 0 ? undefined : `systemd-notify: ${reason}`);
    });
  });
}
