/**
 * Answers as JSON of Go's structures, which is what etcdctl prints: names of the protocol, numbers as
 * numbers however large, bytes in base64, and nothing for zero, empty and false.
 */
import type { messages } from "../../wire/index.ts";
import type { Output, PrintOptions } from "./printer.ts";

type Json =
  undefined | boolean | number | bigint | string | Uint8Array | null | JsonArray | JsonObject;
type JsonArray = readonly Json[];
interface JsonObject {
  readonly [name: string]: Json;
}

/** The output on one line. */
export function jsonOf(output: Output, { isHex }: PrintOptions): string {
  return `${stringify(shapeOf(output, isHex))}\n`;
}

function shapeOf(output: Output, isHex: boolean): Json {
  switch (output.kind) {
    case "range":
    case "put":
    case "delete":
    case "userList":
    case "roleList":
    case "user":
    case "done":
      return snake(output.response);
    case "leases":
      return leasesShape(output.response);
    case "txn":
      return txnShape(output.response);
    case "watch":
      return watchShape(output.response);
    case "lease": {
      const { header, id, ttl } = output.response;
      const error = output.action === "granted" ? { Error: "" } : {};
      return { ...snakeFields(header), ID: id, TTL: ttl, ...error };
    }
    case "timeToLive": {
      const { header, id, ttl, grantedTtl, keys } = output.response;
      const list = keys.length === 0 ? null : keys;
      return { ...snakeFields(header), id, ttl, "granted-ttl": grantedTtl, keys: list };
    }
    case "memberList":
    case "memberChange":
      return isHex ? hexMembersShape(output.response) : membersShape(output.response);
    case "health":
      return output.list.map(({ endpoint, health, took, error }) => ({
        endpoint,
        health,
        took,
        error: error === "" ? undefined : error,
      }));
    case "status":
      return output.list.map(({ endpoint, response: { header, downgradeInfo, ...rest } }) => ({
        Endpoint: endpoint,
        Status: {
          header: snake(header),
          ...withoutZeros(rest),
          downgradeInfo: downgradeInfo && withoutZeros({ ...downgradeInfo }),
        },
      }));
    case "hashKv":
      return output.list.map(({ endpoint, response }) => ({
        Endpoint: endpoint,
        HashKV: snake(response),
      }));
    case "database":
      return { ...output.status };
    case "alarm": {
      const { header, alarms } = output.response;
      const list = alarms.map(({ memberId, alarm }) => withoutZeros({ memberID: memberId, alarm }));
      return { header: snake(header), ...withoutZeros({ alarms: list }) };
    }
    case "role": {
      const perm = output.response.perm.map(({ permType, ...range }) => ({
        ...withoutZeros({ permType }),
        ...snakeFields(range),
      }));
      return { header: snake(output.response.header), ...withoutZeros({ perm }) };
    }
    case "authStatus": {
      const { header, ...rest } = output.response;
      return { header: snake(header), ...withoutZeros(rest) };
    }
  }
}

function leasesShape({ header, leases }: messages.LeaseLeasesResponse): Json {
  return { ...snakeFields(header), leases: leases.map(({ id }) => ({ id })) };
}

/** Source: etcd etcdctl/ctlv3/command/printer_json.go, TxnResponseJSON. */
function txnShape({ header, succeeded, responses }: messages.TxnResponse): Json {
  const list = responses.map(({ responseTxn, ...others }) => {
    const nested = responseTxn === undefined ? {} : { response_txn: txnShape(responseTxn) };
    return { Response: { ...snakeFields(others), ...nested } };
  });
  return { header: snake(header), ...withoutZeros({ succeeded, responses: list }) };
}

/** Source: etcd client/v3/watch.go, WatchResponse. */
function watchShape(response: messages.WatchResponse): Json {
  return {
    Header: snake(response.header),
    Events: response.events.length === 0 ? null : response.events.map(snake),
    CompactRevision: response.compactRevision,
    Canceled: response.canceled,
    Created: response.created,
    CancelReason: response.cancelReason,
  };
}

type Members = messages.MemberListResponse & { readonly member?: messages.Member | undefined };

function membersShape({ header, member, members }: Members): Json {
  const list = members.map((one) => withoutZeros(memberShape(one, one.id)));
  const changed =
    member === undefined ? {} : { member: withoutZeros(memberShape(member, member.id)) };
  return { header: snake(header), ...changed, ...withoutZeros({ members: list }) };
}

/** Source: etcd etcdctl/ctlv3/command/printer_json.go, HexResponseHeader and HexMember. */
function hexMembersShape({ header, member, members }: Members): Json {
  const hexMember = (one: messages.Member): Json => ({
    ID: "",
    ...withoutZeros(memberShape(one, one.id.toString(16))),
  });
  const { clusterId = 0n, memberId = 0n, revision = 0, raftTerm = 0 } = header ?? {};
  return {
    header: {
      cluster_id: clusterId.toString(16),
      member_id: memberId.toString(16),
      ...withoutZeros({ revision, raft_term: raftTerm }),
    },
    ...(member === undefined ? {} : { member: hexMember(member) }),
    members: members.map(hexMember),
  };
}

function memberShape(member: messages.Member, id: bigint | string): JsonObject {
  const { name, peerUrls, clientUrls, isLearner } = member;
  return { ID: id, name, peerURLs: peerUrls, clientURLs: clientUrls, isLearner };
}

/** A message with its names as the protocol writes most of them, without what is zero. */
function snake(value: object | undefined): Json {
  return value === undefined ? undefined : snakeFields(value);
}

function snakeFields(message: object | undefined): JsonObject {
  const fields = Object.entries(message ?? {}).map(([name, value]: [string, unknown]) => [
    name.replaceAll(/[A-Z]/gu, (letter) => `_${letter.toLowerCase()}`),
    snakeValue(value),
  ]);
  // Object.fromEntries() does not follow the types of what it is given.
  return withoutZeros(Object.fromEntries(fields) as JsonObject);
}

function snakeValue(value: unknown): Json {
  if (Array.isArray(value)) return value.map(snakeValue);
  if (typeof value !== "object" || value === null || value instanceof Uint8Array) {
    // Messages are made of nothing else.
    return value as Json;
  }
  return snakeFields(value);
}

function withoutZeros(fields: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => !isZero(value)));
}

function isZero(value: Json): boolean {
  if (Array.isArray(value) || value instanceof Uint8Array) return value.length === 0;
  return value === undefined || value === false || value === 0 || value === 0n || value === "";
}

/** As JSON.stringify, for numbers of 64 bits and for bytes. Source: Go encoding/json. */
function stringify(value: Json): string {
  if (typeof value === "bigint") return String(value);
  if (value instanceof Uint8Array) return `"${Buffer.from(value).toString("base64")}"`;
  if (isArray(value)) return `[${value.map(stringify).join(",")}]`;
  if (typeof value === "object" && value !== null) {
    const fields = Object.entries(value).filter(([, field]) => field !== undefined);
    return `{${fields.map(([name, field]) => `${text(name)}:${stringify(field)}`).join(",")}}`;
  }
  return typeof value === "string" ? text(value) : String(value);
}

function isArray(value: Json): value is JsonArray {
  return Array.isArray(value);
}

/** Go also escapes what would mean something in HTML. */
function text(value: string): string {
  return JSON.stringify(value).replaceAll(/[<>&\u2028\u2029]/gu, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
  });
}
