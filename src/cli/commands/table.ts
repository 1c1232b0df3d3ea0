/** All commands, in the groups in which help lists them, and the flags that all of them have. */
import { COMPLETION } from "./completion.ts";
import { ELECT, LOCK } from "./concurrency.ts";
import { commandName } from "./definition.ts";
import type { CommandDefinition, FlagTable } from "./definition.ts";
import { DEFRAG, ENDPOINT } from "./endpoints.ts";
import { COMPACTION, DEL, GET, PUT } from "./key-values.ts";
import { LEASE } from "./leases.ts";
import { ALARM, DOWNGRADE, MOVE_LEADER } from "./maintenance.ts";
import { MEMBER } from "./members.ts";
import { HELP, OPTIONS } from "./usage.ts";
import { ROLE } from "./roles.ts";
import { SNAPSHOT } from "./snapshot.ts";
import { TXN } from "./txn.ts";
import { AUTH, USER } from "./users.ts";
import { VERSION } from "./version-command.ts";
import { WATCH } from "./watch.ts";

/** The groups, each sorted by name. */
export const COMMAND_GROUPS: readonly (readonly [string, readonly CommandDefinition[]])[] = [
  ["Key-value commands", [COMPACTION, DEL, GET, LEASE, PUT, TXN, WATCH]],
  [
    "Cluster maintenance commands",
    [ALARM, DEFRAG, DOWNGRADE, ENDPOINT, MEMBER, MOVE_LEADER, SNAPSHOT],
  ],
  ["Concurrency commands", [ELECT, LOCK]],
  ["Authentication commands", [AUTH, ROLE, USER]],
  ["Utility commands", [COMPLETION, HELP, OPTIONS, VERSION]],
];

/** All of them, sorted by name. */
export const COMMANDS: readonly CommandDefinition[] = COMMAND_GROUPS.flatMap(
  ([, commands]) => commands,
).toSorted((one, other) => (commandName(one) < commandName(other) ? -1 : 1));

/** Flags of all commands, with etcdctl's defaults. Source: etcd etcdctl/ctlv3/ctl.go. */
export const GLOBAL_FLAGS: FlagTable = {
  "auth-jwt-token": { kind: "text", preset: "", help: "token to come with, instead of a user" },
  cacert: { kind: "text", preset: "", help: "file of authorities that may certify the server" },
  cert: { kind: "text", preset: "", help: "file of the certificate to come with" },
  "command-timeout": { kind: "duration", preset: "5s", help: "how long most commands may take" },
  "dial-timeout": { kind: "duration", preset: "2s", help: "how long a password may take" },
  endpoints: { kind: "list", preset: "127.0.0.1:2379", help: "where the servers are" },
  hex: { kind: "boolean", preset: "false", help: "print bytes in hexadecimal" },
  "insecure-skip-tls-verify": {
    kind: "boolean",
    preset: "false",
    help: "take any certificate of the server, for trying things out only",
  },
  "insecure-transport": { kind: "boolean", preset: "true", help: "no TLS where no scheme says so" },
  key: { kind: "text", preset: "", help: "file of the key of the certificate" },
  password: { kind: "text", preset: "", help: "password of the user" },
  user: { kind: "text", preset: "", help: "who to come as, name or name:password" },
  "write-out": {
    kind: "text",
    preset: "simple",
    short: "w",
    help: "how to print answers",
    choices: ["fields", "json", "protobuf", "simple", "table"],
  },
};

/** Flags of etcdctl that are taken and mean nothing here, so that scripts go on working. */
export const IGNORED_GLOBAL_FLAGS: FlagTable = {
  debug: { kind: "boolean", preset: "false", help: "no effect" },
  "discovery-srv": { kind: "text", preset: "", short: "d", help: "no effect" },
  "discovery-srv-name": { kind: "text", preset: "", help: "no effect" },
  "insecure-discovery": { kind: "boolean", preset: "true", help: "no effect" },
  "keepalive-time": { kind: "duration", preset: "2s", help: "no effect" },
  "keepalive-timeout": { kind: "duration", preset: "6s", help: "no effect" },
  "max-recv-bytes": { kind: "integer", preset: "0", help: "no effect" },
  "max-request-bytes": { kind: "integer", preset: "0", help: "no effect" },
};
