/**
 * Requests for the log, in the text form of protobuf, as etcd writes them: values are only told by their
 * size. Source: etcd api/etcdserverpb/raft_internal_stringer.go.
 */
import type { messages } from "../wire/index.ts";
import type { Command } from "./command.ts";

/** A text is cut here, characters: a transaction may be as long as a request. */
const TEXT_LENGTH_MAX = 1000;

/** A command; of those that could carry a secret only the name. */
export function commandText(command: Command): string {
  const { type } = command;
  if (type === "put" || type === "deleteRange" || type === "txn") {
    return `${snakeCase(type)}:<${requestText(command.request)}>`;
  }
  if (type === "compact") return `compaction:<${requestText(command.request)}>`;
  if (type === "leaseRevoke" || type === "leaseExpire") {
    const id = BigInt.asUintN(64, command.id).toString(16);
    return `lease_revoke:<id:${id.padStart(16, "0")}>`;
  }
  return `${snakeCase(type)}:<>`;
}

type Loggable =
  | messages.PutRequest
  | messages.RangeRequest
  | messages.DeleteRangeRequest
  | messages.TxnRequest
  | messages.CompactionRequest;

/** The fields of a request that are not at their defaults. */
export function requestText(request: Loggable): string {
  const text = fieldsText(request);
  return text.length <= TEXT_LENGTH_MAX ? text : `${text.slice(0, TEXT_LENGTH_MAX)}...`;
}

function fieldsText(message: object): string {
  return Object.entries(message)
    .flatMap(([name, value]) => (Array.isArray(value) ? value : [value]).map(fieldOf(name)))
    .filter((text) => text !== "")
    .join(" ");
}

function fieldOf(name: string): (value: unknown) => string {
  const field = snakeCase(name);
  return (value) => {
    if (value instanceof Uint8Array) {
      if (value.length === 0) return "";
      if (name === "value") return `value_size:${String(value.length)}`;
      const part = Buffer.from(value.buffer, value.byteOffset, value.length);
      return `${field}:${JSON.stringify(part.toString("latin1", 0, TEXT_LENGTH_MAX))}`;
    }
    if (typeof value === "object" && value !== null) return `${field}:<${fieldsText(value)}>`;
    if (typeof value === "number" || typeof value === "bigint") {
      // oxlint-disable-next-line eqeqeq -- 0 and 0n
      return value == 0 ? "" : `${field}:${String(value)}`;
    }
    return value === true ? `${field}:true` : "";
  };
}

function snakeCase(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
