/** The real world of commands: this process, its streams, its signals. */
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { Writable } from "node:stream";
import { connect } from "../../embed/index.ts";
import type { Environment } from "../environment.ts";
import type { Terminal } from "./definition.ts";

/** What programs end with when the reader of their output is gone: 128 and SIGPIPE. */
const BROKEN_PIPE_CODE = 141;

/** The terminal of this process. */
export function processTerminal(): Terminal {
  // Whoever read it has seen enough.
  process.stdout.on("error", () => process.exit(BROKEN_PIPE_CODE));
  return {
    environment: process.env,
    input: process.stdin,
    write: (data) => void process.stdout.write(data),
    complain: (text) => void process.stderr.write(text),
    readSecret: secretReader(),
    connect,
    interrupted: () =>
      new Promise<void>((resolve) => {
        for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => resolve());
      }),
    execute,
    nowMs: () => performance.now(),
    sleep: (delayMs) => new Promise((resolve) => setTimeout(resolve, delayMs)),
  };
}

function execute(command: readonly string[], variables: Environment): Promise<number> {
  const [path = "", ...args] = command;
  return new Promise((resolve, reject) => {
    const env = { ...process.env, ...variables };
    const child = spawn(path, args, { env, stdio: ["ignore", "inherit", "inherit"] });
    child.once("error", reject);
    child.once("close", (code) => resolve(code ?? -1));
  });
}

/**
 * Lines, from a terminal without an echo. One reader for all of them, because it reads ahead; on
 * Ctrl-C it ends.
 */
function secretReader(): (prompt: string) => Promise<string | undefined> {
  let lines: AsyncIterator<string, unknown> | undefined;
  return async (prompt) => {
    process.stdout.write(prompt);
    // What is typed would be written to it.
    const output = new Writable({ write: (_chunk, _encoding, done) => done() });
    const { stdin: input } = process;
    lines ??= createInterface({ input, output, terminal: input.isTTY })[Symbol.asyncIterator]();
    const { done, value } = await lines.next();
    process.stdout.write("\n");
    return done === true ? undefined : value;
  };
}
