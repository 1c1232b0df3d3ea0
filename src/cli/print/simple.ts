/** Answers as lines, the form that etcdctl prints when it is not told another. */
import { messages } from "../../wire/index.ts";
import { prefixEnd } from "../../client/index.ts";
import { bytesOf } from "../go-text.ts";
import type { Output, PrintOptions } from "./printer.ts";
import { rowsOf } from "./rows.ts";

/** The output as lines: bytes, because keys and values are. */
export function simpleOf(output: Output, options: PrintOptions): Uint8Array | string {
  switch (output.kind) {
    case "range":
      return Buffer.concat(output.response.kvs.map((kv) => keyValueLines(kv, options)));
    case "put":
      return Buffer.concat([
        Buffer.from("OK\n"),
        ...maybe(output.response.prevKv).map((kv) => keyValueLines(kv, options)),
      ]);
    case "delete":
      return Buffer.concat([
        Buffer.from(`${output.response.deleted}\n`),
        ...output.response.prevKvs.map((kv) => keyValueLines(kv, options)),
      ]);
    case "txn":
      return txnLines(output.response, options);
    case "watch":
      return Buffer.concat(output.response.events.map((event) => eventLines(event, options)));
    case "lease": {
      const { id, ttl } = output.response;
      const seconds = output.action === "granted" ? `${ttl}s` : String(ttl);
      return `lease ${leaseName(id)} ${output.action} with TTL(${seconds})\n`;
    }
    case "timeToLive":
      return timeToLiveLine(output.response, output.withKeys);
    case "leases": {
      const { leases } = output.response;
      return lines([`found ${leases.length} leases`, ...leases.map(({ id }) => leaseName(id))]);
    }
    case "health":
      return healthLines(output.list, options);
    case "memberList":
    case "status":
    case "hashKv":
    case "database":
      return lines((rowsOf(output)?.rows ?? []).map((row) => row.join(", ")));
    case "alarm":
      return lines(output.response.alarms.map(alarmLine));
    case "role":
      return roleLines(output.name, output.response);
    case "roleList":
      return lines(output.response.roles);
    case "user":
      return lines([`User: ${output.name}`, ["Roles:", ...output.response.roles].join(" ")]);
    case "userList":
      return lines(output.response.users);
    case "authStatus": {
      const { enabled, authRevision } = output.response;
      return lines([`Authentication Status: ${enabled}`, `AuthRevision: ${authRevision}`]);
    }
    case "memberChange":
    case "done":
      return lines([output.text]);
  }
}

function lines(list: readonly string[]): string {
  return list.map((line) => `${line}\n`).join("");
}

function maybe<Value>(value: Value | undefined): Value[] {
  return value === undefined ? [] : [value];
}

function keyValueLines(
  { key, value }: messages.KeyValue,
  { isHex, valueOnly }: PrintOptions,
): Uint8Array {
  const parts = (valueOnly === true ? [value] : [key, value]).flatMap((bytes) => [
    isHex ? Buffer.from(hexBytes(bytes)) : bytes,
    Buffer.from("\n"),
  ]);
  return Buffer.concat(parts);
}

function hexBytes(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex").replaceAll(/../gu, "\\x$&");
}

function txnLines({ succeeded, responses }: messages.TxnResponse, options: PrintOptions): Buffer {
  const parts = responses.flatMap((response) => [
    Buffer.from("\n"),
    Buffer.from(operationLines(response, options)),
  ]);
  return Buffer.concat([Buffer.from(succeeded ? "SUCCESS\n" : "FAILURE\n"), ...parts]);
}

function operationLines(answer: messages.ResponseOp, options: PrintOptions): Uint8Array | string {
  const { responseRange, responsePut, responseDeleteRange } = answer;
  if (responseRange !== undefined) {
    return simpleOf({ kind: "range", response: responseRange }, options);
  }
  if (responsePut !== undefined) return simpleOf({ kind: "put", response: responsePut }, options);
  if (responseDeleteRange !== undefined) {
    return simpleOf({ kind: "delete", response: responseDeleteRange }, options);
  }
  return "unexpected response\n";
}

function eventLines({ type, kv, prevKv }: messages.Event, options: PrintOptions): Uint8Array {
  const name = type === messages.EventType.delete ? "DELETE\n" : "PUT\n";
  const pairs = [...maybe(prevKv), ...maybe(kv)].map((pair) => keyValueLines(pair, options));
  return Buffer.concat([Buffer.from(name), ...pairs]);
}

/** The id of a lease as etcdctl writes it; negative ones with a sign, as Go does. */
export function leaseName(id: bigint): string {
  const digits = (id < 0n ? -id : id).toString(16);
  return id < 0n ? `-${digits.padStart(15, "0")}` : digits.padStart(16, "0");
}

function timeToLiveLine(response: messages.LeaseTimeToLiveResponse, withKeys: boolean): Uint8Array {
  const { id, ttl, grantedTtl, keys } = response;
  if (grantedTtl === 0 && ttl === -1) {
    return Buffer.from(`lease ${leaseName(id)} already expired\n`);
  }
  const parts: Uint8Array[] = [
    Buffer.from(`lease ${leaseName(id)} granted with TTL(${grantedTtl}s), remaining(${ttl}s)`),
  ];
  if (withKeys) {
    parts.push(Buffer.from(", attached keys(["));
    keys.forEach((key, index) => parts.push(...(index > 0 ? [Buffer.from(" "), key] : [key])));
    parts.push(Buffer.from("])"));
  }
  return Buffer.concat([...parts, Buffer.from("\n")]);
}

function healthLines(
  list: readonly { readonly endpoint: string; readonly took: string; readonly error: string }[],
  { terminal }: PrintOptions,
): string {
  for (const { endpoint, error } of list) {
    if (error === "") continue;
    terminal.complain(`${endpoint} is unhealthy: failed to commit proposal: ${error}\n`);
  }
  const words = "is healthy: successfully committed proposal";
  return lines(
    list
      .filter(({ error }) => error === "")
      .map(({ endpoint, took }) => `${endpoint} ${words}: took = ${took}`),
  );
}

/** Go puts one space or two between fields, by chance. */
function alarmLine({ memberId, alarm }: messages.AlarmMember): string {
  const name = alarmName(alarm);
  return [memberId === 0n ? "" : `memberID:${memberId}`, name === "NONE" ? "" : `alarm:${name}`]
    .filter((part) => part !== "")
    .join(" ");
}

/** An alarm as the protocol names it. */
export function alarmName(alarm: number): string {
  const [name = ""] = Object.entries(messages.AlarmType).find(([, value]) => value === alarm) ?? [];
  return name.toUpperCase();
}

const { PermissionType } = messages;

function roleLines(name: string, { perm }: messages.AuthRoleGetResponse): Buffer {
  const isRoot = name === "root" && perm.length === 0;
  const section = (title: string, wanted: messages.PermissionType): Uint8Array[] => [
    Buffer.from(`${title}:\n`),
    ...(isRoot ? [Buffer.from("\t[, <open ended>\n")] : []),
    ...perm
      .filter(({ permType }) => permType === wanted || permType === PermissionType.readwrite)
      .map(permissionLine),
  ];
  return Buffer.concat([
    Buffer.from(`Role ${name}\n`),
    ...section("KV Read", PermissionType.read),
    ...section("KV Write", PermissionType.write),
  ]);
}

function permissionLine({ key, rangeEnd }: messages.Permission): Uint8Array {
  const begin = Buffer.from("\t");
  if (rangeEnd.length === 0) return Buffer.concat([begin, key, Buffer.from("\n")]);
  const isOpen = Buffer.compare(rangeEnd, Uint8Array.of(0)) === 0;
  const isPrefix = key.length > 0 && Buffer.compare(prefixEnd(key), rangeEnd) === 0;
  return Buffer.concat([
    begin,
    Buffer.from("["),
    key,
    Buffer.from(", "),
    ...(isOpen ? [Buffer.from("<open ended>")] : [rangeEnd, Buffer.from(")")]),
    ...(isPrefix ? [Buffer.from(" (prefix "), key, Buffer.from(")")] : []),
    bytesOf("\n"),
  ]);
}
