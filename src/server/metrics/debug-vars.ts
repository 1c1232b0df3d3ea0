/**
 * /debug/vars: the figures of a Go program that have a meaning here too, by Go's names.
 * Source: etcd server/etcdserver/{server,raft}.go and api/etcdhttp/debug.go; Go, expvar.
 */
import { getHeapStatistics } from "node:v8";
import type { HttpReply } from "../../wire/index.ts";
import type { MetricsSources } from "./sources.ts";

/** The page; without a limit of files, as where the system does not tell it, that is 0 as in etcd. */
export function debugVars(sources: MetricsSources, fileLimit = 0): HttpReply {
  const variables = {
    cmdline: process.argv,
    file_descriptor_limit: fileLimit,
    memstats: memory(),
    "raft.status": raftStatus(sources),
  };
  const lines = Object.entries(variables).map(
    ([name, value]) => `${JSON.stringify(name)}: ${JSON.stringify(value)}`,
  );
  const headers = { "Content-Type": "application/json; charset=utf-8" };
  return { status: 200, headers, body: `{\n${lines.join(",\n")}\n}\n` };
}

/** Bytes. Source: Go, runtime.MemStats. */
function memory(): Readonly<Record<string, number>> {
  const heap = getHeapStatistics();
  return {
    Alloc: heap.used_heap_size + heap.external_memory,
    Sys: process.memoryUsage.rss(),
    HeapAlloc: heap.used_heap_size,
    HeapSys: heap.total_heap_size,
    HeapIdle: heap.total_heap_size - heap.used_heap_size,
    HeapInuse: heap.used_heap_size,
    OtherSys: heap.external_memory,
  };
}

/** Of the one member there is. Source: raft status.go, MarshalJSON. */
function raftStatus({ member, queue }: MetricsSources): object {
  const id = member.memberId.toString(16);
  const { appliedIndex: index } = queue;
  return {
    id,
    term: member.term,
    vote: id,
    commit: index,
    lead: id,
    raftState: "StateLeader",
    applied: index,
    progress: { [id]: { match: index, next: index + 1, state: "StateReplicate" } },
    leadtransferee: "0",
  };
}
