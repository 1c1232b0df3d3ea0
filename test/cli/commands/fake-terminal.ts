/** Commands on a server in this process, with what is typed and printed in variables. */
import { EventEmitter, once } from "node:events";
import type { Test } from "tap";
import type { Client } from "../../../src/client/index.ts";
import { runCommand } from "../../../src/cli/commands/run.ts";
import type { Terminal } from "../../../src/cli/commands/definition.ts";
import { Etcd } from "../../../src/embed/index.ts";

/** What a command left. */
export interface Outcome {
  readonly code: number;
  readonly output: string;
  readonly errors: string;
}

/** What a command is given beside its words. */
export interface Given {
  readonly input?: string;
  readonly environment?: Readonly<Record<string, string>>;
  /** Typed when a password is asked for. */
  readonly secrets?: readonly string[];
}

/** A command that goes on. */
export class RunningCommand {
  readonly ended: Promise<Outcome>;
  /** Programs that it ran, with their variables. */
  readonly programs: { command: readonly string[]; variables: object }[] = [];
  #output = "";
  #errors = "";
  readonly #events = new EventEmitter();

  constructor(words: readonly string[], client: Client, given: Given) {
    const secrets = [...(given.secrets ?? [])];
    const terminal: Terminal = {
      environment: given.environment ?? {},
      input: oneChunk(given.input ?? ""),
      write: (data) => {
        this.#output += String(data instanceof Uint8Array ? Buffer.from(data) : data);
        this.#events.emit("output");
      },
      complain: (text) => void (this.#errors += text),
      readSecret: (prompt) => {
        this.#output += prompt;
        return Promise.resolve(secrets.shift());
      },
      connect: () => Promise.resolve(client),
      interrupted: async () => void (await once(this.#events, "interrupt")),
      execute: (command, variables) => {
        this.programs.push({ command, variables });
        return Promise.resolve(Number(command[1] ?? "0"));
      },
      nowMs: () => performance.now(),
      sleep: (delayMs) => new Promise((resolve) => setTimeout(resolve, delayMs).unref()),
    };
    this.ended = runCommand(words, terminal).then((code) => this.#outcome(code));
  }

  /** Resolves when it has printed this. */
  async printed(text: string): Promise<void> {
    while (!this.#output.includes(text)) await once(this.#events, "output");
  }

  /** Interrupts it as a terminal does. */
  async interrupt(): Promise<Outcome> {
    this.#events.emit("interrupt");
    return await this.ended;
  }

  #outcome(code: number): Outcome {
    return { code, output: this.#output, errors: this.#errors };
  }
}

async function* oneChunk(text: string): AsyncGenerator<Uint8Array, void> {
  if (text !== "") yield Buffer.from(text);
}

/** A server in memory, for the test. */
export async function fakeServer(t: Test): Promise<FakeServer> {
  const etcd = await Etcd.start();
  t.teardown(() => etcd.stop());
  return new FakeServer(etcd);
}

export class FakeServer {
  readonly #etcd: Etcd;

  constructor(etcd: Etcd) {
    this.#etcd = etcd;
  }

  get client(): Client {
    return this.#etcd.client;
  }

  /** Runs a command, its words with spaces between them, to its end. */
  async run(line: string | readonly string[], given: Given = {}): Promise<Outcome> {
    return await this.begin(line, given).ended;
  }

  /** Begins a command. */
  begin(line: string | readonly string[], given: Given = {}): RunningCommand {
    const words = typeof line === "string" ? line.split(" ") : line;
    return new RunningCommand(words, this.client, given);
  }

  /** What a command printed, which has to end well. */
  async output(line: string | readonly string[], given: Given = {}): Promise<string> {
    const { code, output, errors } = await this.run(line, given);
    if (code !== 0) throw new Error(`${String(line)} ended with ${code}: ${errors}`);
    return output;
  }
}
