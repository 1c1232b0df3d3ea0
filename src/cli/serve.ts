/**
 * A server's life in a terminal: prepare the directory, start, say that it is ready, wait for a
 * signal, stop. Messages are etcd's own, because test suites and scripts wait for them.
 * Source: etcd server/etcdmain/etcd.go; server/embed/etcd.go and serve.go.
 */
import type { EtcdOptions } from "../embed/index.ts";
import type { Logger } from "../wire/index.ts";
import { ConfigurationError } from "./configuration-error.ts";
import type { Configuration } from "./configuration.ts";
import { prepareDataDirectory, removeDataDirectory } from "./data-directory.ts";
import type { DataDirectory } from "./data-directory.ts";
import type { ExitSignal, ExitSignals } from "./exit-signals.ts";
import { checkInitialCluster } from "./initial-cluster.ts";
import { writeNotes } from "./log-note.ts";
import { ReadyReport } from "./ready-report.ts";
import { addressFields, startFields, urlTexts } from "./server-description.ts";

/** A server that has been started, as far as a terminal needs it. */
export interface RunningServer {
  /** In lower-case hexadecimal, as etcd prints them. */
  readonly ids: { readonly member: string; readonly cluster: string };
  /** Where clients are served, with the real ports. */
  readonly clientUrls: readonly string[];
  /** Refuses new calls, ends the open ones, and closes the store. */
  stop(): Promise<void>;
}

/** What serving needs from the world. */
export interface ServeContext {
  readonly logger: Logger;
  /** Starts a server, which logs that it serves; rejects with the reason when it cannot. */
  readonly startServer: (options: EtcdOptions) => Promise<RunningServer>;
  /** Begins to catch signals; called once the server runs. */
  readonly catchSignals: () => ExitSignals;
  /** From now on, asks the process to end when its parent is gone. */
  readonly followParent: () => void;
  /** Told when clients are being served. */
  readonly notifyReady: () => Promise<void>;
}

/** Longest wait for open calls and the store at the end, ms. Source: measured on etcd 3.7.3. */
const STOP_LIMIT_MS = 7_000;

/** How serving ended. */
export interface Served {
  readonly signal: ExitSignal;
  readonly signals: ExitSignals;
}

/**
 * Serves until a signal, and gives the signals back: the caller raises the one that came.
 *
 * @throws whatever kept the server from starting, or whoever waits for it from being told
 */
export async function serve(configuration: Configuration, context: ServeContext): Promise<Served> {
  const { logger } = context;
  const { settings, options } = configuration;
  const report = await ReadyReport.prepare({
    descriptor: settings.get("ready-fd"),
    portFile: settings.get("port-file"),
  });
  const directory = await openDirectory(configuration, logger);
  logger.info("not listening on peer URLs: there are no peers", {
    "listen-peer-urls": urlTexts(configuration.listenPeerUrls),
  });
  logger.info("configuring client listeners", {
    "listen-client-urls": urlTexts(settings.get("listen-client-urls")),
  });
  logger.info("starting an etcd server", startFields(configuration, directory));
  const signals = context.catchSignals();
  if (settings.get("die-with-parent")) context.followParent();
  const start = context.startServer({ ...options, logger });
  // A signal during the start ends the process at once; no call is under way and LevelDB is
  // crash-safe. Only a store that is to be deleted is closed before.
  const server = await (settings.get("remove-data-dir")
    ? start
    : Promise.race([start, signals.first]));
  if (typeof server === "string") {
    return { signal: server, signals };
  }
  try {
    logReady(logger, configuration, server);
    await report.send(server.clientUrls);
    await context.notifyReady();
    const signal = await signals.first;
    const signalName = signal === "SIGTERM" ? "terminated" : "interrupt";
    logger.info("received signal; shutting down", { signal: signalName });
    return { signal, signals };
  } finally {
    await report.withdraw();
    await stop(server, logger, {
      name: options.name,
      "data-dir": configuration.dataDir,
      "advertise-peer-urls": options.initialAdvertisePeerUrls,
      "advertise-client-urls": urlTexts(settings.get("advertise-client-urls")),
    });
    const isOnDisk = options.dataDir !== undefined;
    if (settings.get("remove-data-dir") && isOnDisk) await remove(configuration.dataDir, logger);
  }
}

/** Prepares the data directory, unless the store is in memory: one on a snapshot is not new. */
async function openDirectory(
  { settings, options, dataDir, initialCluster }: Configuration,
  logger: Logger,
): Promise<DataDirectory> {
  const { snapshot } = options;
  const isOnDisk = options.dataDir !== undefined;
  if (settings.get("data-dir") === "" && isOnDisk) {
    logger.warn("'data-dir' was empty; using default", { "data-dir": dataDir });
  }
  if (snapshot !== undefined) {
    logger.info("serving a snapshot; what is written stays in memory", { path: snapshot });
  }
  const directory = isOnDisk
    ? await prepareDataDirectory(dataDir)
    : { isEmpty: snapshot === undefined, notes: [] };
  const fields = { "data-dir": dataDir, "dir-type": directory.isEmpty ? "empty" : "member" };
  if (directory.isEmpty) {
    logger.info("Initialize and start etcd server", fields);
    checkInitialCluster({
      name: options.name,
      members: initialCluster,
      advertisePeerUrls: settings.get("initial-advertise-peer-urls"),
      state: settings.get("initial-cluster-state"),
    });
  } else {
    logger.info("server has already been initialized", fields);
  }
  writeNotes(logger, directory.notes);
  return directory;
}

/** Deletes the store. What else is there stays, and so does the directory then. */
async function remove(dataDir: string, logger: Logger): Promise<void> {
  try {
    const others = await removeDataDirectory(dataDir);
    if (others.length === 0) logger.info("removed data directory", { "data-dir": dataDir });
    else logger.warn("data directory has other files; it stays", { "data-dir": dataDir, others });
  } catch (error) {
    logger.error("failed to remove data directory", { "data-dir": dataDir, error });
  }
}

function logReady(logger: Logger, configuration: Configuration, server: RunningServer): void {
  const { settings, options } = configuration;
  logger.info("now serving peer/client/metrics", addressFields(configuration));
  const advertised = urlTexts(settings.get("advertise-client-urls")).join(" ");
  logger.info("published local member to cluster through raft", {
    "local-member-id": server.ids.member,
    "local-member-attributes": `{Name:${options.name} ClientURLs:[${advertised}]}`,
    "cluster-id": server.ids.cluster,
  });
}

/** Stops the server. One that does not stop in time is left to die with the process. */
async function stop(
  server: RunningServer,
  logger: Logger,
  fields: Readonly<Record<string, unknown>>,
): Promise<void> {
  logger.info("closing etcd server", fields);
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<"late">((resolve) => {
    timer = setTimeout(() => resolve("late"), STOP_LIMIT_MS);
  });
  try {
    const outcome = await Promise.race([server.stop(), limit]);
    if (outcome === "late") {
      logger.warn("etcd server did not close in time", { "limit-ms": STOP_LIMIT_MS });
    } else {
      logger.info("closed etcd server", fields);
    }
  } catch (error) {
    logger.error("failed to close etcd server", { error });
  } finally {
    clearTimeout(timer);
  }
}

/** The error of a start as the log shows it: what was attempted, and under it why it failed. */
export function startProblem(error: unknown): string {
  if (!(error instanceof Error)) {
    return String(error);
  }
  const isOwn = error instanceof ConfigurationError || error.cause === undefined;
  return isOwn ? error.message : `${error.message}: ${startProblem(error.cause)}`;
}
