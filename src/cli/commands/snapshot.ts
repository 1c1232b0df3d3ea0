/** snapshot: the store as a file, and back. Source: etcdctl's and etcdutl's commands of this name. */
import { open, rename, rm } from "node:fs/promises";
import type { Client } from "../../client/index.ts";
import { checkInitialCluster } from "../initial-cluster.ts";
import { createPrinter } from "../print/printer.ts";
import { parseServiceUrls } from "../service-url.ts";
import { badArguments, CommandError, EXIT } from "./definition.ts";
import type { Call, CommandDefinition, FlagTable } from "./definition.ts";
import { errorText } from "./session.ts";

const NAME = "default";
const PEER_URL = "http://localhost:2380";

/** What a file says of a member, or what a member is made of. */
const MEMBER_FLAGS: FlagTable = {
  name: { kind: "text", preset: NAME, help: "name of the member" },
  "initial-advertise-peer-urls": {
    kind: "text",
    preset: PEER_URL,
    help: "peer URLs of the member",
  },
};

const RESTORE_FLAGS: FlagTable = {
  ...MEMBER_FLAGS,
  "data-dir": { kind: "text", preset: "", help: "directory to make; empty is the name and .etcd" },
  "initial-cluster": {
    kind: "text",
    preset: `${NAME}=${PEER_URL}`,
    help: "the one member of the cluster, with its peer URLs",
  },
  "initial-cluster-token": {
    kind: "text",
    preset: "etcd-cluster",
    help: "token of the cluster, which the ids are made of",
  },
  "skip-hash-check": {
    kind: "boolean",
    preset: "false",
    help: "take a file without its hash, as one copied from a data directory is",
  },
  "bump-revision": { kind: "integer", preset: "0", help: "by how much the revision goes further" },
  "mark-compacted": {
    kind: "boolean",
    preset: "false",
    help: "compact all of it, so that no watch goes on; goes with --bump-revision",
  },
  "initial-memory-map-size": { kind: "text", preset: "", help: "no effect" },
  "wal-dir": { kind: "text", preset: "", help: "no effect" },
};

const EXPORT_FLAGS: FlagTable = {
  ...MEMBER_FLAGS,
  "advertise-client-urls": {
    kind: "text",
    preset: "http://localhost:2379",
    help: "client URLs of the member",
  },
};

export const SNAPSHOT: CommandDefinition = {
  usage: "snapshot <subcommand>",
  short: "Writes the store to a file, and makes a store of one",
  subcommands: [
    {
      usage: "export <data-dir> <filename>",
      short: "Writes a data directory that no server runs on to a file",
      flags: EXPORT_FLAGS,
      run: exportDirectory,
    },
    {
      usage: "restore <filename> --data-dir {output dir} [options]",
      short: "Makes a data directory of a file, or of etcd's data directory",
      flags: RESTORE_FLAGS,
      run: restore,
    },
    { usage: "save <filename>", short: "Writes the store of an endpoint to a file", run: save },
    { usage: "status <filename>", short: "Tells what is in a file", run: status },
  ],
};

async function restore({ args, flags, terminal }: Call): Promise<void> {
  const [source] = args;
  if (source === undefined || args.length > 1) {
    throw badArguments("snapshot restore requires exactly one argument");
  }
  const bumpRevision = flags.integer("bump-revision");
  if (bumpRevision < 0) throw badArguments("--bump-revision must not be negative");
  if (bumpRevision > 0 !== flags.boolean("mark-compacted")) {
    throw badArguments("--mark-compacted required if --revision-bump > 0");
  }
  const name = flags.text("name");
  const dataDir = flags.text("data-dir") || `${name}.etcd`;
  const advertisePeerUrls = parseServiceUrls(flags.text("initial-advertise-peer-urls"));
  const members = flags.text("initial-cluster");
  checkInitialCluster({ name, members, advertisePeerUrls, state: "new" });
  const { restoreSnapshot } = await import("../../embed/index.ts");
  const { revision } = await restoreSnapshot({
    source,
    dataDir,
    skipHashCheck: flags.boolean("skip-hash-check"),
    bumpRevision,
    peerUrls: advertisePeerUrls.map(({ text }) => text),
    clusterToken: flags.text("initial-cluster-token"),
  });
  terminal.write(`Restored to ${dataDir}, revision ${revision}\n`);
}

async function status({ args, flags, terminal }: Call): Promise<void> {
  const [source] = args;
  if (source === undefined || args.length > 1) {
    throw badArguments("snapshot status requires exactly one argument");
  }
  const printer = createPrinter(flags.text("write-out"), { terminal, isHex: false });
  const { snapshotStatus } = await import("../../embed/index.ts");
  printer.print({ kind: "database", status: await snapshotStatus(source) });
}

async function exportDirectory({ args, flags, terminal }: Call): Promise<void> {
  const [dataDir, path] = args;
  if (dataDir === undefined || path === undefined || args.length > 2) {
    throw badArguments("snapshot export requires exactly two arguments");
  }
  const { exportSnapshot } = await import("../../embed/index.ts");
  await exportSnapshot({
    dataDir,
    path,
    name: flags.text("name"),
    peerUrls: flags.text("initial-advertise-peer-urls").split(","),
    clientUrls: flags.text("advertise-client-urls").split(","),
  });
  terminal.write(`Snapshot saved at ${path}\n`);
}

/** Beside the file until all of it is there. Source: etcd client/v3/snapshot/v3_snapshot.go. */
async function save({ args, ...call }: Call): Promise<void> {
  const [path] = args;
  if (path === undefined || args.length > 1) {
    throw badArguments("snapshot save expects one argument <filename>");
  }
  const session = await call.session();
  if (session.endpoints.length !== 1) {
    const list = session.endpoints.map((endpoint) => `"${endpoint}"`).join(" ");
    throw new CommandError(
      EXIT.interrupted,
      `snapshot must be requested to one selected node, not multiple [${list}]`,
    );
  }
  const { client } = await session.connect();
  const partPath = `${path}.part`;
  let version = "";
  try {
    version = await writeSnapshot(client, partPath);
    await rename(partPath, path);
  } catch (error) {
    await rm(partPath, { force: true });
    throw new CommandError(EXIT.interrupted, errorText(error));
  }
  call.terminal.write(`Snapshot saved at ${path}\n`);
  if (version !== "") call.terminal.write(`Server version ${version}\n`);
}

/** Resolves with the version of the server, when all is on the disk. */
async function writeSnapshot(client: Client, path: string): Promise<string> {
  const file = await open(path, "w", 0o600);
  try {
    let version = "";
    for await (const piece of client.maintenance.snapshot()) {
      await file.writeFile(piece.blob);
      version = piece.version || version;
    }
    await file.sync();
    return version;
  } finally {
    await file.close();
  }
}
