/** Runs the whole suite on one target. */
import t from "tap";
import { alarmTests } from "./alarms.ts";
import { authAccessTests } from "./auth-access.ts";
import { authDisabledTests } from "./auth-disabled.ts";
import { authMethodTests } from "./auth-methods.ts";
import { authTokenTests } from "./auth-tokens.ts";
import { authTests } from "./auth.ts";
import { clientConcurrencyTests } from "./client-concurrency.ts";
import { clientReadingTests } from "./client-reading.ts";
import { clusterTests } from "./cluster.ts";
import { compactionRestartTests, compactionTests, watchCompactionTests } from "./compaction.ts";
import { errorTests } from "./errors.ts";
import { hashTests } from "./hash.ts";
import { headerTests, restartTests } from "./header.ts";
import { healthTests } from "./health.ts";
import { deleteTests, putTests } from "./kv.ts";
import { leaseTimeTests } from "./lease-time.ts";
import { leaseTests } from "./lease.ts";
import { electionTests } from "./election.ts";
import { lockTests } from "./lock.ts";
import { maintenanceTests } from "./maintenance.ts";
import { rangeOptionsTests } from "./range-options.ts";
import { rangeStreamTests } from "./range-stream.ts";
import { rangeTests } from "./range.ts";
import { runArea } from "./scene.ts";
import type { SuiteTests, Target } from "./scene.ts";
import { snapshotTests } from "./snapshot.ts";
import { txnCompareTests } from "./txn-compare.ts";
import { txnRulesTests } from "./txn-rules.ts";
import { txnTests } from "./txn.ts";
import { watchCreateTests } from "./watch-create.ts";
import { watchEventsTests } from "./watch-events.ts";
import { watchHistoryTests } from "./watch-history.ts";
import { wireErrorTests } from "./wire-errors.ts";
import { watchPeriodicTests, watchProgressTests } from "./watch-progress.ts";

/** Every area, by the name under which a failure is reported. */
const AREAS: Readonly<Record<string, SuiteTests>> = {
  header: headerTests,
  put: putTests,
  delete: deleteTests,
  range: rangeTests,
  "range options": rangeOptionsTests,
  "range stream": rangeStreamTests,
  txn: txnTests,
  "txn compare": txnCompareTests,
  "txn rules": txnRulesTests,
  "watch create": watchCreateTests,
  "watch events": watchEventsTests,
  "watch history": watchHistoryTests,
  "watch progress": watchProgressTests,
  lease: leaseTests,
  lock: lockTests,
  election: electionTests,
  "client, concurrency": clientConcurrencyTests,
  "client, reading": clientReadingTests,
  maintenance: maintenanceTests,
  alarms: alarmTests,
  compaction: compactionTests,
  "watch and compaction": watchCompactionTests,
  "compaction and restart": compactionRestartTests,
  hash: hashTests,
  snapshot: snapshotTests,
  cluster: clusterTests,
  "auth disabled": authDisabledTests,
  auth: authTests,
  "auth tokens": authTokenTests,
  "auth access": authAccessTests,
  "auth methods": authMethodTests,
  health: healthTests,
  errors: errorTests,
  "wire errors": wireErrorTests,
  restart: restartTests,
};

/** Areas whose tests wait for time to pass: each has a server of its own, and all run at once. */
const WAITING_AREAS: Readonly<Record<string, SuiteTests>> = {
  "watch progress, periodic": watchPeriodicTests,
  "lease time": leaseTimeTests,
};

/** For the whole suite: under a minute is usual, two are what a very busy machine has needed. */
const RUN_LIMIT_MS = 300_000;

/** Registers the suite with tap; the server is stopped when all is done. */
export async function runSuite(target: Target): Promise<void> {
  t.setTimeout(RUN_LIMIT_MS);
  const server = await target.start({ inMemory: true });
  t.teardown(() => server.stop());
  for (const [name, tests] of Object.entries(AREAS)) {
    await t.test(name, (area) => runArea(area, { tests, target, server, together: false }));
  }
  for (const [name, tests] of Object.entries(WAITING_AREAS)) {
    await t.test(name, (area) => runArea(area, { tests, target, server, together: true }));
  }
}
