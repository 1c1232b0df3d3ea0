/** Answers on standard output, in the form that `--write-out` names. */
import type { DatabaseStatus } from "../../embed/index.ts";
import type { messages } from "../../wire/index.ts";
import { CommandError, EXIT } from "../commands/definition.ts";
import type { Terminal } from "../commands/definition.ts";
import { fieldsOf } from "./fields.ts";
import { jsonOf } from "./json.ts";
import { protobufOf } from "./protobuf.ts";
import { simpleOf } from "./simple.ts";
import { tableOf } from "./table.ts";

/** What one endpoint answered. */
export interface OfEndpoint<Response> {
  readonly endpoint: string;
  readonly response: Response;
}

/** How an endpoint does. */
export interface EndpointHealth {
  readonly endpoint: string;
  readonly health: boolean;
  /** As Go writes a duration; empty when nothing was tried. */
  readonly took: string;
  /** Empty when there is none. */
  readonly error: string;
}

type Header = messages.ResponseHeader | undefined;

/** Something to print. */
export type Output =
  | { readonly kind: "range"; readonly response: messages.RangeResponse }
  | { readonly kind: "put"; readonly response: messages.PutResponse }
  | { readonly kind: "delete"; readonly response: messages.DeleteRangeResponse }
  | { readonly kind: "txn"; readonly response: messages.TxnResponse }
  | { readonly kind: "watch"; readonly response: messages.WatchResponse }
  | {
      readonly kind: "lease";
      /** In etcd, whether it is of a grant or of a renewal. */
      readonly action: "granted" | "keepalived";
      readonly response: messages.LeaseGrantResponse | messages.LeaseKeepAliveResponse;
    }
  | {
      readonly kind: "timeToLive";
      readonly withKeys: boolean;
      readonly response: messages.LeaseTimeToLiveResponse;
    }
  | { readonly kind: "leases"; readonly response: messages.LeaseLeasesResponse }
  | { readonly kind: "memberList"; readonly response: messages.MemberListResponse }
  | {
      /** After a change of members; simple prints `text`. */
      readonly kind: "memberChange";
      readonly text: string;
      readonly response: messages.MemberListResponse & {
        readonly member?: messages.Member | undefined;
      };
    }
  | { readonly kind: "health"; readonly list: readonly EndpointHealth[] }
  | { readonly kind: "status"; readonly list: readonly OfEndpoint<messages.StatusResponse>[] }
  | { readonly kind: "hashKv"; readonly list: readonly OfEndpoint<messages.HashKVResponse>[] }
  | { readonly kind: "database"; readonly status: DatabaseStatus }
  | { readonly kind: "alarm"; readonly response: messages.AlarmResponse }
  | {
      readonly kind: "role";
      readonly name: string;
      readonly response: messages.AuthRoleGetResponse;
    }
  | { readonly kind: "roleList"; readonly response: messages.AuthRoleListResponse }
  | {
      readonly kind: "user";
      readonly name: string;
      readonly response: messages.AuthUserGetResponse;
    }
  | { readonly kind: "userList"; readonly response: messages.AuthUserListResponse }
  | { readonly kind: "authStatus"; readonly response: messages.AuthStatusResponse }
  | {
      /** An answer that says no more than that it was done; simple prints `text`. */
      readonly kind: "done";
      readonly text: string;
      /** Whether there is a form of fields for it, which has the header only. */
      readonly hasFields: boolean;
      readonly response: { readonly header: Header; readonly version?: string };
    };

/** How to print. */
export interface PrintOptions {
  readonly terminal: Terminal;
  /** Bytes and ids in hexadecimal, where the form knows that. */
  readonly isHex: boolean;
  /** In `simple`, values without their keys. Default false. */
  readonly valueOnly?: boolean;
}

export type PrintFormat = "simple" | "fields" | "json" | "protobuf" | "table";

/** What makes text or bytes of an output; undefined where the form has none for it. */
type Former = (output: Output, options: PrintOptions) => string | Uint8Array | undefined;

const FORMERS: Readonly<Record<PrintFormat, Former>> = {
  simple: simpleOf,
  fields: fieldsOf,
  json: jsonOf,
  protobuf: protobufOf,
  table: tableOf,
};

/** Prints answers in one form. */
export class Printer {
  readonly format: PrintFormat;
  readonly #options: PrintOptions;

  constructor(format: PrintFormat, options: PrintOptions) {
    this.format = format;
    this.#options = options;
  }

  /** The same that leaves keys out. */
  withoutKeys(): Printer {
    return new Printer(this.format, { ...this.#options, valueOnly: true });
  }

  /** Throws CommandError for what the form cannot print. */
  print(output: Output): void {
    const formed = FORMERS[this.format](output, this.#options);
    if (formed === undefined) {
      throw new CommandError(EXIT.badFeature, `${this.format} not supported as output format`);
    }
    this.#options.terminal.write(formed);
  }
}

/** @throws CommandError for a form that does not exist */
export function createPrinter(format: string, options: PrintOptions): Printer {
  if (!Object.hasOwn(FORMERS, format)) {
    throw new CommandError(EXIT.badFeature, "unsupported output format");
  }
  // The line above has checked that.
  return new Printer(format as PrintFormat, options);
}
