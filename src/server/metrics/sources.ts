/** What the metrics are read from. */
import type { Store } from "../../mvcc/index.ts";
import type { Alarms } from "../alarms.ts";
import type { AuthStore } from "../auth/auth-store.ts";
import type { CallCounts } from "../call-counts.ts";
import type { CallTimes } from "../call-times.ts";
import type { CommitQueue } from "../commit-queue.ts";
import type { Figures } from "../figures.ts";
import type { Member } from "../member.ts";
import type { Quota } from "../quota.ts";
import type { Feature } from "../server-options.ts";
import type { SlowCalls } from "../slow-calls.ts";

export interface MetricsSources {
  readonly store: Store;
  readonly queue: CommitQueue;
  readonly member: Member;
  readonly alarms: Alarms;
  readonly quota: Quota;
  readonly auth: AuthStore;
  readonly counts: CallCounts;
  readonly figures: Figures;
  readonly slow: SlowCalls;
  /** With `--metrics=extensive` only. */
  readonly times: CallTimes | undefined;
  readonly features: readonly Feature[];
  /** Seconds since 1970 of a moment on the server's clock. */
  readonly unixSeconds: (ms: number) => number;
}
