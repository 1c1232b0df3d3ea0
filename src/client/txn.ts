/** Transactions: if all of this holds do that, else do the other, at one revision. */
import { messages } from "../wire/index.ts";
import type { Calls } from "./calls.ts";
import { keyRange, toBytes } from "./key-range.ts";
import type { Bytes, KeyRangeOptions } from "./key-range.ts";
import {
  deleteRequest,
  deleteResponse,
  getResponse,
  putRequest,
  putResponse,
  rangeRequest,
} from "./kv-messages.ts";
import type {
  DeleteOptions,
  DeleteResponse,
  GetOptions,
  GetResponse,
  Header,
  PutOptions,
  PutResponse,
} from "./kv-messages.ts";

const OPERATORS = {
  "=": messages.CompareResult.equal,
  ">": messages.CompareResult.greater,
  "<": messages.CompareResult.less,
  "!=": messages.CompareResult.notEqual,
} as const;

export type CompareOperator = keyof typeof OPERATORS;

/** A condition of a transaction. */
export type Comparison = messages.CompareInit;

/** The conditions one can make about a key. A missing key counts as 0; its value matches nothing. */
export interface Comparable {
  version(operator: CompareOperator, operand: number): Comparison;
  createRevision(operator: CompareOperator, operand: number): Comparison;
  modRevision(operator: CompareOperator, operand: number): Comparison;
  value(operator: CompareOperator, operand: Bytes): Comparison;
  lease(operator: CompareOperator, operand: bigint): Comparison;
}

/** Begins a condition: `compare("key").version("=", 0)`. Of a range, every key must satisfy it. */
export function compare(key: Bytes, options: KeyRangeOptions = {}): Comparable {
  const range = keyRange(key, options);
  const head = (
    target: keyof typeof messages.CompareTarget,
    operator: CompareOperator,
  ): Comparison => ({
    ...range,
    target: messages.CompareTarget[target],
    result: OPERATORS[operator],
  });
  return {
    version: (operator, version) => ({ ...head("version", operator), version }),
    createRevision: (operator, createRevision) => ({
      ...head("create", operator),
      createRevision,
    }),
    modRevision: (operator, modRevision) => ({ ...head("mod", operator), modRevision }),
    value: (operator, value) => ({ ...head("value", operator), value: toBytes(value) }),
    lease: (operator, lease) => ({ ...head("lease", operator), lease }),
  };
}

/** One thing a transaction does. */
export type Operation = messages.RequestOpInit;

/** The things a transaction can do: `op.put("key", "value")`. */
export const op = {
  get: (key: Bytes, options: GetOptions = {}): Operation => ({
    requestRange: rangeRequest(key, options),
  }),
  put: (key: Bytes, value: Bytes, options: PutOptions = {}): Operation => ({
    requestPut: putRequest(key, value, options),
  }),
  delete: (key: Bytes, options: DeleteOptions = {}): Operation => ({
    requestDeleteRange: deleteRequest(key, options),
  }),
  /** A transaction, not committed, inside of another; its conditions see the state before both. */
  txn: (txn: Txn): Operation => ({ requestTxn: txn.request() }),
} as const;

/** What one operation of a transaction answered. */
export type OperationResponse =
  | ({ readonly type: "get" } & GetResponse)
  | ({ readonly type: "put" } & PutResponse)
  | ({ readonly type: "delete" } & DeleteResponse)
  | ({ readonly type: "txn" } & TxnResponse);

export interface TxnResponse {
  readonly header: Header;
  /** Whether the conditions held, so that the `then` operations were done. */
  readonly succeeded: boolean;
  /** One for each operation that was done, in order. */
  readonly responses: readonly OperationResponse[];
}

/** A transaction being made. A method called again adds to what it was given before. */
export class Txn {
  readonly #calls: Calls;
  readonly #compare: Comparison[] = [];
  readonly #success: Operation[] = [];
  readonly #failure: Operation[] = [];

  constructor(calls: Calls) {
    this.#calls = calls;
  }

  /** Conditions, all of which must hold. */
  if(...comparisons: readonly Comparison[]): this {
    this.#compare.push(...comparisons);
    return this;
  }

  /** What to do when the conditions hold. */
  // oxlint-disable-next-line unicorn/no-thenable -- etcd's word in every client; guarded below.
  then(...operations: readonly Operation[]): this {
    if (operations.some((operation) => typeof operation === "function")) {
      throw new TypeError("Cannot await a transaction: call commit()");
    }
    this.#success.push(...operations);
    return this;
  }

  /** What to do when they do not. */
  else(...operations: readonly Operation[]): this {
    this.#failure.push(...operations);
    return this;
  }

  /** The message as it would be sent. */
  request(): messages.TxnRequestInit {
    return { compare: this.#compare, success: this.#success, failure: this.#failure };
  }

  /** Sends it. All of it happens, at one revision, or nothing. */
  async commit(): Promise<TxnResponse> {
    return txnResponse(await this.#calls.unary("txn", this.request()));
  }
}

function txnResponse(response: messages.TxnResponse): TxnResponse {
  return {
    header: response.header,
    succeeded: response.succeeded,
    responses: response.responses.map(operationResponse),
  };
}

function operationResponse(response: messages.ResponseOp): OperationResponse {
  const { responseRange, responsePut, responseDeleteRange, responseTxn } = response;
  if (responseRange !== undefined) {
    return { type: "get", ...getResponse(responseRange) };
  }
  if (responsePut !== undefined) {
    return { type: "put", ...putResponse(responsePut) };
  }
  if (responseDeleteRange !== undefined) {
    return { type: "delete", ...deleteResponse(responseDeleteRange) };
  }
  if (responseTxn !== undefined) {
    return { type: "txn", ...txnResponse(responseTxn) };
  }
  throw new TypeError("Cannot read an answer of a transaction: it is of no known kind");
}
