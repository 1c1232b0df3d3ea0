/**
 * Passwords, hashed by bcrypt in a thread of its own: at etcd's cost one takes longer than all else
 * that a server does in that time.
 *
 * The thread is made for the first password, and does not keep the process alive. One is enough: a
 * second would hash no faster on a small machine, and take from the first.
 */
import { createRequire } from "node:module";
import { Worker } from "node:worker_threads";
import { EtcdError } from "../../wire/index.ts";

/** Bytes of a password that count. Source: golang.org/x/crypto/bcrypt, GenerateFromPassword. */
const PASSWORD_BYTES_MAX = 72;

/** Passwords that wait for the thread, a minute's work at cost 10; more are refused. */
export const PASSWORDS_WAITING_MAX = 512;

/** Source: golang.org/x/crypto/bcrypt, MinCost, MaxCost and DefaultCost. */
const COST_MIN = 4;
const COST_MAX = 31;
export const BCRYPT_COST = 10;

const SALT_BYTES = 16;
const HASH_BYTES = 60;
const BCRYPT_HASH = /^\$2[aby]\$[0-9]{2}\$[./A-Za-z0-9]{53}$/u;

/** The cost that a number of the user's stands for. Source: etcd server/auth/store.go, NewAuthStore. */
export function bcryptCost(given: number): number {
  return given >= COST_MIN && given <= COST_MAX ? given : BCRYPT_COST;
}

/** What the thread is asked. */
interface Question {
  readonly password: string;
  /** Of a new hash. */
  readonly salt?: { readonly cost: number; readonly bytes: Uint8Array };
  /** To be held against. */
  readonly hash?: string;
}

/** A hash, whether there is a match, or what went wrong. */
interface Answer {
  readonly result?: string | boolean;
  readonly problem?: string;
}

interface Waiting {
  readonly resolve: (result: string | boolean) => void;
  readonly reject: (error: Error) => void;
}

/**
 * What runs in the thread: as text, because the program is one file and a thread needs one.
 * The library is where this file finds it.
 */
const THREAD = `
const { parentPort, workerData } = require("node:worker_threads");
const bcrypt = require(workerData);
parentPort.on("message", ({ password, salt, hash }) => {
  try {
    if (salt === undefined) return parentPort.postMessage({ result: bcrypt.compareSync(password, hash) });
    const cost = String(salt.cost).padStart(2, "0");
    const start = "$2a$" + cost + "$" + bcrypt.encodeBase64(salt.bytes, salt.bytes.length);
    parentPort.postMessage({ result: bcrypt.hashSync(password, start) });
  } catch (error) {
    parentPort.postMessage({ problem: String(error) });
  }
});
`;

export class Passwords {
  readonly #cost: number;
  readonly #randomBytes: (count: number) => Uint8Array;
  /** Of nobody's password; for {@link matchesNobody}. */
  readonly #nobodysHash: string;
  #worker: Worker | undefined = undefined;
  /** The thread answers in order. */
  #waiting: Waiting[] = [];
  #isClosed = false;

  constructor(cost: number, randomBytes: (count: number) => Uint8Array) {
    this.#cost = cost;
    this.#randomBytes = randomBytes;
    this.#nobodysHash = `$2a$${String(cost).padStart(2, "0")}$${".".repeat(HASH_BYTES - 7)}`;
  }

  /** Throws EtcdError for one that is too long, as etcd does before it asks who calls. */
  check(password: string): void {
    if (Buffer.byteLength(password) > PASSWORD_BYTES_MAX) throw new EtcdError("passwordTooLong");
  }

  /** Rejects with EtcdError when too many wait. */
  async hash(password: string): Promise<Uint8Array> {
    const salt = { cost: this.#cost, bytes: this.#randomBytes(SALT_BYTES) };
    return Buffer.from(String(await this.#ask({ password, salt })));
  }

  /** As {@link hash}. What is no hash matches nothing, and takes as long. */
  async matches(password: string, passwordHash: Uint8Array): Promise<boolean> {
    const hash = Buffer.from(passwordHash).toString("latin1");
    if (!BCRYPT_HASH.test(hash)) return this.matchesNobody(password);
    return (await this.#ask({ password, hash })) === true;
  }

  /** Answers false, after as long as {@link matches} takes: so that nobody learns who exists. */
  async matchesNobody(password: string): Promise<boolean> {
    await this.#ask({ password, hash: this.#nobodysHash });
    return false;
  }

  /** Ends the thread; whoever waits is refused. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#worker?.terminate();
    this.#failAll(new EtcdError("stopped"));
  }

  #ask(question: Question): Promise<string | boolean> {
    if (this.#isClosed) throw new EtcdError("stopped");
    if (this.#waiting.length >= PASSWORDS_WAITING_MAX) throw new EtcdError("tooManyRequests");
    this.#worker ??= this.#startWorker();
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      this.#worker?.postMessage(question);
    });
  }

  #startWorker(): Worker {
    const library = createRequire(import.meta.url).resolve("bcryptjs");
    const worker = new Worker(THREAD, { eval: true, workerData: library });
    worker.unref();
    worker.on("message", ({ result, problem }: Answer) => {
      const waiting = this.#waiting.shift();
      if (result === undefined) waiting?.reject(new Error(`Cannot hash a password: ${problem}`));
      else waiting?.resolve(result);
    });
    worker.on("error", (error) => {
      this.#worker = undefined;
      this.#failAll(error);
    });
    return worker;
  }

  #failAll(error: Error): void {
    for (const { reject } of this.#waiting.splice(0)) reject(error);
  }
}
