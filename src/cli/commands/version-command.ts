/** version: what etcdctl says of itself, which scripts read. */
import { CLUSTER_VERSION_SHORT, ETCD_VERSION } from "../../wire/index.ts";
import type { CommandDefinition } from "./definition.ts";

export const VERSION: CommandDefinition = {
  usage: "version",
  short: "Says which etcdctl the commands are like",
  run: ({ terminal }) => {
    terminal.write(`etcdctl version: ${ETCD_VERSION}\nAPI version: ${CLUSTER_VERSION_SHORT}\n`);
  },
};
