/** How often the parent is looked at, milliseconds. */
const LOOK_MS = 250;

/**
 * Ends this process as by SIGTERM when its parent is gone. npm runs scripts through a shell, which
 * dies of a SIGTERM without passing it on; nobody would stop the server then.
 */
export function followParent() {
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    process.kill(process.pid, "SIGTERM");
  }, LOOK_MS);
  timer.unref();
}
