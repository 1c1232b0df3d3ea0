/** Flags for programs that start a server for their tests. etcd has none of them. */
import type { FlagGroup } from "./definition.ts";

/** Starting, finding and ending a server from a test harness. */
export const HARNESS_FLAGS = {
  "ready-fd": {
    kind: "int",
    preset: "-1",
    help: "Open file descriptor that gets one line, the client URLs, once they are served.",
    status: "effective",
  },
  "port-file": {
    kind: "string",
    preset: "",
    help: "File that holds the client URLs, with the real ports, while they are served.",
    status: "effective",
  },
  "die-with-parent": {
    kind: "boolean",
    preset: "false",
    help: "Stop when the process that started this one is gone, whatever ended it.",
    status: "effective",
  },
  "remove-data-dir": {
    kind: "boolean",
    preset: "false",
    help: "Delete the store at the end, and its directory when nothing else is in it.",
    status: "effective",
  },
  "enable-test-endpoints": {
    kind: "boolean",
    preset: "false",
    help: "Serve marks of the content, and resets to them, under /debug/marks. For tests only.",
    status: "effective",
  },
  "in-memory": {
    kind: "boolean",
    preset: "false",
    help: "Keep everything in memory; nothing is written to the data directory.",
    status: "effective",
  },
} as const satisfies FlagGroup;
