/**
 * A server's life in a terminal: prepare the directory, start, say that it is ready, wait for a
 * signal, stop. Messages are etcd's own, because test suites and scripts wait for them.
 * Source: etcd server/etcdmain/etcd.go; server/embed/etcd.go and serve.go.
 */
import type { EtcdOptions } from "../embed/index.ts";
import type { Logger } from "../wire/index.ts";
import { ConfigurationError } from "./configuration-error.ts";
import type { Configuration } from "./configuration.ts";
import { prepareDataDirectory } from "./data-directory.ts";
import type { DataDirectory } from "./data-directory.ts";
import type { ExitSignal, ExitSignals } from "./exit-signals.ts";
import { checkInitialCluster } from "./initial-cluster.ts";
import { writeNotes } from "./log-note.ts";
import { addressFields, startFields, urlTexts } from "./server-description.ts";

/** A server that has been started, as far as a terminal needs it. */
export interface RunningServer {
  /** In lower-case hexadecimal, as etcd prints them. */
  readonly ids: { readonly member: string; readonly cluster: string };
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
  /** Told when clients are being served. */
  readonly notifyReady: () => Promise<void>;
}

/** A server on a snapshot has none, and is not new. */
const NO_DIRECTORY: DataDirectory = { isEmpty: false, notes: [] };

/** Longest wait for open calls and the store at the end, ms. Source: measured on etcd 3.7.3. */
const STOP_LIMIT_MS = 7_000;

/**
 * Serves until a signal, and gives the signals back: the caller raises the one that came.
 *
 * @throws whatever kept the server from starting
 */
export async function serve(
  configuration: Configuration,
  context: ServeContext,
): Promise<{ readonly signal: ExitSignal; readonly signals: ExitSignals }> {
  const { logger } = context;
  const { settings, options } = configuration;
  const { name, dataDir, snapshot } = options;
  if (settings.get("data-dir") === "" && snapshot === undefined) {
    logger.warn("'data-dir' was empty; using default", { "data-dir": dataDir });
  }
  const directory = snapshot === undefined ? await prepareDataDirectory(dataDir) : NO_DIRECTORY;
  if (snapshot !== undefined) {
    logger.info("serving a snapshot; what is written stays in memory", { path: snapshot });
  }
  const directoryFields = {
    "data-dir": dataDir,
    "dir-type": directory.isEmpty ? "empty" : "member",
  };
  if (directory.isEmpty) {
    logger.info("Initialize and start etcd server", directoryFields);
    checkInitialCluster({
      name,
      members: configuration.initialCluster,
      advertisePeerUrls: settings.get("initial-advertise-peer-urls"),
      state: settings.get("initial-cluster-state"),
    });
  } else {
    logger.info("server has already been initialized", directoryFields);
  }
  writeNotes(logger, directory.notes);
  logger.info("not listening on peer URLs: there are no peers", {
    "listen-peer-urls": urlTexts(configuration.listenPeerUrls),
  });
  logger.info("configuring client listeners", {
    "listen-client-urls": urlTexts(settings.get("listen-client-urls")),
  });
  logger.info("starting an etcd server", startFields(configuration, directory));
  const signals = context.catchSignals();
  const start = context.startServer({
    ...options,
    dataDir: snapshot === undefined ? dataDir : undefined,
    logger,
  });
  // A signal during the start ends the process at once; no call is under way and LevelDB is crash-safe.
  const server = await Promise.race([start, signals.first]);
  if (typeof server === "string") {
    return { signal: server, signals };
  }
  logReady(logger, configuration, server);
  await context.notifyReady();
  const signal = await signals.first;
  const signalName = signal === "SIGTERM" ? "terminated" : "interrupt";
  logger.info("received signal; shutting down", { signal: signalName });
  await stop(server, logger, {
    name,
    "data-dir": dataDir,
    "advertise-peer-urls": options.initialAdvertisePeerUrls,
    "advertise-client-urls": options.advertiseClientUrls,
  });
  return { signal, signals };
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
