/**
 * A server to measure a transport by: Range is answered at once from a Map, Put by a promise shared
 * by all that wait, everything else echoes. Prints its URL, and its CPU time for each line it reads.
 *
 *   node echo-server.js [http2|grpc-js] [bytes of a Range answer]
 */
import { setImmediate } from "node:timers";
import { GrpcJsServer } from "../../src/transport/grpc-js-server.ts";
import { GrpcServer } from "../../src/transport/grpc-server.ts";
import { Listener } from "../../src/transport/index.ts";
import { SILENT_LOGGER } from "../../src/wire/index.ts";
import type { Channel, HttpPages } from "../../src/wire/index.ts";

const [, , transport = "http2", answerBytes = "300"] = process.argv;

/** Answers in groups, as a store that writes to a disk does. */
class Group {
  #waiting: (() => void)[] = [];

  next(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#waiting.push(resolve) === 1) setImmediate(() => this.#answer());
    });
  }

  #answer(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }
}

const group = new Group();
const values = new Map<string, Buffer>();
const miss = Buffer.alloc(Number(answerBytes), "x");

const channel: Channel = {
  unary: (method, request) => {
    if (method === "put") return group.next().then(() => request);
    if (method !== "range") return request;
    const key = Buffer.from(request.buffer, request.byteOffset, request.length).toString("latin1");
    return values.get(key) ?? miss;
  },
  stream: (_method, _context, output) => ({
    write: (message) => void output.write(message),
    end: () => output.end(),
    cancel: () => undefined,
    drained: () => undefined,
  }),
};
const pages: HttpPages = { page: () => ({ status: 200, headers: {}, body: "page" }) };
const options = { channel, pages, logger: SILENT_LOGGER };
const http2 = transport === "grpc-js" ? new GrpcJsServer(options) : new GrpcServer(options);
const listener = await Listener.open({ urls: ["http://127.0.0.1:0"], logger: SILENT_LOGGER });
listener.serve({ http2 });
process.stdout.write(`${listener.url}\n`);
process.stdin.on("data", () => {
  const { user, system } = process.cpuUsage();
  process.stdout.write(`${user + system}\n`);
});
process.stdin.once("end", () => process.exit());
