/** The Kubernetes API over plain HTTPS, for what kubectl hides: pages, raw watches, metrics, times. */
import { request } from "node:https";
import type { IncomingMessage, RequestOptions } from "node:http";
import { poll } from "./processes.ts";

/** How long one request may take; the apiserver's own limit for most requests is 60 s. */
const requestLimitMs = 30_000;

/** The parts of an object that the tests look at. */
export interface KubeObject {
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly uid: string;
    readonly resourceVersion: string;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly ownerReferences?: readonly { readonly kind: string; readonly name: string }[];
    readonly managedFields?: readonly { readonly manager: string; readonly operation: string }[];
  };
  readonly data?: Readonly<Record<string, string>>;
  readonly spec?: Readonly<Record<string, unknown>>;
  readonly status?: Readonly<Record<string, unknown>>;
}

/** One answer to a list request. */
export interface KubeList {
  readonly metadata: {
    readonly resourceVersion: string;
    readonly continue?: string;
    readonly remainingItemCount?: number;
  };
  readonly items: readonly KubeObject[];
}

/** One line of a watch. */
export interface WatchEvent {
  readonly type: "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK" | "ERROR";
  /** For ERROR this is a Status, which has an HTTP code and nothing else of interest. */
  readonly object: KubeObject & { readonly code?: number };
}

/** An answer with its status code. */
export interface ApiAnswer {
  readonly status: number;
  readonly body: string;
}

/** Where the apiserver is and who asks. */
export interface ApiOptions {
  readonly port: number;
  readonly token: string;
  readonly certificate: string;
}

/** A client for one apiserver. */
export class Api {
  readonly #options: ApiOptions;

  constructor(options: ApiOptions) {
    this.#options = options;
  }

  /** One request, whatever the status of its answer; throws when there is none. */
  async call(
    method: "GET" | "POST" | "PUT" | "DELETE",
    path: string,
    body?: unknown,
  ): Promise<ApiAnswer> {
    const answer = await this.#open(method, path, body);
    const chunks: Buffer[] = [];
    for await (const chunk of answer) {
      // Streams of bytes without an encoding give buffers.
      chunks.push(chunk as Buffer);
    }
    return { status: answer.statusCode ?? 0, body: Buffer.concat(chunks).toString() };
  }

  /** One page of a list; throws unless the answer is 200. */
  async list(path: string): Promise<KubeList> {
    const answer = await this.call("GET", path);
    if (answer.status !== 200) {
      throw new Error(`Cannot list ${path}: ${answer.status} ${answer.body}`);
    }
    // The apiserver's answer to a list has this shape.
    return JSON.parse(answer.body) as KubeList;
  }

  /** Opens a watch; the path carries its own query. Throws unless the answer is 200. */
  async watch(path: string): Promise<Watch> {
    const answer = await this.#open("GET", path, undefined);
    if (answer.statusCode !== 200) {
      answer.destroy();
      throw new Error(`Cannot watch ${path}: ${String(answer.statusCode)}`);
    }
    return new Watch(answer);
  }

  /** The apiserver's own metrics. */
  async metrics(): Promise<Metrics> {
    const answer = await this.call("GET", "/metrics");
    return new Metrics(answer.body);
  }

  #open(method: string, path: string, body: unknown): Promise<IncomingMessage> {
    const options: RequestOptions = {
      host: "127.0.0.1",
      port: this.#options.port,
      method,
      path,
      timeout: requestLimitMs,
      headers: {
        authorization: `Bearer ${this.#options.token}`,
        accept: "application/json",
        "content-type": "application/json",
      },
    };
    return new Promise((resolve, reject) => {
      const call = request({ ...options, ca: this.#options.certificate, agent: false }, resolve);
      call.on("error", reject);
      call.on("timeout", () => {
        call.destroy(new Error(`No answer to ${method} ${path} in ${requestLimitMs} ms`));
      });
      call.end(body === undefined ? undefined : JSON.stringify(body));
    });
  }
}

/** A running watch: keeps every event, and knows whether the server has ended it. */
export class Watch {
  readonly events: WatchEvent[] = [];
  readonly #answer: IncomingMessage;
  #open = true;
  #rest = "";

  constructor(answer: IncomingMessage) {
    this.#answer = answer;
    // A quiet watch is no stalled request.
    answer.socket.setTimeout(0);
    answer.setEncoding("utf8");
    answer.on("data", (text: string) => {
      const lines = (this.#rest + text).split("\n");
      this.#rest = lines.pop() ?? "";
      for (const line of lines) {
        // The apiserver writes one event a line.
        this.events.push(JSON.parse(line) as WatchEvent);
      }
    });
    answer.on("error", () => undefined);
    answer.on("close", () => {
      this.#open = false;
    });
  }

  /** False once either side has closed it. */
  get open(): boolean {
    return this.#open;
  }

  /** The first event that fits, past or still to come. */
  find(what: string, limitMs: number, fits: (event: WatchEvent) => boolean): Promise<WatchEvent> {
    return poll(`a watch to show ${what}`, limitMs, () => this.events.find(fits));
  }

  close(): void {
    this.#answer.destroy();
  }
}

/** A page of metrics in Prometheus' text form. */
export class Metrics {
  readonly #lines: readonly string[];

  constructor(text: string) {
    this.#lines = text.split("\n");
  }

  /** The sum of all samples of this name that have these labels; 0 when there is none. */
  sum(name: string, labels: Readonly<Record<string, string>>): number {
    const wanted = Object.entries(labels).map(([label, value]) => `${label}="${value}"`);
    let sum = 0;
    for (const line of this.#lines) {
      if (!line.startsWith(`${name}{`)) {
        continue;
      }
      const end = line.lastIndexOf("}");
      const pairs = new Set(line.slice(name.length + 1, end).split(","));
      if (wanted.every((pair) => pairs.has(pair))) {
        sum += Number(line.slice(end + 1).trim());
      }
    }
    return sum;
  }
}
