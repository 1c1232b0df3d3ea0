/**
 * etcdctl on one server, its output in a form that can be compared with what it prints of another.
 *
 * Both servers have the same peer URL and token, hence the same cluster and member ids; so nearly everything
 * is compared as it is. Left out are times, sizes, terms, raft's counters, addresses, and which ids the server
 * gave to leases.
 */
import { spawn, spawnSync } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { EtcdProcess } from "../harness/etcd-process.ts";
import { poll, run, temporaryFolder } from "../kube/processes.ts";

/** Limit for one run of etcdctl, and for a line from one that goes on. */
const commandLimitMs = 30_000;

/** Where there is `setpriv` (Linux), the kernel kills what it starts together with this process. */
const SETPRIV = ["setpriv", "--pdeathsig", "KILL", "--"] as const;
const [setpriv, ...setprivArguments] = SETPRIV;
const hasSetpriv = spawnSync(setpriv, [...setprivArguments, "true"]).status === 0;
const KILLED_WITH_PARENT: readonly string[] = hasSetpriv ? SETPRIV : [];

/** What a run of etcdctl left, made comparable. */
export interface CommandResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export class EtcdctlSession {
  readonly folder: string;
  readonly #etcd: EtcdProcess;
  readonly #etcdctl: string;
  readonly #variables: NodeJS.ProcessEnv;
  readonly #background = new Set<Background>();
  /** Leases in the order in which their ids were printed. */
  readonly #leases: string[] = [];

  private constructor(
    etcd: EtcdProcess,
    etcdctl: string,
    folder: string,
    variables: NodeJS.ProcessEnv,
  ) {
    this.#etcd = etcd;
    this.#etcdctl = etcdctl;
    this.folder = folder;
    this.#variables = variables;
  }

  /** A new server with these flags, and etcdctl with these variables for it. */
  static async start(
    binary: string,
    etcdctl: string,
    options: {
      readonly flags?: Readonly<Record<string, string>>;
      readonly variables?: NodeJS.ProcessEnv;
    } = {},
  ): Promise<EtcdctlSession> {
    const { flags = {}, variables = {} } = options;
    const folder = temporaryFolder("etcdlet-etcdctl-");
    const etcd = await EtcdProcess.start({ binary, folder, unsafeNoFsync: true, flags });
    return new EtcdctlSession(etcd, etcdctl, folder, variables);
  }

  get url(): string {
    return this.#etcd.url;
  }

  async stop(): Promise<void> {
    for (const one of this.#background) one.kill();
    await this.#etcd.stop("SIGKILL");
  }

  /** Runs etcdctl to its end. `$lease1` in an argument is the first lease that was printed, and so on. */
  async run(
    args: readonly string[],
    input: string = "",
    variables: NodeJS.ProcessEnv = this.#variables,
  ): Promise<CommandResult> {
    const { code, stdout, stderr } = await run({
      path: this.#etcdctl,
      args: this.#fill(args),
      env: this.#environment(variables),
      input,
      limitMs: commandLimitMs,
    });
    this.#noteLeases(args, stdout);
    return { code, stdout: this.#normalise(stdout), stderr: this.#normalise(stderr) };
  }

  /** Runs etcdctl again and again until it prints what it must. */
  async until(args: readonly string[], expected: RegExp): Promise<CommandResult> {
    return await poll(
      `etcdctl ${args.join(" ")} to print ${expected.source}`,
      commandLimitMs,
      async () => {
        const result = await this.run(args);
        return expected.test(result.stdout) ? result : undefined;
      },
    );
  }

  /** Starts etcdctl, and resolves when it has printed so many lines: what they are, made comparable. */
  async background(args: readonly string[], lineCount: number): Promise<Background> {
    const [path = "", ...rest] = [...KILLED_WITH_PARENT, this.#etcdctl, ...this.#fill(args)];
    const child = spawn(path, rest, { env: this.#environment(), stdio: "pipe" });
    const background = new Background(child, (text) => this.#normalise(text));
    this.#background.add(background);
    await background.lines(lineCount);
    return background;
  }

  #environment(variables = this.#variables): NodeJS.ProcessEnv {
    return { PATH: process.env["PATH"], ETCDCTL_ENDPOINTS: this.#etcd.url, ...variables };
  }

  #fill(args: readonly string[]): string[] {
    return args.map((argument) =>
      argument
        .replace(
          /\$lease(\d+)/u,
          (_match, number: string) => this.#leases[Number(number) - 1] ?? "",
        )
        .replace("$folder", this.folder)
        .replace("$host", new URL(this.#etcd.url).host),
    );
  }

  #noteLeases(args: readonly string[], stdout: string): void {
    if (args[0] !== "lease" || args[1] !== "grant") return;
    const id = /lease ([0-9a-f]+) granted/u.exec(stdout)?.[1];
    if (id !== undefined) this.#leases.push(id);
  }

  #normalise(text: string): string {
    let result = text.replaceAll(this.#etcd.url, "URL");
    result = result
      .replaceAll(new URL(this.#etcd.url).host, "HOST")
      .replaceAll(this.folder, "FOLDER");
    this.#leases.forEach((id, index) => {
      result = result.replaceAll(id, `LEASE${index + 1}`);
      result = result.replaceAll(BigInt(`0x${id}`).toString(), `LEASE${index + 1}`);
    });
    return maskLines(result);
  }
}

/** An etcdctl that goes on until it is interrupted. */
class Background {
  readonly #child: ChildProcess;
  readonly #normalise: (text: string) => string;
  #stdout = "";
  #stderr = "";
  #ending: number | undefined;

  constructor(child: ChildProcess, normalise: (text: string) => string) {
    this.#child = child;
    this.#normalise = normalise;
    child.stdout?.on("data", (bytes: Buffer) => (this.#stdout += bytes.toString()));
    child.stderr?.on("data", (bytes: Buffer) => (this.#stderr += bytes.toString()));
    child.on("close", (code) => (this.#ending = code ?? -1));
  }

  /** Resolves when so many lines are there, or the program has ended. */
  async lines(count: number): Promise<void> {
    const what = `${count} lines of etcdctl ${this.#child.spawnargs.slice(1).join(" ")}`;
    await poll(what, commandLimitMs, () =>
      this.#stdout.split("\n").length > count || this.#ending !== undefined ? true : undefined,
    );
  }

  /** Types into it. */
  type(text: string): void {
    this.#child.stdin?.write(text);
  }

  /** Waits until it ends by itself. */
  async end(): Promise<CommandResult> {
    const code = await poll("etcdctl to end", commandLimitMs, () => this.#ending);
    return { code, stdout: this.#normalise(this.#stdout), stderr: this.#normalise(this.#stderr) };
  }

  /** Interrupts it as a terminal does, and returns what it printed. */
  async interrupt(): Promise<CommandResult> {
    this.#child.kill("SIGINT");
    return await this.end();
  }

  kill(): void {
    this.#child.kill("SIGKILL");
  }
}

/** Values that differ between servers, by what stands around them. */
const MASKS: readonly (readonly [RegExp, string])[] = [
  // The client's own log; what matters comes after it.
  [/^\{"level".*\}$/gmu, ""],
  [/^\{"level".*?"\}(?=Error)/gmu, ""],
  [/took (= )?[0-9.]+(ns|µs|ms|s)/gu, "took TIME"],
  [/│ +[0-9.]+(ns|µs|ms|s) +│/gu, "│ TIME │"],
  [/"took":"[^"]*"/gu, '"took":"TIME"'],
  [/"(raft_?term|raftIndex|raftAppliedIndex|dbSize|dbSizeInUse)":\d+/giu, '"$1":0'],
  [/"(RaftTerm|RaftIndex|RaftAppliedIndex|DBSize|DBSizeInUse)" : \d+/gu, '"$1" : 0'],
  [/\b\d+(\.\d+)? ?([kMG]?B)\b/gu, "SIZE"],
  [/\b\d+%/gu, "PERCENT"],
  // Term and indices in a line of `endpoint status`.
  [/(true|false), \d+, \d+, \d+, /gu, "$1, TERM, INDEX, INDEX, "],
  [/(│ +(?:true|false) │ +(?:true|false)) │ +\d+ │ +\d+ │ +\d+ │/gu, "$1 │ TERM │ INDEX │ INDEX │"],
  [/remaining\(\d+s\)/gu, "remaining(TIME)"],
  [/"ttl":\d+(?=,"granted-ttl")/gu, '"ttl":TIME'],
  [/"TTL" : \d+/gu, '"TTL" : TIME'],
];

function maskLines(text: string): string {
  let result = text;
  for (const [pattern, replacement] of MASKS) result = result.replaceAll(pattern, replacement);
  return result
    .split("\n")
    .map(maskTable)
    .filter((line, index, lines) => line !== "" || lines[index - 1] !== "")
    .join("\n");
}

/** A table is as wide as what is in it. */
function maskTable(line: string): string {
  if (/^[┌├└]/u.test(line)) return line.replaceAll(/─+/gu, "─");
  return line.startsWith("│") ? line.replaceAll(/ +/gu, " ") : line;
}
