/**
 * A program of its own process that embeds a server, to see what keeps such a process alive. Its
 * argument says what it does; its output is what happened, a word a line. It ends by itself or not.
 *
 * The clock here is real on purpose: what is asked is whether Node waits.
 */
import { Etcd } from "../../src/embed/index.ts";

const say = (word: string): void => void process.stdout.write(`${word}\n`);

/** Later than anything here takes, and nothing that a process would wait for. */
const LATER_MS = 300;

const SCENES: Readonly<Record<string, () => Promise<void>>> = {
  /** Started and forgotten. */
  idle: async () => {
    const etcd = await Etcd.start();
    await etcd.client.kv.put("key", "value");
    await etcd.client.lease.grant(3600);
    say("started");
  },

  /** The same, on a disk. */
  "idle on disk": async () => {
    const etcd = await Etcd.start({ dataDir: process.argv[3] });
    await etcd.client.kv.put("key", "value");
    await etcd.client.lease.grant(3600);
    say("started");
  },

  /** A watch is waited for; what it waits for comes when the process would have ended long ago. */
  "open watch": async () => {
    const etcd = await Etcd.start();
    const watch = etcd.client.watch("key");
    await watch.created;
    setTimeout(() => void etcd.client.kv.put("key", "value"), LATER_MS).unref();
    for await (const { events } of watch) {
      say(events[0]?.type ?? "nothing");
      break;
    }
  },

  /** A port is held until the server is told to stop. */
  port: async () => {
    const etcd = await Etcd.start({ listenClientUrls: ["http://127.0.0.1:0"] });
    setTimeout(() => {
      say("stopping");
      void etcd.stop();
    }, LATER_MS).unref();
  },

  /** What was stopped holds nothing. */
  stopped: async () => {
    const etcd = await Etcd.start({
      dataDir: process.argv[3],
      listenClientUrls: ["http://127.0.0.1:0"],
    });
    const watch = etcd.client.watch("key");
    await watch.created;
    watch.next().catch(() => say("watch ended"));
    await etcd.stop();
    say("stopped");
  },
};

process.once("beforeExit", () => say("nothing left"));
await SCENES[process.argv[2] ?? ""]?.();
