/** Members and endpoints as rows: what `simple` joins with commas, and `table` draws. */
import type { DatabaseStatus } from "../../embed/index.ts";
import type { messages } from "../../wire/index.ts";
import type { EndpointHealth, OfEndpoint, Output } from "./printer.ts";

/** The names of columns, and the rows. */
export interface Rows {
  readonly header: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** The rows of an output; undefined for what is no table. */
export function rowsOf(output: Output): Rows | undefined {
  if (output.kind === "memberList") return memberRows(output.response.members);
  if (output.kind === "health") return healthRows(output.list);
  if (output.kind === "status") return statusRows(output.list);
  if (output.kind === "database") return databaseRows(output.status);
  if (output.kind === "hashKv") return hashRows(output.list);
  return undefined;
}

/** A line for each member. */
function memberRows(members: readonly messages.Member[]): Rows {
  return {
    header: ["ID", "Status", "Name", "Peer Addrs", "Client Addrs", "Is Learner"],
    rows: members.map((member) => [
      member.id.toString(16),
      member.name === "" ? "unstarted" : "started",
      member.name,
      member.peerUrls.join(","),
      member.clientUrls.join(","),
      String(member.isLearner),
    ]),
  };
}

function healthRows(list: readonly EndpointHealth[]): Rows {
  return {
    header: ["endpoint", "health", "took", "error"],
    rows: list.map(({ endpoint, health, took, error }) => [endpoint, String(health), took, error]),
  };
}

function hashRows(list: readonly OfEndpoint<messages.HashKVResponse>[]): Rows {
  return {
    header: ["endpoint", "hash", "hash_revision"],
    rows: list.map(({ endpoint, response }) => [
      endpoint,
      String(response.hash),
      String(response.hashRevision),
    ]),
  };
}

/** Source: etcd etcdutl/etcdutl/printer.go, makeDBStatusTable. */
function databaseRows({ hash, revision, totalKey, totalSize, version }: DatabaseStatus): Rows {
  const row = [
    hash.toString(16),
    String(revision),
    String(totalKey),
    humanSize(totalSize),
    version,
  ];
  return { header: ["hash", "revision", "total keys", "total size", "version"], rows: [row] };
}

const STATUS_HEADER = [
  "endpoint",
  "ID",
  "version",
  "storage version",
  "db size",
  "in use",
  "percentage not in use",
  "quota",
  "is leader",
  "is learner",
  "raft term",
  "raft index",
  "raft applied index",
  "errors",
  "downgrade target version",
  "downgrade enabled",
];

function statusRows(list: readonly OfEndpoint<messages.StatusResponse>[]): Rows {
  const rows = list.map(({ endpoint, response }) => {
    const { dbSize, dbSizeInUse } = response;
    const inUse = dbSize === 0 ? 100 : Math.trunc((dbSizeInUse * 100) / dbSize);
    const id = response.header?.memberId ?? 0n;
    return [
      endpoint,
      id.toString(16),
      response.version,
      response.storageVersion,
      humanSize(dbSize),
      humanSize(dbSizeInUse),
      `${100 - inUse}%`,
      humanSize(response.dbSizeQuota),
      String(response.leader === id),
      String(response.isLearner),
      String(response.raftTerm),
      String(response.raftIndex),
      String(response.raftAppliedIndex),
      response.errors.join(", "),
      response.downgradeInfo?.targetVersion ?? "",
      String(response.downgradeInfo?.enabled ?? false),
    ];
  });
  return { header: STATUS_HEADER, rows };
}

const SIZE_UNITS = ["B", "kB", "MB", "GB", "TB", "PB", "EB"];

/** As Go rounds what it prints. */
function halfToEven(value: number): number {
  const whole = Math.floor(value);
  return value - whole === 0.5 ? whole + (whole % 2) : Math.round(value);
}

/** A number of bytes as people write it. Source: dustin/go-humanize, Bytes. */
export function humanSize(bytes: number): string {
  if (bytes < 10) return `${bytes} B`;
  const exponent = Math.floor(Math.log(bytes) / Math.log(1000));
  const value = Math.floor((bytes / 1000 ** exponent) * 10 + 0.5) / 10;
  const text = value < 10 ? value.toFixed(1) : String(halfToEven(value));
  return `${text} ${SIZE_UNITS[exponent] ?? ""}`;
}
