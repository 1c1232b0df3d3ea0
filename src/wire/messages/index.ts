// Made by scripts/generate-messages.ts from proto. Never edited.
import { EMPTY_BYTES, Reader } from "../reader.ts";
import { startMessage, type Writer } from "../writer.ts";

export interface UserAddOptions {
  /** The user has no password and can only come by a certificate. */
  noPassword: boolean;
}

export interface UserAddOptionsInit {
  readonly noPassword?: boolean | undefined;
}

export function decodeUserAddOptions(bytes: Uint8Array): UserAddOptions {
  return readUserAddOptions(new Reader(bytes));
}

export function encodeUserAddOptions(message: UserAddOptionsInit): Uint8Array {
  const writer = startMessage();
  writeUserAddOptions(writer, message);
  return writer.finish();
}

function readUserAddOptions(reader: Reader, into?: UserAddOptions): UserAddOptions {
  const message: UserAddOptions = into ?? { noPassword: false };
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 8:
        message.noPassword = reader.bool();
        break;
      default:
        reader.skip(tag);
    }
  }
  return message;
}

function writeUserAddOptions(writer: Writer, message: UserAddOptionsInit): void {
  if (message.noPassword === true) writer.bool(8, message.noPassword);
}

export interface User {
  name: Uint8Array;
  /** bcrypt hash, never the password. */
  password: Uint8Array;
  roles: string[];
  options: UserAddOptions | undefined;
}

export interface UserInit {
  readonly name?: Uint8Array | undefined;
  readonly password?: Uint8Array | undefined;
  readonly roles?: readonly string[] | undefined;
  readonly options?: UserAddOptionsInit | undefined;
}

export function decodeUser(bytes: Uint8Array): User {
  return readUser(new Reader(bytes));
}

export function encodeUser(message: UserInit): Uint8Array {
  const writer = startMessage();
  writeUser(writer, message);
  return writer.finish();
}

function readUser(reader: Reader, into?: User): User {
  const message: User = into ?? {
    name: EMPTY_BYTES,
    password: EMPTY_BYTES,
    roles: [],
    options: undefined,
  };
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 10:
        message.name = reader.bytes();
        break;
      case 18:
        message.password = reader.bytes();
        break;
      case 26:
        message.roles.push(reader.string());
        break;
      case 34: {
        const outerEnd = reader.enter();
        message.options = readUserAddOptions(reader, message.options);
        reader.leave(outerEnd);
        break;
      }
      default:
        reader.skip(tag);
    }
  }
  return message;
}

function writeUser(writer: Writer, message: UserInit): void {
  if (message.options !== undefined) {
    const mark = writer.mark();
    writeUserAddOptions(writer, message.options);
    writer.message(34, mark);
  }
  const roles = message.roles;
  if (roles !== undefined) {
    for (let index = roles.length - 1; index >= 0; index -= 1) {
      writer.string(26, roles[index] as string);
    }
  }
  if (message.password !== undefined && message.password.byteLength > 0)
    writer.bytes(18, message.password);
  if (message.name !== undefined && message.name.byteLength > 0) writer.bytes(10, message.name);
}

export const PermissionType = {
  read: 0,
  write: 1,
  readwrite: 2,
} as const;
export type PermissionType = (typeof PermissionType)[keyof typeof PermissionType];

/** What may be done with the keys of one range. */
export interface Permission {
  permType: number;
  key: Uint8Array;
  /** Empty: the one key. A single zero byte: every key from `key` on. Otherwise: the end, exclusive. */
  rangeEnd: Uint8Array;
}

export interface PermissionInit {
  readonly permType?: number | undefined;
  readonly key?: Uint8Array | undefined;
  readonly rangeEnd?: Uint8Array | undefined;
}

export function decodePermission(bytes: Uint8Array): Permission {
  return readPermission(new Reader(bytes));
}

export function encodePermission(message: PermissionInit): Uint8Array {
  const writer = startMessage();
  writePermission(writer, message);
  return writer.finish();
}

function readPermission(reader: Reader, into?: Permission): Permission {
  const message: Permission = into ?? { permType: 0, key: EMPTY_BYTES, rangeEnd: EMPTY_BYTES };
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 8:
        message.permType = reader.enum();
        break;
      case 18:
        message.key = reader.bytes();
        break;
      case 26:
        message.rangeEnd = reader.bytes();
        break;
      default:
        reader.skip(tag);
    }
  }
  return message;
}

function writePermission(writer: Writer, message: PermissionInit): void {
  if (message.rangeEnd !== undefined && message.rangeEnd.byteLength > 0)
    writer.bytes(26, message.rangeEnd);
  if (message.key !== undefined && message.key.byteLength > 0) writer.bytes(18, message.key);
  const permType = message.permType ?? 0;
  if (permType !== 0) writer.enum(8, permType);
}

export interface Role {
  name: Uint8Array;
  keyPermission: Permission[];
}

export interface RoleInit {
  readonly name?: Uint8Array | undefined;
  readonly keyPermission?: readonly PermissionInit[] | undefined;
}

export function decodeRole(bytes: Uint8Array): Role {
  return readRole(new Reader(bytes));
}

export function encodeRole(message: RoleInit): Uint8Array {
  const writer = startMessage();
  writeRole(writer, message);
  return writer.finish();
}

function readRole(reader: Reader, into?: Role): Role {
  const message: Role = into ?? { name: EMPTY_BYTES, keyPermission: [] };
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 10:
        message.name = reader.bytes();
        break;
      case 18: {
        const outerEnd = reader.enter();
        message.keyPermission.push(readPermission(reader));
        reader.leave(outerEnd);
        break;
      }
      default:
        reader.skip(tag);
    }
  }
  return message;
}

function writeRole(writer: Writer, message: RoleInit): void {
  const keyPermission = message.keyPermission;
  if (keyPermission !== undefined) {
    for (let index = keyPermission.length - 1; index >= 0; index -= 1) {
      const mark = writer.mark();
      writePermission(writer, keyPermission[index] as PermissionInit);
      writer.message(18, mark);
    }
  }
  if (message.name !== undefined && message.name.byteLength > 0) writer.bytes(10, message.name);
}

export interface CampaignRequest {
  name: Uint8Array;
  /** Lease that the leadership hangs on; 0 lets the server grant one. */
  lease: bigint;
  value: Uint8Array;
}

export interface CampaignRequestInit {
  readonly name?: Uint8Array | undefined;
  readonly lease?: bigint | undefined;
  readonly value?: Uint8Array | undefined;
}

export function decodeCampaignRequest(bytes: Uint8Array): CampaignRequest {
  return readCampaignRequest(new Reader(bytes));
}

export function encodeCampaignRequest(message: CampaignRequestInit): Uint8Array {
  const writer = startMessage();
  writeCampaignRequest(writer, message);
  return writer.finish();
}

function readCampaignRequest(reader: Reader, into?: CampaignRequest): CampaignRequest {
  const message: CampaignRequest = into ?? { name: EMPTY_BYTES, lease: 0n, value: EMPTY_BYTES };
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 10:
        message.name = reader.bytes();
        break;
      case 16:
        message.lease = reader.bigInt64();
        break;
      case 26:
        message.value = reader.bytes();
        break;
      default:
        reader.skip(tag);
    }
  }
  return message;
}

function writeCampaignRequest(writer: Writer, message: CampaignRequestInit): void {
  if (message.value !== undefined && message.value.byteLength > 0) writer.bytes(26, message.value);
  const lease = message.lease ?? 0n;
  if (lease !== 0n) writer.bigInt64(16, lease);
  if (message.name !== undefined && message.name.byteLength > 0) writer.bytes(10, message.name);
}

export interface CampaignResponse {
  header: ResponseHeader | undefined;
  leader: LeaderKey | undefined;
}

export interface CampaignResponseInit {
  readonly header?: ResponseHeaderInit | undefined;
  readonly leader?: LeaderKeyInit | undefined;
}

export function decodeCampaignResponse(bytes: Uint8Array): CampaignResponse {
  return readCampaignResponse(new Reader(bytes));
}

export function encodeCampaignResponse(message: CampaignResponseInit): Uint8Array {
  const writer = startMessage();
  writeCampaignResponse(writer, message);
  return writer.finish();
}

function readCampaignResponse(reader: Reader, into?: CampaignResponse): CampaignResponse {
  const message: CampaignResponse = into ?? { header: undefined, leader: undefined };
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 10: {
        const outerEnd = reader.enter();
        message.header = readResponseHeader(reader, message.header);
        reader.leave(outerEnd);
        break;
      }
      case 18: {
        const outerEnd = reader.enter();
        message.leader = readLeaderKey(reader, message.leader);
        reader.leave(outerEnd);
        break;
      }
      default:
        reader.skip(tag);
    }
  }
  return message;
}

function writeCampaignResponse(writer: Writer, message: CampaignResponseInit): void {
  if (message.leader !== undefined) {
    const mark = writer.mark();
    writeLeaderKey(writer, message.leader);
    writer.message(18, mark);
  }
  if (message.header !== undefined) {
    const mark = writer.mark();
    writeResponseHeader(writer, message.header);
    writer.message(10, mark);
  }
}

/** Proof of leadership: the key, and the revision it was made in. */
export interface LeaderKey {
  name: Uint8Array;
  key: Uint8Array;
  rev: number;
  lease: bigint;
}

export interface LeaderKeyInit {
  readonly name?: Uint8Array | undefined;
  readonly key?: Uint8Array | undefined;
  readonly rev?: number | undefined;
  readonly lease?: bigint | undefined;
}

export function decodeLeaderKey(bytes: Uint8Array): LeaderKey {
  return readLeaderKey(new Reader(bytes));
}

export function encodeLeaderKey(message: LeaderKeyInit): Uint8Array {
  const writer = startMessage();
  writeLeaderKey(writer, message);
  return writer.finish();
}

function readLeaderKey(reader: Reader, into?: LeaderKey): LeaderKey {
  const message: LeaderKey = into ?? { name: EMPTY_BYTES, key: EMPTY_BYTES, rev: 0, lease: 0n };
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 10:
        message.name = reader.bytes();
        break;
      case 18:
        message.key = reader.bytes();
        break;
      case 24:
        message.rev = reader.int64();
        break;
      case 32:
        message.lease = reader.bigInt64();
        break;
      default:
        reader.skip(tag);
    }
  }
  return message;
}

function writeLeaderKey(writer: Writer, message: LeaderKeyInit): void {
  const lease = message.lease ?? 0n;
  if (lease !== 0n) writer.bigInt64(32, lease);
  const rev = message.rev ?? 0;
  if (rev !== 0) writer.int64(24, rev);
  if (message.key !== undefined && message.key.byteLength > 0) writer.bytes(18, message.key);
  if (message.name !== undefined && message.name.byteLength > 0) writer.bytes(10, message.name);
}

export interface LeaderRequest {
  name: Uint8Array;
}

export interface LeaderRequestInit {
  readonly name?: Uint8Array | undefined;
}

export function decodeLeaderRequest(bytes: Uint8Array): LeaderRequest {
  return readLeaderRequest(new Reader(bytes));
}

export function encodeLeaderRequest(message: LeaderRequestInit): Uint8Array {
  const writer = startMessage();
  writeLeaderRequest(writer, message);
  return writer.finish();
}

function readLeaderRequest(reader: Reader, into?: LeaderRequest): LeaderRequest {
  const message: LeaderRequest = into ?? { name: EMPTY_BYTES };
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 10:
        message.name = reader.bytes();
        break;
      default:
        reader.skip(tag);
    }
  }
  return message;
}

function writeLeaderRequest(writer: Writer, message: LeaderRequestInit): void {
  if (message.name !== undefined && message.name.byteLength > 0) writer.bytes(10, message.name);
}

export interface LeaderResponse {
  header: ResponseHeader | undefined;
  kv: KeyValue | undefined;
}

export interface LeaderResponseInit {
  readonly header?: ResponseHeaderInit | undefined;
  readonly kv?: KeyValueInit | undefined;
}

export function decodeLeaderResponse(bytes: Uint8Array): LeaderResponse {
  return readLeaderResponse(new Reader(bytes));
}

export function encodeLeaderResponse(message: LeaderResponseInit): Uint8Array {
  const writer = startMessage();
  writeLeaderResponse(writer, message);
  return writer.finish();
}

function readLeaderResponse(reader: Reader, into?: LeaderResponse): LeaderResponse {
  const message: LeaderResponse = into ?? { header: undefined, kv: undefined };
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 10: {
        const outerEnd = reader.enter();
        message.header = readResponseHeader(reader, message.header);
        reader.leave(outerEnd);
        break;
      }
      case 18: {
        const outerEnd = reader.enter();
        message.kv = readKeyValue(reader, message.kv);
        reader.leave(outerEnd);
        break;
      }
      default:
        reader.skip(tag);
    }
  }
  return message;
}

function writeLeaderResponse(writer: Writer, message: LeaderResponseInit): void {
  if (message.kv !== undefined) {
    const mark = writer.mark();
    writeKeyValue(writer, message.kv);
    writer.message(18, mark);
  }
  if (message.header !== undefined) {
    const mark = writer.mark();
    writeResponseHeader(writer, message.header);
    writer.message(10, mark);
  }
}

export interface ResignRequest {
  leader: LeaderKey | undefined;
}

export interface ResignRequestInit {
  readonly leader?: LeaderKeyInit | undefined;
}

export function decodeResignRequest(bytes: Uint8Array): ResignRequest {
  return readResignRequest(new Reader(bytes));
}

export function encodeResignRequest(message: ResignRequestInit): Uint8Array {
  const writer = startMessage();
  writeResignRequest(writer, message);
  return writer.finish();
}

function readResignRequest(reader: Reader, into?: ResignRequest): ResignRequest {
  const message: ResignRequest = into ?? { leader: undefined };
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 10: {
        const outerEnd = reader.enter();
        message.leader = readLeaderKey(reader, message.leader);
        reader.leave(outerEnd);
        break;
      }
      default:
        reader.skip(tag);
    }
  }
  return message;
}

function writeResignRequest(writer: Writer, message: ResignRequestInit): void {
  if (message.leader !== undefined) {
    const mark = writer.mark();
    writeLeaderKey(writer, message.leader);
    writer.message(10, mark);
  }
}

export interface ResignResponse {
  header: ResponseHeader | undefined;
}

export interface ResignResponseInit {
  readonly header?: ResponseHeaderInit | undefined;
}

export function decodeResignResponse(bytes: Uint8Array): ResignResponse {
  return readResignResponse(new Reader(bytes));
}

export function encodeResignResponse(message: ResignResponseInit): Uint8Array {
  const writer = startMessage();
  writeResignResponse(writer, message);
  return writer.finish();
}

function readResignResponse(reader: Reader, into?: ResignResponse): ResignResponse {
  const message: ResignResponse = into ?? { header: undefined };
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 10: {
        const outerEnd = reader.enter();
        message.header = readResponseHeader(reader, message.header);
        reader.leave(outerEnd);
        break;
      }
      default:
        reader.skip(tag);
    }
  }
  return message;
}

function writeResignResponse(writer: Writer, message: ResignResponseInit): void {
  if (message.header !== undefined) {
    const mark = writer.mark();
    writeResponseHeader(writer, message.header);
    writer.message(10, mark);
  }
}

export interface ProclaimRequest {
  leader: LeaderKey | undefined;
  value: Uint8Array;
}

export interface ProclaimRequestInit {
  readonly leader?: LeaderKeyInit | undefined;
  readonly value?: Uint8Array | undefined;
}

export function decodeProclaimRequest(bytes: Uint8Array): ProclaimRequest {
  return readProclaimRequest(new Reader(bytes));
}

export function encodeProclaimRequest(message: ProclaimRequestInit): Uint8Array {
  const writer = startMessage();
  writeProclaimRequest(writer, message);
  return writer.finish();
}

function readProclaimRequest(reader: Reader, into?: ProclaimRequest): ProclaimRequest {
  const message: ProclaimRequest = into ?? { leader: undefined, value: EMPTY_BYTES };
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 10: {
        const outerEnd = reader.enter();
        message.leader = readLeaderKey(reader, message.leader);
        reader.leave(outerEnd);
        break;
      }
      case 18:
        message.value = reader.bytes();
        break;
      default:
        reader.skip(tag);
    }
  }
  return message;
}

function writeProclaimRequest(writer: Writer, message: ProclaimRequestInit): void {
  if (message.value !== undefined && message.value.byteLength > 0) writer.bytes(18, message.value);
  if (message.leader !== undefined) {
    const mark = writer.mark();
    writeLeaderKey(writer, message.leader);
    writer.message(10, mark);
  }
}

export interface ProclaimResponse {
  header: ResponseHeader | undefined;
}

export interface ProclaimResponseInit {
  readonly header?: ResponseHeaderInit | undefined;
}

export function decodeProclaimResponse(bytes: Uint8Array): ProclaimResponse {
  return readResignResponse(new Reader(bytes));
}

export function encodeProclaimResponse(message: ProclaimResponseInit): Uint8Array {
  const writer = startMessage();
  writeResignResponse(writer, message);
  return writer.finish();
}

/**
 * One key as one revision left it. These very bytes lie on disk, with the fields in ascending order
 * and zero fields left out, so that hashes agree with etcd's.
 */
export interface KeyValue {
  key: Uint8Array;
  /** Revision in which the key came into being, this time round. */
  createRevision: number;
  /** Revision of the last change. */
  modRevision: number;
  /** Changes since the key came into being; the first put makes it 1. */
  version: number;
  value: Uint8Array;
  /** Lease the key hangs on; 0 for none. */
  lease: bigint;
}

export interface KeyValueInit {
  readonly key?: Uint8Array | undefined;
  readonly createRevision?: number | undefined;
  readonly modRevision?: number | undefined;
  readonly version?: number | undefined;
  readonly value?: Uint8Array | undefined;
  readonly lease?: bigint | undefined;
}

export function decodeKeyValue(bytes: Uint8Array): KeyValue {
  return readKeyValue(new Reader(bytes));
}

export function encodeKeyValue(message: KeyValueInit): Uint8Array {
  const writer = startMessage();
  writeKeyValue(writer, message);
  return writer.finish();
}

function readKeyValue(reader: Reader, into?: KeyValue): KeyValue {
  const message: KeyValue = into ?? {
    key: EMPTY_BYTES,
    createRevision: 0,
    modRevision: 0,
    version: 0,
    value: EMPTY_BYTES,
    lease: 0n,
  };
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 10:
        message.key = reader.bytes();
        break;
      case 16:
        message.createRevision = reader.int64();
        break;
      case 24:
        message.modRevision = reader.int64();
        break;
      case 32:
        message.version = reader.int64();
        break;
      case 42:
        message.value = reader.bytes();
        break;
      case 48:
        message.lease = reader.bigInt64();
        break;
      default:
        reader.skip(tag);
    }
  }
  return message;
}

function writeKeyValue(writer: Writer, message: KeyValueInit): void {
  const lease = message.lease ?? 0n;
  if (lease !== 0n) writer.bigInt64(48, lease);
  if (message.value !== undefined && message.value.byteLength > 0) writer.bytes(42, message.value);
  const version = message.version ?? 0;
  if (version !== 0) writer.int64(32, version);
  const modRevision = message.modRevision ?? 0;
  if (modRevision !== 0) writer.int64(24, modRevision);
  const createRevision = message.createRevision ?? 0;
  if (createRevision !== 0) writer.int64(16, createRevision);
  if (message.key !== undefined && message.key.byteLength > 0) writer.bytes(10, message.key);
}

export const EventType = {
  put: 0,
  delete: 1,
} as const;
export type EventType = (typeof EventType)[keyof typeof EventType];

/** One change of one key. */
export interface Event {
  type: number;
  /** The key as the change left it. A deletion carries the key and the revision it happened in. */
  kv: KeyValue | undefined;
  /** The key before the change, where the watch asked for it and history still has it. */
  prevKv: KeyValue | undefined;
}

export interface EventInit {
  readonly type?: number | undefined;
  readonly kv?: KeyValueInit | undefined;
  readonly prevKv?: KeyValueInit | undefined;
}

export function decodeEvent(bytes: Uint8Array): Event {
  return readEvent(new Reader(bytes));
}

export function encodeEvent(message: EventInit): Uint8Array {
  const writer = startMessage();
  writeEvent(writer, message);
  return writer.finish();
}

function readEvent(reader: Reader, into?: Event): Event {
  const message: Event = into ?? { type: 0, kv: undefined, prevKv: undefined };
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 8:
        message.type = reader.enum();
        break;
      case 18: {
        const outerEnd = reader.enter();
        message.kv = readKeyValue(reader, message.kv);
        reader.leave(outerEnd);
        break;
      }
      case 26: {
        const outerEnd = reader.enter();
        message.prevKv = readKeyValue(reader, message.prevKv);
        reader.leave(outerEnd);
        break;
      }
      default:
        reader.skip(tag);
    }
  }
  return message;
}

function writeEvent(writer: Writer, message: EventInit): void {
  if (message.prevKv !== undefined) {
    const mark = writer.mark();
    writeKeyValue(writer, message.prevKv);
    writer.message(26, mark);
  }
  if (message.kv !== undefined) {
    const mark = writer.mark();
    writeKeyValue(writer, message.kv);
    writer.message(18, mark);
  }
  const type = message.type ?? 0;
  if (type !== 0) writer.enum(8, type);
}

/** Who answered, and at which revision of the store. */
export interface ResponseHeader {
  clusterId: bigint;
  memberId: bigint;
  /** Revision of the store when the answer was made. Of a watch: everything up to it has been sent. */
  revision: number;
  raftTerm: number;
}

export interface ResponseHeaderInit {
  readonly clusterId?: bigint | undefined;
  readonly memberId?: bigint | undefined;
  readonly revision?: number | undefined;
  readonly raftTerm?: number | undefined;
}

export function decodeResponseHeader(bytes: Uint8Array): ResponseHeader {
  return readResponseHeader(new Reader(bytes));
}

export function encodeResponseHeader(message: ResponseHeaderInit): Uint8Array {
  const writer = startMessage();
  writeResponseHeader(writer, message);
  return writer.finish();
}

function readResponseHeader(reader: Reader, into?: ResponseHeader): ResponseHeader {
  const message: ResponseHeader = into ?? { clusterId: 0n, memberId: 0n, revision: 0, raftTerm: 0 };
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 8:
        message.clusterId = reader.bigUint64();
        break;
      case 16:
        message.memberId = reader.bigUint64();
        break;
      case 24:
        message.revision = reader.int64();
        break;
      case 32:
        message.raftTerm = reader.uint64();
        break;
      default:
        reader.skip(tag);
    }
  }
  return message;
}

function writeResponseHeader(writer: Writer, message: ResponseHeaderInit): void {
  const raftTerm = message.raftTerm ?? 0;
  if (raftTerm !== 0) writer.uint64(32, raftTerm);
  const revision = message.revision ?? 0;
  if (revision !== 0) writer.int64(24, revision);
  const memberId = message.memberId ?? 0n;
  if (memberId !== 0n) writer.bigUint64(16, memberId);
  const clusterId = message.clusterId ?? 0n;
  if (clusterId !== 0n) writer.bigUint64(8, clusterId);
}

export const SortOrder = {
  none: 0,
  ascend: 1,
  descend: 2,
} as const;
export type SortOrder = (typeof SortOrder)[keyof typeof SortOrder];

export const SortTarget = {
  key: 0,
  version: 1,
  create: 2,
  mod: 3,
  value: 4,
} as const;
export type SortTarget = (typeof SortTarget)[keyof typeof SortTarget];

export interface RangeRequest {
  key: Uint8Array;
  /**
   * Empty: the one key. A single zero byte: every key from `key` on. Otherwise: the end, exclusive.
   * Everything that begins with `key` ends at `key` with its last byte one higher.
   */
  rangeEnd: Uint8Array;
  /** At most so many keys; 0 for all. */
  limit: number;
  /** At this revision; 0 or less for the newest. */
  revision: number;
  sortOrder: number;
  sortTarget: number;
  /** Answer from what this member knows, without asking the others. */
  serializable: boolean;
  keysOnly: boolean;
  countOnly: boolean;
  /** The four bounds leave out keys; 0 for no bound. */
  minModRevision: number;
  maxModRevision: number;
  minCreateRevision: number;
  maxCreateRevision: number;
}

export interface RangeRequestInit {
  readonly key?: Uint8Array | undefined;
  readonly rangeEnd?: Uint8Array | undefined;
  readonly limit?: number | undefined;
  readonly revision?: number | undefined;
  readonly sortOrder?: number | undefined;
  readonly sortTarget?: number | undefined;
  readonly serializable?: boolean | undefined;
  readonly keysOnly?: boolean | undefined;
  readonly countOnly?: boolean | undefined;
  readonly minModRevision?: number | undefined;
  readonly maxModRevision?: number | undefined;
  readonly minCreateRevision?: number | undefined;
  readonly maxCreateRevision?: number | undefined;
}

export function decodeRangeRequest(bytes: Uint8Array): RangeRequest {
  return readRangeRequest(new Reader(bytes));
}

export function encodeRangeRequest(message: RangeRequestInit): Uint8Array {
  const writer = startMessage();
  writeRangeRequest(writer, message);
  return writer.finish();
}

function readRangeRequest(reader: Reader, into?: RangeRequest): RangeRequest {
  const message: RangeRequest = into ?? {
    key: EMPTY_BYTES,
    rangeEnd: EMPTY_BYTES,
    limit: 0,
    revision: 0,
    sortOrder: 0,
    sortTarget: 0,
    serializable: false,
    keysOnly: false,
    countOnly: false,
    minModRevision: 0,
    maxModRevision: 0,
    minCreateRevision: 0,
    maxCreateRevision: 0,
  };
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 10:
        message.key = reader.bytes();
        break;
      case 18:
        message.rangeEnd = reader.bytes();
        break;
      case 24:
        message.limit = reader.int64();
        break;
      case 32:
        message.revision = reader.int64();
        break;
      case 40:
        message.sortOrder = reader.enum();
        break;
      case 48:
        message.sortTarget = reader.enum();
        break;
      case 56:
        message.serializable = reader.bool();
        break;
      case 64:
        message.keysOnly = reader.bool();
        break;
      case 72:
        message.countOnly = reader.bool();
        break;
      case 80:
        message.minModRevision = reader.int64();
        break;
      case 88:
        message.maxModRevision = reader.int64();
        break;
      case 96:
        message.minCreateRevision = reader.int64();
        break;
      case 104:
        message.maxCreateRevision = reader.int64();
        break;
      default:
        reader.skip(tag);
    }
  }
  return message;
}

function writeRangeRequest(writer: Writer, message: RangeRequestInit): void {
  const maxCreateRevision = message.maxCreateRevision ?? 0;
  if (maxCreateRevision !== 0) writer.int64(104, maxCreateRevision);
  const minCreateRevision = message.minCreateRevision ?? 0;
  if (minCreateRevision !== 0) writer.int64(96, minCreateRevision);
  const maxModRevision = message.maxModRevision ?? 0;
  if (maxModRevision !== 0) writer.int64(88, maxModRevision);
  const minModRevision = message.minModRevision ?? 0;
  if (minModRevision !== 0) writer.int64(80, minModRevision);
  if (message.countOnly === true) writer.bool(72, message.countOnly);
  if (message.keysOnly === true) writer.bool(64, message.keysOnly);
  if (message.serializable === true) writer.bool(56, message.serializable);
  const sortTarget = message.sortTarget ?? 0;
  if (sortTarget !== 0) writer.enum(48, sortTarget);
  const sortOrder = message.sortOrder ?? 0;
  if (sortOrder !== 0) writer.enum(40, sortOrder);
  const revision = message.revision ?? 0;
  if (revision !== 0) writer.int64(32, revision);
  const limit = message.limit ?? 0;
  if (limit !== 0) writer.int64(24, limit);
  if (message.rangeEnd !== undefined && message.rangeEnd.byteLength > 0)
    writer.bytes(18, message.rangeEnd);
  if (message.key !== undefined && message.key.byteLength > 0) writer.bytes(10, message.key);
}

export interface RangeResponse {
  header: ResponseHeader | undefined;
  kvs: KeyValue[];
  /** The limit left keys out. */
  more: boolean;
  /** Keys in the range, whatever the limit. */
  count: number;
}

export interface RangeResponseInit {
  readonly header?: ResponseHeaderInit | undefined;
  readonly kvs?: readonly KeyValueInit[] | undefined;
  readonly more?: boolean | undefined;
  readonly count?: number | undefined;
}

export function decodeRangeResponse(bytes: Uint8Array): RangeResponse {
  return readRangeResponse(new Reader(bytes));
}

export function encodeRangeResponse(message: RangeResponseInit): Uint8Array {
  const writer = startMessage();
  writeRangeResponse(writer, message);
  return writer.finish();
}

function readRangeResponse(reader: Reader, into?: RangeResponse): RangeResponse {
  const message: RangeResponse = into ?? { header: undefined, kvs: [], more: false, count: 0 };
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 10: {
        const outerEnd = reader.enter();
        message.header = readResponseHeader(reader, message.header);
        reader.leave(outerEnd);
        break;
      }
      case 18: {
        const outerEnd = reader.enter();
        message.kvs.push(readKeyValue(reader));
        reader.leave(outerEnd);
        break;
      }
      case 24:
        message.more = reader.bool();
        break;
      case 32:
        message.count = reader.int64();
        break;
      default:
        reader.skip(tag);
    }
  }
  return message;
}

function writeRangeResponse(writer: Writer, message: RangeResponseInit): void {
  const count = message.count ?? 0;
  if (count !== 0) writer.int64(32, count);
  if (message.more === true) writer.bool(24, message.more);
  const kvs = message.kvs;
  if (kvs !== undefined) {
    for (let index = kvs.length - 1; index >= 0; index -= 1) {
      const mark = writer.mark();
      writeKeyValue(writer, kvs[index] as KeyValueInit);
      writer.message(18, mark);
    }
  }
  if (message.header !== undefined) {
    const mark = writer.mark();
    writeResponseHeader(writer, message.header);
    writer.message(10, mark);
  }
}

export interface RangeStreamResponse {
  /** One part. Joined as protobuf joins messages, the parts are one RangeResponse. */
  rangeResponse: RangeResponse | undefined;
}

export interface RangeStreamResponseInit {
  readonly rangeResponse?: RangeResponseInit | undefined;
}

export function decodeRangeStreamResponse(bytes: Uint8Array): RangeStreamResponse {
  return readRangeStreamResponse(new Reader(bytes));
}

export function encodeRangeStreamResponse(message: RangeStreamResponseInit): Uint8Array {
  const writer = startMessage();
  writeRangeStreamResponse(writer, message);
  return writer.finish();
}

function readRangeStreamResponse(reader: Reader, into?: RangeStreamResponse): RangeStreamResponse {
  const message: RangeStreamResponse = into ?? { rangeResponse: undefined };
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 10: {
        const outerEnd = reader.enter();
        message.rangeResponse = readRangeResponse(reader, message.rangeResponse);
        reader.leave(outerEnd);
        break;
      }
      default:
        reader.skip(tag);
    }
  }
  return message;
}

function writeRangeStreamResponse(writer: Writer, message: RangeStreamResponseInit): void {
  if (message.rangeResponse !== undefined) {
    const mark = writer.mark();
    writeRangeResponse(writer, message.rangeResponse);
    writer.message(10, mark);
  }
}

export interface PutRequest {
  key: Uint8Array;
  value: Uint8Array;
  /** Hang the key on this lease; 0 for none. */
  lease: bigint;
  prevKv: boolean;
  /** Keep the value that is there. */
  ignoreValue: boolean;
  /** Keep the lease that is there. */
  ignoreLease: boolean;
}

export interface PutRequestInit {
  readonly key?: Uint8Array | undefined;
  readonly value?: Uint8Array | undefined;
  readonly lease?: bigint | undefined;
  readonly prevKv?: boolean | undefined;
  readonly ignoreValue?: boolean | undefined;
  readonly ignoreLease?: boolean | undefined;
}

export function decodePutRequest(bytes: Uint8Array): PutRequest {
  return readPutRequest(new Reader(bytes));
}

export function encodePutRequest(message: PutRequestInit): Uint8Array {
  const writer = startMessage();
  writePutRequest(writer, message);
  return writer.finish();
}

function readPutRequest(reader: Reader, into?: PutRequest): PutRequest {
  const message: PutRequest = into ?? {
    key: EMPTY_BYTES,
    value: EMPTY_BYTES,
    lease: 0n,
    prevKv: false,
    ignoreValue: false,
    ignoreLease: false,
  };
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 10:
        message.key = reader.bytes();
        break;
      case 18:
        message.value = reader.bytes();
        break;
      case 24:
        message.lease = reader.bigInt64();
        break;
      case 32:
        message.prevKv = reader.bool();
        break;
      case 40:
        message.ignoreValue = reader.bool();
        break;
      case 48:
        message.ignoreLease = reader.bool();
        break;
      default:
        reader.skip(tag);
    }
  }
  return message;
}

function writePutRequest(writer: Writer, message: PutRequestInit): void {
  if (message.ignoreLease === true) writer.bool(48, message.ignoreLease);
  if (message.ignoreValue === true) writer.bool(40, message.ignoreValue);
  if (message.prevKv === true) writer.bool(32, message.prevKv);
  const lease = message.lease ?? 0n;
  if (lease !== 0n) writer.bigInt64(24, lease);
  if (message.value !== undefined && message.value.byteLength > 0) writer.bytes(18, message.value);
  if (message.key !== undefined && message.key.byteLength > 0) writer.bytes(10, message.key);
}

export interface PutResponse {
  header: ResponseHeader | undefined;
  prevKv: KeyValue | undefined;
}

export interface PutResponseInit {
  readonly header?: ResponseHeaderInit | undefined;
  readonly prevKv?: KeyValueInit | undefined;
}

export function decodePutResponse(bytes: Uint8Array): PutResponse {
  return readPutResponse(new Reader(bytes));
}

export function encodePutResponse(message: PutResponseInit): Uint8Array {
  const writer = startMessage();
  writePutResponse(writer, message);
  return writer.finish();
}

function readPutResponse(reader: Reader, into?: PutResponse): PutResponse {
  const message: PutResponse = into ?? { header: undefined, prevKv: undefined };
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 10: {
        const outerEnd = reader.enter();
        message.header = readResponseHeader(reader, message.header);
        reader.leave(outerEnd);
        break;
      }
      case 18: {
        const outerEnd = reader.enter();
        message.prevKv = readKeyValue(reader, message.prevKv);
        reader.leave(outerEnd);
        break;
      }
      default:
        reader.skip(tag);
    }
  }
  return message;
}

function writePutResponse(writer: Writer, message: PutResponseInit): void {
  if (message.prevKv !== undefined) {
    const mark = writer.mark();
    writeKeyValue(writer, message.prevKv);
    writer.message(18, mark);
  }
  if (message.header !== undefined) {
    const mark = writer.mark();
    writeResponseHeader(writer, message.header);
    writer.message(10, mark);
  }
}

export interface DeleteRangeRequest {
  key: Uint8Array;
  rangeEnd: Uint8Array;
  prevKv: boolean;
}

export interface DeleteRangeRequestInit {
  readonly key?: Uint8Array | undefined;
  readonly rangeEnd?: Uint8Array | undefined;
  readonly prevKv?: boolean | undefined;
}

export function decodeDeleteRangeRequest(bytes: Uint8Array): DeleteRangeRequest {
  return readDeleteRangeRequest(new Reader(bytes));
}

export function encodeDeleteRangeRequest(message: DeleteRangeRequestInit): Uint8Array {
  const writer = startMessage();
  writeDeleteRangeRequest(writer, message);
  return writer.finish();
}

function readDeleteRangeRequest(reader: Reader, into?: DeleteRangeRequest): DeleteRangeRequest {
  const message: DeleteRangeRequest = into ?? {
    key: EMPTY_BYTES,
    rangeEnd: EMPTY_BYTES,
    prevKv: false,
  };
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 10:
        message.key = reader.bytes();
        break;
      case 18:
        message.rangeEnd = reader.bytes();
        break;
      case 24:
        message.prevKv = reader.bool();
        break;
      default:
        reader.skip(tag);
    }
  }
  return message;
}

function writeDeleteRangeRequest(writer: Writer, message: DeleteRangeRequestInit): void {
  if (message.prevKv === true) writer.bool(24, message.prevKv);
  if (message.rangeEnd !== undefined && message.rangeEnd.byteLength > 0)
    writer.bytes(18, message.rangeEnd);
  if (message.key !== undefined && message.key.byteLength > 0) writer.bytes(10, message.key);
}

export interface DeleteRangeResponse {
  header: ResponseHeader | undefined;
  deleted: number;
  prevKvs: KeyValue[];
}

export interface DeleteRangeResponseInit {
  readonly header?: ResponseHeaderInit | undefined;
  readonly deleted?: number | undefined;
  readonly prevKvs?: readonly KeyValueInit[] | undefined;
}

export function decodeDeleteRangeResponse(bytes: Uint8Array): DeleteRangeResponse {
  return readDeleteRangeResponse(new Reader(bytes));
}

export function encodeDeleteRangeResponse(message: DeleteRangeResponseInit): Uint8Array {
  const writer = startMessage();
  writeDeleteRangeResponse(writer, message);
  return writer.finish();
}

function readDeleteRangeResponse(reader: Reader, into?: DeleteRangeResponse): DeleteRangeResponse {
  const message: DeleteRangeResponse = into ?? { header: undefined, deleted: 0, prevKvs: [] };
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 10: {
        const outerEnd = reader.enter();
        message.header = readResponseHeader(reader, message.header);
        reader.leave(outerEnd);
        break;
      }
      case 16:
        message.deleted = reader.int64();
        break;
      case 26: {
        const outerEnd = reader.enter();
        message.prevKvs.push(readKeyValue(reader));
        reader.leave(outerEnd);
        break;
      }
      default:
        reader.skip(tag);
    }
  }
  return message;
}

function writeDeleteRangeResponse(writer: Writer, message: DeleteRangeResponseInit): void {
  const prevKvs = message.prevKvs;
  if (prevKvs !== undefined) {
    for (let index = prevKvs.length - 1; index >= 0; index -= 1) {
      const mark = writer.mark();
      writeKeyValue(writer, prevKvs[index] as KeyValueInit);
      writer.message(26, mark);
    }
  }
  const deleted = message.deleted ?? 0;
  if (deleted !== 0) writer.int64(16, deleted);
  if (message.header !== undefined) {
    const mark = writer.mark();
    writeResponseHeader(writer, message.header);
    writer.message(10, mark);
  }
}

export interface RequestOp {
  requestRange: RangeRequest | undefined;
  requestPut: PutRequest | undefined;
  requestDeleteRange: DeleteRangeRequest | undefined;
  requestTxn: TxnRequest | undefined;
}

export interface RequestOpInit {
  readonly requestRange?: RangeRequestInit | undefined;
  readonly requestPut?: PutRequestInit | undefined;
  readonly requestDeleteRange?: DeleteRangeRequestInit | undefined;
  readonly requestTxn?: TxnRequestInit | undefined;
}

export function decodeRequestOp(bytes: Uint8Array): RequestOp {
  return readRequestOp(new Reader(bytes));
}

export function encodeRequestOp(message: RequestOpInit): Uint8Array {
  const writer = startMessage();
  writeRequestOp(writer, message);
  return writer.finish();
}

function readRequestOp(reader: Reader, into?: RequestOp): RequestOp {
  const message: RequestOp = into ?? {
    requestRange: undefined,
    requestPut: undefined,
    requestDeleteRange: undefined,
    requestTxn: undefined,
  };
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 10: {
        const outerEnd = reader.enter();
        message.requestRange = readRangeRequest(reader, message.requestRange);
        reader.leave(outerEnd);
        message.requestPut = undefined;
        message.requestDeleteRange = undefined;
        message.requestTxn = undefined;
        break;
      }
      case 18: {
        const outerEnd = reader.enter();
        message.requestPut = readPutRequest(reader, message.requestPut);
        reader.leave(outerEnd);
        message.requestRange = undefined;
        message.requestDeleteRange = undefined;
        message.requestTxn = undefined;
        break;
      }
      case 26: {
        const outerEnd = reader.enter();
        message.requestDeleteRange = readDeleteRangeRequest(reader, message.requestDeleteRange);
        reader.leave(outerEnd);
        message.requestRange = undefined;
        message.requestPut = undefined;
        message.requestTxn = undefined;
        break;
      }
      case 34: {
        const outerEnd = reader.enter();
        message.requestTxn = readTxnRequest(reader, message.requestTxn);
        reader.leave(outerEnd);
        message.requestRange = undefined;
        message.requestPut = undefined;
        message.requestDeleteRange = undefined;
        break;
      }
      default:
        reader.skip(tag);
    }
  }
  return message;
}

function writeRequestOp(writer: Writer, message: RequestOpInit): void {
  if (message.requestTxn !== undefined) {
    const mark = writer.mark();
    writeTxnRequest(writer, message.requestTxn);
    writer.message(34, mark);
  }
  if (message.requestDeleteRange !== undefined) {
    const mark = writer.mark();
    writeDeleteRangeRequest(writer, message.requestDeleteRange);
    writer.message(26, mark);
  }
  if (message.requestPut !== undefined) {
    const mark = writer.mark();
    writePutRequest(writer, message.requestPut);
    writer.message(18, mark);
  }
  if (message.requestRange !== undefined) {
    const mark = writer.mark();
    writeRangeRequest(writer, message.requestRange);
    writer.message(10, mark);
  }
}

export interface ResponseOp {
  responseRange: RangeResponse | undefined;
  responsePut: PutResponse | undefined;
  responseDeleteRange: DeleteRangeResponse | undefined;
  responseTxn: TxnResponse | undefined;
}

export interface ResponseOpInit {
  readonly responseRange?: RangeResponseInit | undefined;
  readonly responsePut?: PutResponseInit | undefined;
  readonly responseDeleteRange?: DeleteRangeResponseInit | undefined;
  readonly responseTxn?: TxnResponseInit | undefined;
}

export function decodeResponseOp(bytes: Uint8Array): ResponseOp {
  return readResponseOp(new Reader(bytes));
}

export function encodeResponseOp(message: ResponseOpInit): Uint8Array {
  const writer = startMessage();
  writeResponseOp(writer, message);
  return writer.finish();
}

function readResponseOp(reader: Reader, into?: ResponseOp): ResponseOp {
  const message: ResponseOp = into ?? {
    responseRange: undefined,
    responsePut: undefined,
    responseDeleteRange: undefined,
    responseTxn: undefined,
  };
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 10: {
        const outerEnd = reader.enter();
        message.responseRange = readRangeResponse(reader, message.responseRange);
        reader.leave(outerEnd);
        message.responsePut = undefined;
        message.responseDeleteRange = undefined;
        message.responseTxn = undefined;
        break;
      }
      case 18: {
        const outerEnd = reader.enter();
        message.responsePut = readPutResponse(reader, message.responsePut);
        reader.leave(outerEnd);
        message.responseRange = undefined;
        message.responseDeleteRange = undefined;
        message.responseTxn = undefined;
        break;
      }
      case 26: {
        const outerEnd = reader.enter();
        message.responseDeleteRange = readDeleteRangeResponse(reader, message.responseDeleteRange);
        reader.leave(outerEnd);
        message.responseRange = undefined;
        message.responsePut = undefined;
        message.responseTxn = undefined;
        break;
      }
      case 34: {
        const outerEnd = reader.enter();
        message.responseTxn = readTxnResponse(reader, message.responseTxn);
        reader.leave(outerEnd);
        message.responseRange = undefined;
        message.responsePut = undefined;
        message.responseDeleteRange = undefined;
        break;
      }
      default:
        reader.skip(tag);
    }
  }
  return message;
}

function writeResponseOp(writer: Writer, message: ResponseOpInit): void {
  if (message.responseTxn !== undefined) {
    const mark = writer.mark();
    writeTxnResponse(writer, message.responseTxn);
    writer.message(34, mark);
  }
  if (message.responseDeleteRange !== undefined) {
    const mark = writer.mark();
    writeDeleteRangeResponse(writer, message.responseDeleteRange);
    writer.message(26, mark);
  }
  if (message.responsePut !== undefined) {
    const mark = writer.mark();
    writePutResponse(writer, message.responsePut);
    writer.message(18, mark);
  }
  if (message.responseRange !== undefined) {
    const mark = writer.mark();
    writeRangeResponse(writer, message.responseRange);
    writer.message(10, mark);
  }
}

export const CompareResult = {
  equal: 0,
  greater: 1,
  less: 2,
  notEqual: 3,
} as const;
export type CompareResult = (typeof CompareResult)[keyof typeof CompareResult];

export const CompareTarget = {
  version: 0,
  create: 1,
  mod: 2,
  value: 3,
  lease: 4,
} as const;
export type CompareTarget = (typeof CompareTarget)[keyof typeof CompareTarget];

/** Holds if every key in the range stands in this relation to what is given. */
export interface Compare {
  result: number;
  target: number;
  key: Uint8Array;
  version: number | undefined;
  createRevision: number | undefined;
  modRevision: number | undefined;
  value: Uint8Array | undefined;
  lease: bigint | undefined;
  rangeEnd: Uint8Array;
}

export interface CompareInit {
  readonly result?: number | undefined;
  readonly target?: number | undefined;
  readonly key?: Uint8Array | undefined;
  readonly version?: number | undefined;
  readonly createRevision?: number | undefined;
  readonly modRevision?: number | undefined;
  readonly value?: Uint8Array | undefined;
  readonly lease?: bigint | undefined;
  readonly rangeEnd?: Uint8Array | undefined;
}

export function decodeCompare(bytes: Uint8Array): Compare {
  return readCompare(new Reader(bytes));
}

export function encodeCompare(message: CompareInit): Uint8Array {
  const writer = startMessage();
  writeCompare(writer, message);
  return writer.finish();
}

function readCompare(reader: Reader, into?: Compare): Compare {
  const message: Compare = into ?? {
    result: 0,
    target: 0,
    key: EMPTY_BYTES,
    version: undefined,
    createRevision: undefined,
    modRevision: undefined,
    value: undefined,
    lease: undefined,
    rangeEnd: EMPTY_BYTES,
  };
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 8:
        message.result = reader.enum();
        break;
      case 16:
        message.target = reader.enum();
        break;
      case 26:
        message.key = reader.bytes();
        break;
      case 32:
        message.version = reader.int64();
        message.createRevision = undefined;
        message.modRevision = undefined;
        message.value = undefined;
        message.lease = undefined;
        break;
      case 40:
        message.createRevision = reader.int64();
        message.version = undefined;
        message.modRevision = undefined;
        message.value = undefined;
        message.lease = undefined;
        break;
      case 48:
        message.modRevision = reader.int64();
        message.version = undefined;
        message.createRevision = undefined;
        message.value = undefined;
        message.lease = undefined;
        break;
      case 58:
        message.value = reader.bytes();
        message.version = undefined;
        message.createRevision = undefined;
        message.modRevision = undefined;
        message.lease = undefined;
        break;
      case 64:
        message.lease = reader.bigInt64();
        message.version = undefined;
        message.createRevision = undefined;
        message.modRevision = undefined;
        message.value = undefined;
        break;
      case 514:
        message.rangeEnd = reader.bytes();
        break;
      default:
        reader.skip(tag);
    }
  }
  return message;
}

function writeCompare(writer: Writer, message: CompareInit): void {
  if (message.rangeEnd !== undefined && message.rangeEnd.byteLength > 0)
    writer.bytes(514, message.rangeEnd);
  if (message.lease !== undefined) writer.bigInt64(64, message.lease);
  if (message.value !== undefined) writer.bytes(58, message.value);
  if (message.modRevision !== undefined) writer.int64(48, message.modRevision);
  if (message.createRevision !== undefined) writer.int64(40, message.createRevision);
  if (message.version !== undefined) writer.int64(32, message.version);
  if (message.key !== undefined && message.key.byteLength > 0) writer.bytes(26, message.key);
  const target = message.target ?? 0;
  if (target !== 0) writer.enum(16, target);
  const result = message.result ?? 0;
  if (result !== 0) writer.enum(8, result);
}

export interface TxnRequest {
  /** All must hold for `success`; none at all always hold. */
  compare: Compare[];
  success: RequestOp[];
  failure: RequestOp[];
}

export interface TxnRequestInit {
  readonly compare?: readonly CompareInit[] | undefined;
  readonly success?: readonly RequestOpInit[] | undefined;
  readonly failure?: readonly RequestOpInit[] | undefined;
}

export function decodeTxnRequest(bytes: Uint8Array): TxnRequest {
  return readTxnRequest(new Reader(bytes));
}

export function encodeTxnRequest(message: TxnRequestInit): Uint8Array {
  const writer = startMessage();
  writeTxnRequest(writer, message);
  return writer.finish();
}

function readTxnRequest(reader: Reader, into?: TxnRequest): TxnRequest {
  const message: TxnRequest = into ?? { compare: [], success: [], failure: [] };
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 10: {
        const outerEnd = reader.enter();
        message.compare.push(readCompare(reader));
        reader.leave(outerEnd);
        break;
      }
      case 18: {
        const outerEnd = reader.enter();
        message.success.push(readRequestOp(reader));
        reader.leave(outerEnd);
        break;
      }
      case 26: {
        const outerEnd = reader.enter();
        message.failure.push(readRequestOp(reader));
        reader.leave(outerEnd);
        break;
      }
      default:
        reader.skip(tag);
    }
  }
  return message;
}

function writeTxnRequest(writer: Writer, message: TxnRequestInit): void {
  const failure = message.failure;
  if (failure !== undefined) {
    for (let index = failure.length - 1; index >= 0; index -= 1) {
      const mark = writer.mark();
      writeRequestOp(writer, failure[index] as RequestOpInit);
      writer.message(26, mark);
    }
  }
  const success = message.success;
  if (success !== undefined) {
    for (let index = success.length - 1; index >= 0; index -= 1) {
      const mark = writer.mark();
      writeRequestOp(writer, success[index] as RequestOpInit);
      writer.message(18, mark);
    }
  }
  const compare = message.compare;
  if (compare !== undefined) {
    for (let index = compare.length - 1; index >= 0; index -= 1) {
      const mark = writer.mark();
      writeCompare(writer, compare[index] as CompareInit);
      writer.message(10, mark);
    }
  }
}

export interface TxnResponse {
  header: ResponseHeader | undefined;
  succeeded: boolean;
  /** One for each operation of the list that was done. */
  responses: ResponseOp[];
}

export interface TxnResponseInit {
  readonly header?: ResponseHeaderInit | undefined;
  readonly succeeded?: boolean | undefined;
  readonly responses?: readonly ResponseOpInit[] | undefined;
}

export function decodeTxnResponse(bytes: Uint8Array): TxnResponse {
  return readTxnResponse(new Reader(bytes));
}

export function encodeTxnResponse(message: TxnResponseInit): Uint8Array {
  const writer = startMessage();
  writeTxnResponse(writer, message);
  return writer.finish();
}

function readTxnResponse(reader: Reader, into?: TxnResponse): TxnResponse {
  const message: TxnResponse = into ?? { header: undefined, succeeded: false, responses: [] };
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 10: {
        const outerEnd = reader.enter();
        message.header = readResponseHeader(reader, message.header);
        reader.leave(outerEnd);
        break;
      }
      case 16:
        message.succeeded = reader.bool();
        break;
      case 26: {
        const outerEnd = reader.enter();
        message.responses.push(readResponseOp(reader));
        reader.leave(outerEnd);
        break;
      }
      default:
        reader.skip(tag);
    }
  }
  return message;
}

function writeTxnResponse(writer: Writer, message: TxnResponseInit): void {
  const responses = message.responses;
  if (responses !== undefined) {
    for (let index = responses.length - 1; index >= 0; index -= 1) {
      const mark = writer.mark();
      writeResponseOp(writer, responses[index] as ResponseOpInit);
      writer.message(26, mark);
    }
  }
  if (message.succeeded === true) writer.bool(16, message.succeeded);
  if (message.header !== undefined) {
    const mark = writer.mark();
    writeResponseHeader(writer, message.header);
    writer.message(10, mark);
  }
}

export interface CompactionRequest {
  revision: number;
  /** Answer only when the space is given back to the database. */
  physical: boolean;
}

export interface CompactionRequestInit {
  readonly revision?: number | undefined;
  readonly physical?: boolean | undefined;
}

export function decodeCompactionRequest(bytes: Uint8Array): CompactionRequest {
  return readCompactionRequest(new Reader(bytes));
}

export function encodeCompactionRequest(message: CompactionRequestInit): Uint8Array {
  const writer = startMessage();
  writeCompactionRequest(writer, message);
  return writer.finish();
}

function readCompactionRequest(reader: Reader, into?: CompactionRequest): CompactionRequest {
  const message: CompactionRequest = into ?? { revision: 0, physical: false };
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 8:
        message.revision = reader.int64();
        break;
      case 16:
        message.physical = reader.bool();
        break;
      default:
        reader.skip(tag);
    }
  }
  return message;
}

function writeCompactionRequest(writer: Writer, message: CompactionRequestInit): void {
  if (message.physical === true) writer.bool(16, message.physical);
  const revision = message.revision ?? 0;
  if (revision !== 0) writer.int64(8, revision);
}

export interface CompactionResponse {
  header: ResponseHeader | undefined;
}

export interface CompactionResponseInit {
  readonly header?: ResponseHeaderInit | undefined;
}

export function decodeCompactionResponse(bytes: Uint8Array): CompactionResponse {
  return readResignResponse(new Reader(bytes));
}

export function encodeCompactionResponse(message: CompactionResponseInit): Uint8Array {
  const writer = startMessage();
  writeResignResponse(writer, message);
  return writer.finish();
}

export interface WatchRequest {
  createRequest: WatchCreateRequest | undefined;
  cancelRequest: WatchCancelRequest | undefined;
  progressRequest: WatchProgressRequest | undefined;
}

export interface WatchRequestInit {
  readonly createRequest?: WatchCreateRequestInit | undefined;
  readonly cancelRequest?: WatchCancelRequestInit | undefined;
  readonly progressRequest?: WatchProgressRequestInit | undefined;
}

export function decodeWatchRequest(bytes: Uint8Array): WatchRequest {
  return readWatchRequest(new Reader(bytes));
}

export function encodeWatchRequest(message: WatchRequestInit): Uint8Array {
  const writer = startMessage();
  writeWatchRequest(writer, message);
  return writer.finish();
}

function readWatchRequest(reader: Reader, into?: WatchRequest): WatchRequest {
  const message: WatchRequest = into ?? {
    createRequest: undefined,
    cancelRequest: undefined,
    progressRequest: undefined,
  };
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 10: {
        const outerEnd = reader.enter();
        message.createRequest = readWatchCreateRequest(reader, message.createRequest);
        reader.leave(outerEnd);
        message.cancelRequest = undefined;
        message.progressRequest = undefined;
        break;
      }
      case 18: {
        const outerEnd = reader.enter();
        message.cancelRequest = readWatchCancelRequest(reader, message.cancelRequest);
        reader.leave(outerEnd);
        message.createRequest = undefined;
        message.progressRequest = undefined;
        break;
      }
      case 26: {
        const outerEnd = reader.enter();
        message.progressRequest = readWatchProgressRequest(reader, message.progressRequest);
        reader.leave(outerEnd);
        message.createRequest = undefined;
        message.cancelRequest = undefined;
        break;
      }
      default:
        reader.skip(tag);
    }
  }
  return message;
}

function writeWatchRequest(writer: Writer, message: WatchRequestInit): void {
  if (message.progressRequest !== undefined) {
    const mark = writer.mark();
    writeWatchProgressRequest(writer, message.progressRequest);
    writer.message(26, mark);
  }
  if (message.cancelRequest !== undefined) {
    const mark = writer.mark();
    writeWatchCancelRequest(writer, message.cancelRequest);
    writer.message(18, mark);
  }
  if (message.createRequest !== undefined) {
    const mark = writer.mark();
    writeWatchCreateRequest(writer, message.createRequest);
    writer.message(10, mark);
  }
}

/** What not to send. */
export const FilterType = {
  noput: 0,
  nodelete: 1,
} as const;
export type FilterType = (typeof FilterType)[keyof typeof FilterType];

export interface WatchCreateRequest {
  key: Uint8Array;
  rangeEnd: Uint8Array;
  /** First revision to send; 0 for what comes from now on. */
  startRevision: number;
  /** Send an empty answer now and then while nothing happens. */
  progressNotify: boolean;
  filters: number[];
  prevKv: boolean;
  /** The client's own choice; 0 lets the server choose. */
  watchId: number;
  /** Split the events of one revision where they are too large for one message. */
  fragment: boolean;
}

export interface WatchCreateRequestInit {
  readonly key?: Uint8Array | undefined;
  readonly rangeEnd?: Uint8Array | undefined;
  readonly startRevision?: number | undefined;
  readonly progressNotify?: boolean | undefined;
  readonly filters?: readonly number[] | undefined;
  readonly prevKv?: boolean | undefined;
  readonly watchId?: number | undefined;
  readonly fragment?: boolean | undefined;
}

export function decodeWatchCreateRequest(bytes: Uint8Array): WatchCreateRequest {
  return readWatchCreateRequest(new Reader(bytes));
}

export function encodeWatchCreateRequest(message: WatchCreateRequestInit): Uint8Array {
  const writer = startMessage();
  writeWatchCreateRequest(writer, message);
  return writer.finish();
}

function readWatchCreateRequest(reader: Reader, into?: WatchCreateRequest): WatchCreateRequest {
  const message: WatchCreateRequest = into ?? {
    key: EMPTY_BYTES,
    rangeEnd: EMPTY_BYTES,
    startRevision: 0,
    progressNotify: false,
    filters: [],
    prevKv: false,
    watchId: 0,
    fragment: false,
  };
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 10:
        message.key = reader.bytes();
        break;
      case 18:
        message.rangeEnd = reader.bytes();
        break;
      case 24:
        message.startRevision = reader.int64();
        break;
      case 32:
        message.progressNotify = reader.bool();
        break;
      case 40:
        message.filters.push(reader.enum());
        break;
      case 42: {
        const outerEnd = reader.enter();
        while (reader.position < reader.end) message.filters.push(reader.enum());
        reader.leave(outerEnd);
        break;
      }
      case 48:
        message.prevKv = reader.bool();
        break;
      case 56:
        message.watchId = reader.int64();
        break;
      case 64:
        message.fragment = reader.bool();
        break;
      default:
        reader.skip(tag);
    }
  }
  return message;
}

function writeWatchCreateRequest(writer: Writer, message: WatchCreateRequestInit): void {
  if (message.fragment === true) writer.bool(64, message.fragment);
  const watchId = message.watchId ?? 0;
  if (watchId !== 0) writer.int64(56, watchId);
  if (message.prevKv === true) writer.bool(48, message.prevKv);
  const filters = message.filters;
  if (filters !== undefined && filters.length > 0) {
    const mark = writer.mark();
    for (let index = filters.length - 1; index >= 0; index -= 1) {
      writer.packedEnum(filters[index] as number);
    }
    writer.message(42, mark);
  }
  if (message.progressNotify === true) writer.bool(32, message.progressNotify);
  const startRevision = message.startRevision ?? 0;
  if (startRevision !== 0) writer.int64(24, startRevision);
  if (message.rangeEnd !== undefined && message.rangeEnd.byteLength > 0)
    writer.bytes(18, message.rangeEnd);
  if (message.key !== undefined && message.key.byteLength > 0) writer.bytes(10, message.key);
}

export interface WatchCancelRequest {
  watchId: number;
}

export interface WatchCancelRequestInit {
  readonly watchId?: number | undefined;
}

export function decodeWatchCancelRequest(bytes: Uint8Array): WatchCancelRequest {
  return readWatchCancelRequest(new Reader(bytes));
}

export function encodeWatchCancelRequest(message: WatchCancelRequestInit): Uint8Array {
  const writer = startMessage();
  writeWatchCancelRequest(writer, message);
  return writer.finish();
}

function readWatchCancelRequest(reader: Reader, into?: WatchCancelRequest): WatchCancelRequest {
  const message: WatchCancelRequest = into ?? { watchId: 0 };
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 8:
        message.watchId = reader.int64();
        break;
      default:
        reader.skip(tag);
    }
  }
  return message;
}

function writeWatchCancelRequest(writer: Writer, message: WatchCancelRequestInit): void {
  const watchId = message.watchId ?? 0;
  if (watchId !== 0) writer.int64(8, watchId);
}

/** Asks for a header that holds for all watches of the stream. */
export type WatchProgressRequest = Record<string, never>;
export type WatchProgressRequestInit = Record<string, never>;

export function decodeWatchProgressRequest(bytes: Uint8Array): WatchProgressRequest {
  return readWatchProgressRequest(new Reader(bytes));
}

export function encodeWatchProgressRequest(message: WatchProgressRequestInit): Uint8Array {
  const writer = startMessage();
  writeWatchProgressRequest(writer, message);
  return writer.finish();
}

function readWatchProgressRequest(
  reader: Reader,
  into: WatchProgressRequest = {},
): WatchProgressRequest {
  while (reader.position < reader.end) reader.skip(reader.tag());
  return into;
}

function writeWatchProgressRequest(_writer: Writer, _message: WatchProgressRequestInit): void {
  // Nothing to write.
}

export interface WatchResponse {
  header: ResponseHeader | undefined;
  watchId: number;
  created: boolean;
  canceled: boolean;
  /** Not 0: the watch fell behind what compaction left; this is the first revision it may ask for. */
  compactRevision: number;
  cancelReason: string;
  /** More of the same revision follows. */
  fragment: boolean;
  /** All events of a revision, unless `fragment`, and maybe of several. */
  events: Event[];
}

export interface WatchResponseInit {
  readonly header?: ResponseHeaderInit | undefined;
  readonly watchId?: number | undefined;
  readonly created?: boolean | undefined;
  readonly canceled?: boolean | undefined;
  readonly compactRevision?: number | undefined;
  readonly cancelReason?: string | undefined;
  readonly fragment?: boolean | undefined;
  readonly events?: readonly EventInit[] | undefined;
}

export function decodeWatchResponse(bytes: Uint8Array): WatchResponse {
  return readWatchResponse(new Reader(bytes));
}

export function encodeWatchResponse(message: WatchResponseInit): Uint8Array {
  const writer = startMessage();
  writeWatchResponse(writer, message);
  return writer.finish();
}

function readWatchResponse(reader: Reader, into?: WatchResponse): WatchResponse {
  const message: WatchResponse = into ?? {
    header: undefined,
    watchId: 0,
    created: false,
    canceled: false,
    compactRevision: 0,
    cancelReason: "",
    fragment: false,
    events: [],
  };
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 10: {
        const outerEnd = reader.enter();
        message.header = readResponseHeader(reader, message.header);
        reader.leave(outerEnd);
        break;
      }
      case 16:
        message.watchId = reader.int64();
        break;
      case 24:
        message.created = reader.bool();
        break;
      case 32:
        message.canceled = reader.bool();
        break;
      case 40:
        message.compactRevision = reader.int64();
        break;
      case 50:
        message.cancelReason = reader.string();
        break;
      case 56:
        message.fragment = reader.bool();
        break;
      case 90: {
        const outerEnd = reader.enter();
        message.events.push(readEvent(reader));
        reader.leave(outerEnd);
        break;
      }
      default:
        reader.skip(tag);
    }
  }
  return message;
}

function writeWatchResponse(writer: Writer, message: WatchResponseInit): void {
  const events = message.events;
  if (events !== undefined) {
    for (let index = events.length - 1; index >= 0; index -= 1) {
      const mark = writer.mark();
      writeEvent(writer, events[index] as EventInit);
      writer.message(90, mark);
    }
  }
  if (message.fragment === true) writer.bool(56, message.fragment);
  const cancelReason = message.cancelReason ?? "";
  if (cancelReason !== "") writer.string(50, cancelReason);
  const compactRevision = message.compactRevision ?? 0;
  if (compactRevision !== 0) writer.int64(40, compactRevision);
  if (message.canceled === true) writer.bool(32, message.canceled);
  if (message.created === true) writer.bool(24, message.created);
  const watchId = message.watchId ?? 0;
  if (watchId !== 0) writer.int64(16, watchId);
  if (message.header !== undefined) {
    const mark = writer.mark();
    writeResponseHeader(writer, message.header);
    writer.message(10, mark);
  }
}

export interface LeaseGrantRequest {
  /** Seconds asked for; the answer tells what was given. */
  ttl: number;
  /** The client's own choice; 0 lets the server choose. */
  id: bigint;
}

export interface LeaseGrantRequestInit {
  readonly ttl?: number | undefined;
  readonly id?: bigint | undefined;
}

export function decodeLeaseGrantRequest(bytes: Uint8Array): LeaseGrantRequest {
  return readLeaseGrantRequest(new Reader(bytes));
}

export function encodeLeaseGrantRequest(message: LeaseGrantRequestInit): Uint8Array {
  const writer = startMessage();
  writeLeaseGrantRequest(writer, message);
  return writer.finish();
}

function readLeaseGrantRequest(reader: Reader, into?: LeaseGrantRequest): LeaseGrantRequest {
  const message: LeaseGrantRequest = into ?? { ttl: 0, id: 0n };
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 8:
        message.ttl = reader.int64();
        break;
      case 16:
        message.id = reader.bigInt64();
        break;
      default:
        reader.skip(tag);
    }
  }
  return message;
}

function writeLeaseGrantRequest(writer: Writer, message: LeaseGrantRequestInit): void {
  const id = message.id ?? 0n;
  if (id !== 0n) writer.bigInt64(16, id);
  const ttl = message.ttl ?? 0;
  if (ttl !== 0) writer.int64(8, ttl);
}

export interface LeaseGrantResponse {
  header: ResponseHeader | undefined;
  id: bigint;
  ttl: number;
  /** Never set. */
  error: string;
}

export interface LeaseGrantResponseInit {
  readonly header?: ResponseHeaderInit | undefined;
  readonly id?: bigint | undefined;
  readonly ttl?: number | undefined;
  readonly error?: string | undefined;
}

export function decodeLeaseGrantResponse(bytes: Uint8Array): LeaseGrantResponse {
  return readLeaseGrantResponse(new Reader(bytes));
}

export function encodeLeaseGrantResponse(message: LeaseGrantResponseInit): Uint8Array {
  const writer = startMessage();
  writeLeaseGrantResponse(writer, message);
  return writer.finish();
}

function readLeaseGrantResponse(reader: Reader, into?: LeaseGrantResponse): LeaseGrantResponse {
  const message: LeaseGrantResponse = into ?? { header: undefined, id: 0n, ttl: 0, error: "" };
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 10: {
        const outerEnd = reader.enter();
        message.header = readResponseHeader(reader, message.header);
        reader.leave(outerEnd);
        break;
      }
      case 16:
        message.id = reader.bigInt64();
        break;
      case 24:
        message.ttl = reader.int64();
        break;
      case 34:
        message.error = reader.string();
        break;
      default:
        reader.skip(tag);
    }
  }
  return message;
}

function writeLeaseGrantResponse(writer: Writer, message: LeaseGrantResponseInit): void {
  const error = message.error ?? "";
  if (error !== "") writer.string(34, error);
  const ttl = message.ttl ?? 0;
  if (ttl !== 0) writer.int64(24, ttl);
  const id = message.id ?? 0n;
  if (id !== 0n) writer.bigInt64(16, id);
  if (message.header !== undefined) {
    const mark = writer.mark();
    writeResponseHeader(writer, message.header);
    writer.message(10, mark);
  }
}

export interface LeaseRevokeRequest {
  id: bigint;
}

export interface LeaseRevokeRequestInit {
  readonly id?: bigint | undefined;
}

export function decodeLeaseRevokeRequest(bytes: Uint8Array): LeaseRevokeRequest {
  return readLeaseRevokeRequest(new Reader(bytes));
}

export function encodeLeaseRevokeRequest(message: LeaseRevokeRequestInit): Uint8Array {
  const writer = startMessage();
  writeLeaseRevokeRequest(writer, message);
  return writer.finish();
}

function readLeaseRevokeRequest(reader: Reader, into?: LeaseRevokeRequest): LeaseRevokeRequest {
  const message: LeaseRevokeRequest = into ?? { id: 0n };
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 8:
        message.id = reader.bigInt64();
        break;
      default:
        reader.skip(tag);
    }
  }
  return message;
}

function writeLeaseRevokeRequest(writer: Writer, message: LeaseRevokeRequestInit): void {
  const id = message.id ?? 0n;
  if (id !== 0n) writer.bigInt64(8, id);
}

export interface LeaseRevokeResponse {
  header: ResponseHeader | undefined;
}

export interface LeaseRevokeResponseInit {
  readonly header?: ResponseHeaderInit | undefined;
}

export function decodeLeaseRevokeResponse(bytes: Uint8Array): LeaseRevokeResponse {
  return readResignResponse(new Reader(bytes));
}

export function encodeLeaseRevokeResponse(message: LeaseRevokeResponseInit): Uint8Array {
  const writer = startMessage();
  writeResignResponse(writer, message);
  return writer.finish();
}

/** How long a lease still had; between members only. */
export interface LeaseCheckpoint {
  id: bigint;
  remainingTtl: number;
}

export interface LeaseCheckpointInit {
  readonly id?: bigint | undefined;
  readonly remainingTtl?: number | undefined;
}

export function decodeLeaseCheckpoint(bytes: Uint8Array): LeaseCheckpoint {
  return readLeaseCheckpoint(new Reader(bytes));
}

export function encodeLeaseCheckpoint(message: LeaseCheckpointInit): Uint8Array {
  const writer = startMessage();
  writeLeaseCheckpoint(writer, message);
  return writer.finish();
}

function readLeaseCheckpoint(reader: Reader, into?: LeaseCheckpoint): LeaseCheckpoint {
  const message: LeaseCheckpoint = into ?? { id: 0n, remainingTtl: 0 };
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 8:
        message.id = reader.bigInt64();
        break;
      case 16:
        message.remainingTtl = reader.int64();
        break;
      default:
        reader.skip(tag);
    }
  }
  return message;
}

function writeLeaseCheckpoint(writer: Writer, message: LeaseCheckpointInit): void {
  const remainingTtl = message.remainingTtl ?? 0;
  if (remainingTtl !== 0) writer.int64(16, remainingTtl);
  const id = message.id ?? 0n;
  if (id !== 0n) writer.bigInt64(8, id);
}

export interface LeaseCheckpointRequest {
  checkpoints: LeaseCheckpoint[];
}

export interface LeaseCheckpointRequestInit {
  readonly checkpoints?: readonly LeaseCheckpointInit[] | undefined;
}

export function decodeLeaseCheckpointRequest(bytes: Uint8Array): LeaseCheckpointRequest {
  return readLeaseCheckpointRequest(new Reader(bytes));
}

export function encodeLeaseCheckpointRequest(message: LeaseCheckpointRequestInit): Uint8Array {
  const writer = startMessage();
  writeLeaseCheckpointRequest(writer, message);
  return writer.finish();
}

function readLeaseCheckpointRequest(
  reader: Reader,
  into?: LeaseCheckpointRequest,
): LeaseCheckpointRequest {
  const message: LeaseCheckpointRequest = into ?? { checkpoints: [] };
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 10: {
        const outerEnd = reader.enter();
        message.checkpoints.push(readLeaseCheckpoint(reader));
        reader.leave(outerEnd);
        break;
      }
      default:
        reader.skip(tag);
    }
  }
  return message;
}

function writeLeaseCheckpointRequest(writer: Writer, message: LeaseCheckpointRequestInit): void {
  const checkpoints = message.checkpoints;
  if (checkpoints !== undefined) {
    for (let index = checkpoints.length - 1; index >= 0; index -= 1) {
      const mark = writer.mark();
      writeLeaseCheckpoint(writer, checkpoints[index] as LeaseCheckpointInit);
      writer.message(10, mark);
    }
  }
}

export interface LeaseCheckpointResponse {
  header: ResponseHeader | undefined;
}

export interface LeaseCheckpointResponseInit {
  readonly header?: ResponseHeaderInit | undefined;
}

export function decodeLeaseCheckpointResponse(bytes: Uint8Array): LeaseCheckpointResponse {
  return readResignResponse(new Reader(bytes));
}

export function encodeLeaseCheckpointResponse(message: LeaseCheckpointResponseInit): Uint8Array {
  const writer = startMessage();
  writeResignResponse(writer, message);
  return writer.finish();
}

export interface LeaseKeepAliveRequest {
  id: bigint;
}

export interface LeaseKeepAliveRequestInit {
  readonly id?: bigint | undefined;
}

export function decodeLeaseKeepAliveRequest(bytes: Uint8Array): LeaseKeepAliveRequest {
  return readLeaseRevokeRequest(new Reader(bytes));
}

export function encodeLeaseKeepAliveRequest(message: LeaseKeepAliveRequestInit): Uint8Array {
  const writer = startMessage();
  writeLeaseRevokeRequest(writer, message);
  return writer.finish();
}

export interface LeaseKeepAliveResponse {
  header: ResponseHeader | undefined;
  id: bigint;
  /** Seconds from now; 0 if there is no such lease. */
  ttl: number;
}

export interface LeaseKeepAliveResponseInit {
  readonly header?: ResponseHeaderInit | undefined;
  readonly id?: bigint | undefined;
  readonly ttl?: number | undefined;
}

export function decodeLeaseKeepAliveResponse(bytes: Uint8Array): LeaseKeepAliveResponse {
  return readLeaseKeepAliveResponse(new Reader(bytes));
}

export function encodeLeaseKeepAliveResponse(message: LeaseKeepAliveResponseInit): Uint8Array {
  const writer = startMessage();
  writeLeaseKeepAliveResponse(writer, message);
  return writer.finish();
}

function readLeaseKeepAliveResponse(
  reader: Reader,
  into?: LeaseKeepAliveResponse,
): LeaseKeepAliveResponse {
  const message: LeaseKeepAliveResponse = into ?? { header: undefined, id: 0n, ttl: 0 };
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 10: {
        const outerEnd = reader.enter();
        message.header = readResponseHeader(reader, message.header);
        reader.leave(outerEnd);
        break;
      }
      case 16:
        message.id = reader.bigInt64();
        break;
      case 24:
        message.ttl = reader.int64();
        break;
      default:
        reader.skip(tag);
    }
  }
  return message;
}

function writeLeaseKeepAliveResponse(writer: Writer, message: LeaseKeepAliveResponseInit): void {
  const ttl = message.ttl ?? 0;
  if (ttl !== 0) writer.int64(24, ttl);
  const id = message.id ?? 0n;
  if (id !== 0n) writer.bigInt64(16, id);
  if (message.header !== undefined) {
    const mark = writer.mark();
    writeResponseHeader(writer, message.header);
    writer.message(10, mark);
  }
}

export interface LeaseTimeToLiveRequest {
  id: bigint;
  /** Tell the keys too. */
  keys: boolean;
}

export interface LeaseTimeToLiveRequestInit {
  readonly id?: bigint | undefined;
  readonly keys?: boolean | undefined;
}

export function decodeLeaseTimeToLiveRequest(bytes: Uint8Array): LeaseTimeToLiveRequest {
  return readLeaseTimeToLiveRequest(new Reader(bytes));
}

export function encodeLeaseTimeToLiveRequest(message: LeaseTimeToLiveRequestInit): Uint8Array {
  const writer = startMessage();
  writeLeaseTimeToLiveRequest(writer, message);
  return writer.finish();
}

function readLeaseTimeToLiveRequest(
  reader: Reader,
  into?: LeaseTimeToLiveRequest,
): LeaseTimeToLiveRequest {
  const message: LeaseTimeToLiveRequest = into ?? { id: 0n, keys: false };
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 8:
        message.id = reader.bigInt64();
        break;
      case 16:
        message.keys = reader.bool();
        break;
      default:
        reader.skip(tag);
    }
  }
  return message;
}

function writeLeaseTimeToLiveRequest(writer: Writer, message: LeaseTimeToLiveRequestInit): void {
  if (message.keys === true) writer.bool(16, message.keys);
  const id = message.id ?? 0n;
  if (id !== 0n) writer.bigInt64(8, id);
}

export interface LeaseTimeToLiveResponse {
  header: ResponseHeader | undefined;
  id: bigint;
  /** Seconds left; -1 if there is no such lease. */
  ttl: number;
  grantedTtl: number;
  keys: Uint8Array[];
}

export interface LeaseTimeToLiveResponseInit {
  readonly header?: ResponseHeaderInit | undefined;
  readonly id?: bigint | undefined;
  readonly ttl?: number | undefined;
  readonly grantedTtl?: number | undefined;
  readonly keys?: readonly Uint8Array[] | undefined;
}

export function decodeLeaseTimeToLiveResponse(bytes: Uint8Array): LeaseTimeToLiveResponse {
  return readLeaseTimeToLiveResponse(new Reader(bytes));
}

export function encodeLeaseTimeToLiveResponse(message: LeaseTimeToLiveResponseInit): Uint8Array {
  const writer = startMessage();
  writeLeaseTimeToLiveResponse(writer, message);
  return writer.finish();
}

function readLeaseTimeToLiveResponse(
  reader: Reader,
  into?: LeaseTimeToLiveResponse,
): LeaseTimeToLiveResponse {
  const message: LeaseTimeToLiveResponse = into ?? {
    header: undefined,
    id: 0n,
    ttl: 0,
    grantedTtl: 0,
    keys: [],
  };
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 10: {
        const outerEnd = reader.enter();
        message.header = readResponseHeader(reader, message.header);
        reader.leave(outerEnd);
        break;
      }
      case 16:
        message.id = reader.bigInt64();
        break;
      case 24:
        message.ttl = reader.int64();
        break;
      case 32:
        message.grantedTtl = reader.int64();
        break;
      case 42:
        message.keys.push(reader.bytes());
        break;
      default:
        reader.skip(tag);
    }
  }
  return message;
}

function writeLeaseTimeToLiveResponse(writer: Writer, message: LeaseTimeToLiveResponseInit): void {
  const keys = message.keys;
  if (keys !== undefined) {
    for (let index = keys.length - 1; index >= 0; index -= 1) {
      writer.bytes(42, keys[index] as Uint8Array);
    }
  }
  const grantedTtl = message.grantedTtl ?? 0;
  if (grantedTtl !== 0) writer.int64(32, grantedTtl);
  const ttl = message.ttl ?? 0;
  if (ttl !== 0) writer.int64(24, ttl);
  const id = message.id ?? 0n;
  if (id !== 0n) writer.bigInt64(16, id);
  if (message.header !== undefined) {
    const mark = writer.mark();
    writeResponseHeader(writer, message.header);
    writer.message(10, mark);
  }
}

export type LeaseLeasesRequest = Record<string, never>;
export type LeaseLeasesRequestInit = Record<string, never>;

export function decodeLeaseLeasesRequest(bytes: Uint8Array): LeaseLeasesRequest {
  return readWatchProgressRequest(new Reader(bytes));
}

export function encodeLeaseLeasesRequest(message: LeaseLeasesRequestInit): Uint8Array {
  const writer = startMessage();
  writeWatchProgressRequest(writer, message);
  return writer.finish();
}

export interface LeaseStatus {
  id: bigint;
}

export interface LeaseStatusInit {
  readonly id?: bigint | undefined;
}

export function decodeLeaseStatus(bytes: Uint8Array): LeaseStatus {
  return readLeaseRevokeRequest(new Reader(bytes));
}

export function encodeLeaseStatus(message: LeaseStatusInit): Uint8Array {
  const writer = startMessage();
  writeLeaseRevokeRequest(writer, message);
  return writer.finish();
}

export interface LeaseLeasesResponse {
  header: ResponseHeader | undefined;
  leases: LeaseStatus[];
}

export interface LeaseLeasesResponseInit {
  readonly header?: ResponseHeaderInit | undefined;
  readonly leases?: readonly LeaseStatusInit[] | undefined;
}

export function decodeLeaseLeasesResponse(bytes: Uint8Array): LeaseLeasesResponse {
  return readLeaseLeasesResponse(new Reader(bytes));
}

export function encodeLeaseLeasesResponse(message: LeaseLeasesResponseInit): Uint8Array {
  const writer = startMessage();
  writeLeaseLeasesResponse(writer, message);
  return writer.finish();
}

function readLeaseLeasesResponse(reader: Reader, into?: LeaseLeasesResponse): LeaseLeasesResponse {
  const message: LeaseLeasesResponse = into ?? { header: undefined, leases: [] };
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 10: {
        const outerEnd = reader.enter();
        message.header = readResponseHeader(reader, message.header);
        reader.leave(outerEnd);
        break;
      }
      case 18: {
        const outerEnd = reader.enter();
        message.leases.push(readLeaseRevokeRequest(reader));
        reader.leave(outerEnd);
        break;
      }
      default:
        reader.skip(tag);
    }
  }
  return message;
}

function writeLeaseLeasesResponse(writer: Writer, message: LeaseLeasesResponseInit): void {
  const leases = message.leases;
  if (leases !== undefined) {
    for (let index = leases.length - 1; index >= 0; index -= 1) {
      const mark = writer.mark();
      writeLeaseRevokeRequest(writer, leases[index] as LeaseStatusInit);
      writer.message(18, mark);
    }
  }
  if (message.header !== undefined) {
    const mark = writer.mark();
    writeResponseHeader(writer, message.header);
    writer.message(10, mark);
  }
}

export interface Member {
  id: bigint;
  /** Empty until the member has started. */
  name: string;
  peerUrls: string[];
  /** Empty until the member has started. */
  clientUrls: string[];
  /** Takes part without a vote. */
  isLearner: boolean;
}

export interface MemberInit {
  readonly id?: bigint | undefined;
  readonly name?: string | undefined;
  readonly peerUrls?: readonly string[] | undefined;
  readonly clientUrls?: readonly string[] | undefined;
  readonly isLearner?: boolean | undefined;
}

export function decodeMember(bytes: Uint8Array): Member {
  return readMember(new Reader(bytes));
}

export function encodeMember(message: MemberInit): Uint8Array {
  const writer = startMessage();
  writeMember(writer, message);
  return writer.finish();
}

function readMember(reader: Reader, into?: Member): Member {
  const message: Member = into ?? {
    id: 0n,
    name: "",
    peerUrls: [],
    clientUrls: [],
    isLearner: false,
  };
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 8:
        message.id = reader.bigUint64();
        break;
      case 18:
        message.name = reader.string();
        break;
      case 26:
        message.peerUrls.push(reader.string());
        break;
      case 34:
        message.clientUrls.push(reader.string());
        break;
      case 40:
        message.isLearner = reader.bool();
        break;
      default:
        reader.skip(tag);
    }
  }
  return message;
}

function writeMember(writer: Writer, message: MemberInit): void {
  if (message.isLearner === true) writer.bool(40, message.isLearner);
  const clientUrls = message.clientUrls;
  if (clientUrls !== undefined) {
    for (let index = clientUrls.length - 1; index >= 0; index -= 1) {
      writer.string(34, clientUrls[index] as string);
    }
  }
  const peerUrls = message.peerUrls;
  if (peerUrls !== undefined) {
    for (let index = peerUrls.length - 1; index >= 0; index -= 1) {
      writer.string(26, peerUrls[index] as string);
    }
  }
  const name = message.name ?? "";
  if (name !== "") writer.string(18, name);
  const id = message.id ?? 0n;
  if (id !== 0n) writer.bigUint64(8, id);
}

export interface MemberAddRequest {
  peerUrls: string[];
  isLearner: boolean;
}

export interface MemberAddRequestInit {
  readonly peerUrls?: readonly string[] | undefined;
  readonly isLearner?: boolean | undefined;
}

export function decodeMemberAddRequest(bytes: Uint8Array): MemberAddRequest {
  return readMemberAddRequest(new Reader(bytes));
}

export function encodeMemberAddRequest(message: MemberAddRequestInit): Uint8Array {
  const writer = startMessage();
  writeMemberAddRequest(writer, message);
  return writer.finish();
}

function readMemberAddRequest(reader: Reader, into?: MemberAddRequest): MemberAddRequest {
  const message: MemberAddRequest = into ?? { peerUrls: [], isLearner: false };
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 10:
        message.peerUrls.push(reader.string());
        break;
      case 16:
        message.isLearner = reader.bool();
        break;
      default:
        reader.skip(tag);
    }
  }
  return message;
}

function writeMemberAddRequest(writer: Writer, message: MemberAddRequestInit): void {
  if (message.isLearner === true) writer.bool(16, message.isLearner);
  const peerUrls = message.peerUrls;
  if (peerUrls !== undefined) {
    for (let index = peerUrls.length - 1; index >= 0; index -= 1) {
      writer.string(10, peerUrls[index] as string);
    }
  }
}

export interface MemberAddResponse {
  header: ResponseHeader | undefined;
  /** The new one. */
  member: Member | undefined;
  /** All, with the new one. */
  members: Member[];
}

export interface MemberAddResponseInit {
  readonly header?: ResponseHeaderInit | undefined;
  readonly member?: MemberInit | undefined;
  readonly members?: readonly MemberInit[] | undefined;
}

export function decodeMemberAddResponse(bytes: Uint8Array): MemberAddResponse {
  return readMemberAddResponse(new Reader(bytes));
}

export function encodeMemberAddResponse(message: MemberAddResponseInit): Uint8Array {
  const writer = startMessage();
  writeMemberAddResponse(writer, message);
  return writer.finish();
}

function readMemberAddResponse(reader: Reader, into?: MemberAddResponse): MemberAddResponse {
  const message: MemberAddResponse = into ?? { header: undefined, member: undefined, members: [] };
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 10: {
        const outerEnd = reader.enter();
        message.header = readResponseHeader(reader, message.header);
        reader.leave(outerEnd);
        break;
      }
      case 18: {
        const outerEnd = reader.enter();
        message.member = readMember(reader, message.member);
        reader.leave(outerEnd);
        break;
      }
      case 26: {
        const outerEnd = reader.enter();
        message.members.push(readMember(reader));
        reader.leave(outerEnd);
        break;
      }
      default:
        reader.skip(tag);
    }
  }
  return message;
}

function writeMemberAddResponse(writer: Writer, message: MemberAddResponseInit): void {
  const members = message.members;
  if (members !== undefined) {
    for (let index = members.length - 1; index >= 0; index -= 1) {
      const mark = writer.mark();
      writeMember(writer, members[index] as MemberInit);
      writer.message(26, mark);
    }
  }
  if (message.member !== undefined) {
    const mark = writer.mark();
    writeMember(writer, message.member);
    writer.message(18, mark);
  }
  if (message.header !== undefined) {
    const mark = writer.mark();
    writeResponseHeader(writer, message.header);
    writer.message(10, mark);
  }
}

export interface MemberRemoveRequest {
  id: bigint;
}

export interface MemberRemoveRequestInit {
  readonly id?: bigint | undefined;
}

export function decodeMemberRemoveRequest(bytes: Uint8Array): MemberRemoveRequest {
  return readMemberRemoveRequest(new Reader(bytes));
}

export function encodeMemberRemoveRequest(message: MemberRemoveRequestInit): Uint8Array {
  const writer = startMessage();
  writeMemberRemoveRequest(writer, message);
  return writer.finish();
}

function readMemberRemoveRequest(reader: Reader, into?: MemberRemoveRequest): MemberRemoveRequest {
  const message: MemberRemoveRequest = into ?? { id: 0n };
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 8:
        message.id = reader.bigUint64();
        break;
      default:
        reader.skip(tag);
    }
  }
  return message;
}

function writeMemberRemoveRequest(writer: Writer, message: MemberRemoveRequestInit): void {
  const id = message.id ?? 0n;
  if (id !== 0n) writer.bigUint64(8, id);
}

export interface MemberRemoveResponse {
  header: ResponseHeader | undefined;
  members: Member[];
}

export interface MemberRemoveResponseInit {
  readonly header?: ResponseHeaderInit | undefined;
  readonly members?: readonly MemberInit[] | undefined;
}

export function decodeMemberRemoveResponse(bytes: Uint8Array): MemberRemoveResponse {
  return readMemberRemoveResponse(new Reader(bytes));
}

export function encodeMemberRemoveResponse(message: MemberRemoveResponseInit): Uint8Array {
  const writer = startMessage();
  writeMemberRemoveResponse(writer, message);
  return writer.finish();
}

function readMemberRemoveResponse(
  reader: Reader,
  into?: MemberRemoveResponse,
): MemberRemoveResponse {
  const message: MemberRemoveResponse = into ?? { header: undefined, members: [] };
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 10: {
        const outerEnd = reader.enter();
        message.header = readResponseHeader(reader, message.header);
        reader.leave(outerEnd);
        break;
      }
      case 18: {
        const outerEnd = reader.enter();
        message.members.push(readMember(reader));
        reader.leave(outerEnd);
        break;
      }
      default:
        reader.skip(tag);
    }
  }
  return message;
}

function writeMemberRemoveResponse(writer: Writer, message: MemberRemoveResponseInit): void {
  const members = message.members;
  if (members !== undefined) {
    for (let index = members.length - 1; index >= 0; index -= 1) {
      const mark = writer.mark();
      writeMember(writer, members[index] as MemberInit);
      writer.message(18, mark);
    }
  }
  if (message.header !== undefined) {
    const mark = writer.mark();
    writeResponseHeader(writer, message.header);
    writer.message(10, mark);
  }
}

export interface MemberUpdateRequest {
  id: bigint;
  peerUrls: string[];
}

export interface MemberUpdateRequestInit {
  readonly id?: bigint | undefined;
  readonly peerUrls?: readonly string[] | undefined;
}

export function decodeMemberUpdateRequest(bytes: Uint8Array): MemberUpdateRequest {
  return readMemberUpdateRequest(new Reader(bytes));
}

export function encodeMemberUpdateRequest(message: MemberUpdateRequestInit): Uint8Array {
  const writer = startMessage();
  writeMemberUpdateRequest(writer, message);
  return writer.finish();
}

function readMemberUpdateRequest(reader: Reader, into?: MemberUpdateRequest): MemberUpdateRequest {
  const message: MemberUpdateRequest = into ?? { id: 0n, peerUrls: [] };
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 8:
        message.id = reader.bigUint64();
        break;
      case 18:
        message.peerUrls.push(reader.string());
        break;
      default:
        reader.skip(tag);
    }
  }
  return message;
}

function writeMemberUpdateRequest(writer: Writer, message: MemberUpdateRequestInit): void {
  const peerUrls = message.peerUrls;
  if (peerUrls !== undefined) {
    for (let index = peerUrls.length - 1; index >= 0; index -= 1) {
      writer.string(18, peerUrls[index] as string);
    }
  }
  const id = message.id ?? 0n;
  if (id !== 0n) writer.bigUint64(8, id);
}

export interface MemberUpdateResponse {
  header: ResponseHeader | undefined;
  members: Member[];
}

export interface MemberUpdateResponseInit {
  readonly header?: ResponseHeaderInit | undefined;
  readonly members?: readonly MemberInit[] | undefined;
}

export function decodeMemberUpdateResponse(bytes: Uint8Array): MemberUpdateResponse {
  return readMemberRemoveResponse(new Reader(bytes));
}

export function encodeMemberUpdateResponse(message: MemberUpdateResponseInit): Uint8Array {
  const writer = startMessage();
  writeMemberRemoveResponse(writer, message);
  return writer.finish();
}

export interface MemberListRequest {
  /** Ask the leader first, so that nothing older is shown. */
  linearizable: boolean;
}

export interface MemberListRequestInit {
  readonly linearizable?: boolean | undefined;
}

export function decodeMemberListRequest(bytes: Uint8Array): MemberListRequest {
  return readMemberListRequest(new Reader(bytes));
}

export function encodeMemberListRequest(message: MemberListRequestInit): Uint8Array {
  const writer = startMessage();
  writeMemberListRequest(writer, message);
  return writer.finish();
}

function readMemberListRequest(reader: Reader, into?: MemberListRequest): MemberListRequest {
  const message: MemberListRequest = into ?? { linearizable: false };
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 8:
        message.linearizable = reader.bool();
        break;
      default:
        reader.skip(tag);
    }
  }
  return message;
}

function writeMemberListRequest(writer: Writer, message: MemberListRequestInit): void {
  if (message.linearizable === true) writer.bool(8, message.linearizable);
}

export interface MemberListResponse {
  header: ResponseHeader | undefined;
  members: Member[];
}

export interface MemberListResponseInit {
  readonly header?: ResponseHeaderInit | undefined;
  readonly members?: readonly MemberInit[] | undefined;
}

export function decodeMemberListResponse(bytes: Uint8Array): MemberListResponse {
  return readMemberRemoveResponse(new Reader(bytes));
}

export function encodeMemberListResponse(message: MemberListResponseInit): Uint8Array {
  const writer = startMessage();
  writeMemberRemoveResponse(writer, message);
  return writer.finish();
}

export interface MemberPromoteRequest {
  id: bigint;
}

export interface MemberPromoteRequestInit {
  readonly id?: bigint | undefined;
}

export function decodeMemberPromoteRequest(bytes: Uint8Array): MemberPromoteRequest {
  return readMemberRemoveRequest(new Reader(bytes));
}

export function encodeMemberPromoteRequest(message: MemberPromoteRequestInit): Uint8Array {
  const writer = startMessage();
  writeMemberRemoveRequest(writer, message);
  return writer.finish();
}

export interface MemberPromoteResponse {
  header: ResponseHeader | undefined;
  members: Member[];
}

export interface MemberPromoteResponseInit {
  readonly header?: ResponseHeaderInit | undefined;
  readonly members?: readonly MemberInit[] | undefined;
}

export function decodeMemberPromoteResponse(bytes: Uint8Array): MemberPromoteResponse {
  return readMemberRemoveResponse(new Reader(bytes));
}

export function encodeMemberPromoteResponse(message: MemberPromoteResponseInit): Uint8Array {
  const writer = startMessage();
  writeMemberRemoveResponse(writer, message);
  return writer.finish();
}

export const AlarmType = {
  none: 0,
  /** The database reached its quota. */
  nospace: 1,
  /** Members do not agree. */
  corrupt: 2,
} as const;
export type AlarmType = (typeof AlarmType)[keyof typeof AlarmType];

export const AlarmAction = {
  get: 0,
  activate: 1,
  deactivate: 2,
} as const;
export type AlarmAction = (typeof AlarmAction)[keyof typeof AlarmAction];

export interface AlarmRequest {
  action: number;
  memberId: bigint;
  alarm: number;
}

export interface AlarmRequestInit {
  readonly action?: number | undefined;
  readonly memberId?: bigint | undefined;
  readonly alarm?: number | undefined;
}

export function decodeAlarmRequest(bytes: Uint8Array): AlarmRequest {
  return readAlarmRequest(new Reader(bytes));
}

export function encodeAlarmRequest(message: AlarmRequestInit): Uint8Array {
  const writer = startMessage();
  writeAlarmRequest(writer, message);
  return writer.finish();
}

function readAlarmRequest(reader: Reader, into?: AlarmRequest): AlarmRequest {
  const message: AlarmRequest = into ?? { action: 0, memberId: 0n, alarm: 0 };
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 8:
        message.action = reader.enum();
        break;
      case 16:
        message.memberId = reader.bigUint64();
        break;
      case 24:
        message.alarm = reader.enum();
        break;
      default:
        reader.skip(tag);
    }
  }
  return message;
}

function writeAlarmRequest(writer: Writer, message: AlarmRequestInit): void {
  const alarm = message.alarm ?? 0;
  if (alarm !== 0) writer.enum(24, alarm);
  const memberId = message.memberId ?? 0n;
  if (memberId !== 0n) writer.bigUint64(16, memberId);
  const action = message.action ?? 0;
  if (action !== 0) writer.enum(8, action);
}

export interface AlarmMember {
  memberId: bigint;
  alarm: number;
}

export interface AlarmMemberInit {
  readonly memberId?: bigint | undefined;
  readonly alarm?: number | undefined;
}

export function decodeAlarmMember(bytes: Uint8Array): AlarmMember {
  return readAlarmMember(new Reader(bytes));
}

export function encodeAlarmMember(message: AlarmMemberInit): Uint8Array {
  const writer = startMessage();
  writeAlarmMember(writer, message);
  return writer.finish();
}

function readAlarmMember(reader: Reader, into?: AlarmMember): AlarmMember {
  const message: AlarmMember = into ?? { memberId: 0n, alarm: 0 };
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 8:
        message.memberId = reader.bigUint64();
        break;
      case 16:
        message.alarm = reader.enum();
        break;
      default:
        reader.skip(tag);
    }
  }
  return message;
}

function writeAlarmMember(writer: Writer, message: AlarmMemberInit): void {
  const alarm = message.alarm ?? 0;
  if (alarm !== 0) writer.enum(16, alarm);
  const memberId = message.memberId ?? 0n;
  if (memberId !== 0n) writer.bigUint64(8, memberId);
}

export interface AlarmResponse {
  header: ResponseHeader | undefined;
  alarms: AlarmMember[];
}

export interface AlarmResponseInit {
  readonly header?: ResponseHeaderInit | undefined;
  readonly alarms?: readonly AlarmMemberInit[] | undefined;
}

export function decodeAlarmResponse(bytes: Uint8Array): AlarmResponse {
  return readAlarmResponse(new Reader(bytes));
}

export function encodeAlarmResponse(message: AlarmResponseInit): Uint8Array {
  const writer = startMessage();
  writeAlarmResponse(writer, message);
  return writer.finish();
}

function readAlarmResponse(reader: Reader, into?: AlarmResponse): AlarmResponse {
  const message: AlarmResponse = into ?? { header: undefined, alarms: [] };
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 10: {
        const outerEnd = reader.enter();
        message.header = readResponseHeader(reader, message.header);
        reader.leave(outerEnd);
        break;
      }
      case 18: {
        const outerEnd = reader.enter();
        message.alarms.push(readAlarmMember(reader));
        reader.leave(outerEnd);
        break;
      }
      default:
        reader.skip(tag);
    }
  }
  return message;
}

function writeAlarmResponse(writer: Writer, message: AlarmResponseInit): void {
  const alarms = message.alarms;
  if (alarms !== undefined) {
    for (let index = alarms.length - 1; index >= 0; index -= 1) {
      const mark = writer.mark();
      writeAlarmMember(writer, alarms[index] as AlarmMemberInit);
      writer.message(18, mark);
    }
  }
  if (message.header !== undefined) {
    const mark = writer.mark();
    writeResponseHeader(writer, message.header);
    writer.message(10, mark);
  }
}

export type StatusRequest = Record<string, never>;
export type StatusRequestInit = Record<string, never>;

export function decodeStatusRequest(bytes: Uint8Array): StatusRequest {
  return readWatchProgressRequest(new Reader(bytes));
}

export function encodeStatusRequest(message: StatusRequestInit): Uint8Array {
  const writer = startMessage();
  writeWatchProgressRequest(writer, message);
  return writer.finish();
}

export interface StatusResponse {
  header: ResponseHeader | undefined;
  /** Of the server, plain: 3.7.3. */
  version: string;
  /** Bytes on disk. */
  dbSize: number;
  /** Member that leads; 0 if none does. */
  leader: bigint;
  raftIndex: number;
  raftTerm: number;
  raftAppliedIndex: number;
  /** Alarms, in words. */
  errors: string[];
  /** Bytes on disk that hold something. */
  dbSizeInUse: number;
  isLearner: boolean;
  storageVersion: string;
  /** Bytes the database may take. */
  dbSizeQuota: number;
  downgradeInfo: DowngradeInfo | undefined;
}

export interface StatusResponseInit {
  readonly header?: ResponseHeaderInit | undefined;
  readonly version?: string | undefined;
  readonly dbSize?: number | undefined;
  readonly leader?: bigint | undefined;
  readonly raftIndex?: number | undefined;
  readonly raftTerm?: number | undefined;
  readonly raftAppliedIndex?: number | undefined;
  readonly errors?: readonly string[] | undefined;
  readonly dbSizeInUse?: number | undefined;
  readonly isLearner?: boolean | undefined;
  readonly storageVersion?: string | undefined;
  readonly dbSizeQuota?: number | undefined;
  readonly downgradeInfo?: DowngradeInfoInit | undefined;
}

export function decodeStatusResponse(bytes: Uint8Array): StatusResponse {
  return readStatusResponse(new Reader(bytes));
}

export function encodeStatusResponse(message: StatusResponseInit): Uint8Array {
  const writer = startMessage();
  writeStatusResponse(writer, message);
  return writer.finish();
}

function readStatusResponse(reader: Reader, into?: StatusResponse): StatusResponse {
  const message: StatusResponse = into ?? {
    header: undefined,
    version: "",
    dbSize: 0,
    leader: 0n,
    raftIndex: 0,
    raftTerm: 0,
    raftAppliedIndex: 0,
    errors: [],
    dbSizeInUse: 0,
    isLearner: false,
    storageVersion: "",
    dbSizeQuota: 0,
    downgradeInfo: undefined,
  };
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 10: {
        const outerEnd = reader.enter();
        message.header = readResponseHeader(reader, message.header);
        reader.leave(outerEnd);
        break;
      }
      case 18:
        message.version = reader.string();
        break;
      case 24:
        message.dbSize = reader.int64();
        break;
      case 32:
        message.leader = reader.bigUint64();
        break;
      case 40:
        message.raftIndex = reader.uint64();
        break;
      case 48:
        message.raftTerm = reader.uint64();
        break;
      case 56:
        message.raftAppliedIndex = reader.uint64();
        break;
      case 66:
        message.errors.push(reader.string());
        break;
      case 72:
        message.dbSizeInUse = reader.int64();
        break;
      case 80:
        message.isLearner = reader.bool();
        break;
      case 90:
        message.storageVersion = reader.string();
        break;
      case 96:
        message.dbSizeQuota = reader.int64();
        break;
      case 106: {
        const outerEnd = reader.enter();
        message.downgradeInfo = readDowngradeInfo(reader, message.downgradeInfo);
        reader.leave(outerEnd);
        break;
      }
      default:
        reader.skip(tag);
    }
  }
  return message;
}

function writeStatusResponse(writer: Writer, message: StatusResponseInit): void {
  if (message.downgradeInfo !== undefined) {
    const mark = writer.mark();
    writeDowngradeInfo(writer, message.downgradeInfo);
    writer.message(106, mark);
  }
  const dbSizeQuota = message.dbSizeQuota ?? 0;
  if (dbSizeQuota !== 0) writer.int64(96, dbSizeQuota);
  const storageVersion = message.storageVersion ?? "";
  if (storageVersion !== "") writer.string(90, storageVersion);
  if (message.isLearner === true) writer.bool(80, message.isLearner);
  const dbSizeInUse = message.dbSizeInUse ?? 0;
  if (dbSizeInUse !== 0) writer.int64(72, dbSizeInUse);
  const errors = message.errors;
  if (errors !== undefined) {
    for (let index = errors.length - 1; index >= 0; index -= 1) {
      writer.string(66, errors[index] as string);
    }
  }
  const raftAppliedIndex = message.raftAppliedIndex ?? 0;
  if (raftAppliedIndex !== 0) writer.uint64(56, raftAppliedIndex);
  const raftTerm = message.raftTerm ?? 0;
  if (raftTerm !== 0) writer.uint64(48, raftTerm);
  const raftIndex = message.raftIndex ?? 0;
  if (raftIndex !== 0) writer.uint64(40, raftIndex);
  const leader = message.leader ?? 0n;
  if (leader !== 0n) writer.bigUint64(32, leader);
  const dbSize = message.dbSize ?? 0;
  if (dbSize !== 0) writer.int64(24, dbSize);
  const version = message.version ?? "";
  if (version !== "") writer.string(18, version);
  if (message.header !== undefined) {
    const mark = writer.mark();
    writeResponseHeader(writer, message.header);
    writer.message(10, mark);
  }
}

export interface DowngradeInfo {
  enabled: boolean;
  targetVersion: string;
}

export interface DowngradeInfoInit {
  readonly enabled?: boolean | undefined;
  readonly targetVersion?: string | undefined;
}

export function decodeDowngradeInfo(bytes: Uint8Array): DowngradeInfo {
  return readDowngradeInfo(new Reader(bytes));
}

export function encodeDowngradeInfo(message: DowngradeInfoInit): Uint8Array {
  const writer = startMessage();
  writeDowngradeInfo(writer, message);
  return writer.finish();
}

function readDowngradeInfo(reader: Reader, into?: DowngradeInfo): DowngradeInfo {
  const message: DowngradeInfo = into ?? { enabled: false, targetVersion: "" };
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 8:
        message.enabled = reader.bool();
        break;
      case 18:
        message.targetVersion = reader.string();
        break;
      default:
        reader.skip(tag);
    }
  }
  return message;
}

function writeDowngradeInfo(writer: Writer, message: DowngradeInfoInit): void {
  const targetVersion = message.targetVersion ?? "";
  if (targetVersion !== "") writer.string(18, targetVersion);
  if (message.enabled === true) writer.bool(8, message.enabled);
}

export type DefragmentRequest = Record<string, never>;
export type DefragmentRequestInit = Record<string, never>;

export function decodeDefragmentRequest(bytes: Uint8Array): DefragmentRequest {
  return readWatchProgressRequest(new Reader(bytes));
}

export function encodeDefragmentRequest(message: DefragmentRequestInit): Uint8Array {
  const writer = startMessage();
  writeWatchProgressRequest(writer, message);
  return writer.finish();
}

export interface DefragmentResponse {
  header: ResponseHeader | undefined;
}

export interface DefragmentResponseInit {
  readonly header?: ResponseHeaderInit | undefined;
}

export function decodeDefragmentResponse(bytes: Uint8Array): DefragmentResponse {
  return readResignResponse(new Reader(bytes));
}

export function encodeDefragmentResponse(message: DefragmentResponseInit): Uint8Array {
  const writer = startMessage();
  writeResignResponse(writer, message);
  return writer.finish();
}

export type HashRequest = Record<string, never>;
export type HashRequestInit = Record<string, never>;

export function decodeHashRequest(bytes: Uint8Array): HashRequest {
  return readWatchProgressRequest(new Reader(bytes));
}

export function encodeHashRequest(message: HashRequestInit): Uint8Array {
  const writer = startMessage();
  writeWatchProgressRequest(writer, message);
  return writer.finish();
}

export interface HashResponse {
  header: ResponseHeader | undefined;
  /** CRC-32C. */
  hash: number;
}

export interface HashResponseInit {
  readonly header?: ResponseHeaderInit | undefined;
  readonly hash?: number | undefined;
}

export function decodeHashResponse(bytes: Uint8Array): HashResponse {
  return readHashResponse(new Reader(bytes));
}

export function encodeHashResponse(message: HashResponseInit): Uint8Array {
  const writer = startMessage();
  writeHashResponse(writer, message);
  return writer.finish();
}

function readHashResponse(reader: Reader, into?: HashResponse): HashResponse {
  const message: HashResponse = into ?? { header: undefined, hash: 0 };
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 10: {
        const outerEnd = reader.enter();
        message.header = readResponseHeader(reader, message.header);
        reader.leave(outerEnd);
        break;
      }
      case 16:
        message.hash = reader.uint32();
        break;
      default:
        reader.skip(tag);
    }
  }
  return message;
}

function writeHashResponse(writer: Writer, message: HashResponseInit): void {
  const hash = message.hash ?? 0;
  if (hash !== 0) writer.uint32(16, hash);
  if (message.header !== undefined) {
    const mark = writer.mark();
    writeResponseHeader(writer, message.header);
    writer.message(10, mark);
  }
}

export interface HashKVRequest {
  /** Up to this revision; 0 for the newest. */
  revision: number;
}

export interface HashKVRequestInit {
  readonly revision?: number | undefined;
}

export function decodeHashKVRequest(bytes: Uint8Array): HashKVRequest {
  return readHashKVRequest(new Reader(bytes));
}

export function encodeHashKVRequest(message: HashKVRequestInit): Uint8Array {
  const writer = startMessage();
  writeHashKVRequest(writer, message);
  return writer.finish();
}

function readHashKVRequest(reader: Reader, into?: HashKVRequest): HashKVRequest {
  const message: HashKVRequest = into ?? { revision: 0 };
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 8:
        message.revision = reader.int64();
        break;
      default:
        reader.skip(tag);
    }
  }
  return message;
}

function writeHashKVRequest(writer: Writer, message: HashKVRequestInit): void {
  const revision = message.revision ?? 0;
  if (revision !== 0) writer.int64(8, revision);
}

export interface HashKVResponse {
  header: ResponseHeader | undefined;
  /** CRC-32C. */
  hash: number;
  /** Compaction that the hash took into account; -1 if there was none. */
  compactRevision: number;
  /** Revision the hash reaches up to. */
  hashRevision: number;
}

export interface HashKVResponseInit {
  readonly header?: ResponseHeaderInit | undefined;
  readonly hash?: number | undefined;
  readonly compactRevision?: number | undefined;
  readonly hashRevision?: number | undefined;
}

export function decodeHashKVResponse(bytes: Uint8Array): HashKVResponse {
  return readHashKVResponse(new Reader(bytes));
}

export function encodeHashKVResponse(message: HashKVResponseInit): Uint8Array {
  const writer = startMessage();
  writeHashKVResponse(writer, message);
  return writer.finish();
}

function readHashKVResponse(reader: Reader, into?: HashKVResponse): HashKVResponse {
  const message: HashKVResponse = into ?? {
    header: undefined,
    hash: 0,
    compactRevision: 0,
    hashRevision: 0,
  };
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 10: {
        const outerEnd = reader.enter();
        message.header = readResponseHeader(reader, message.header);
        reader.leave(outerEnd);
        break;
      }
      case 16:
        message.hash = reader.uint32();
        break;
      case 24:
        message.compactRevision = reader.int64();
        break;
      case 32:
        message.hashRevision = reader.int64();
        break;
      default:
        reader.skip(tag);
    }
  }
  return message;
}

function writeHashKVResponse(writer: Writer, message: HashKVResponseInit): void {
  const hashRevision = message.hashRevision ?? 0;
  if (hashRevision !== 0) writer.int64(32, hashRevision);
  const compactRevision = message.compactRevision ?? 0;
  if (compactRevision !== 0) writer.int64(24, compactRevision);
  const hash = message.hash ?? 0;
  if (hash !== 0) writer.uint32(16, hash);
  if (message.header !== undefined) {
    const mark = writer.mark();
    writeResponseHeader(writer, message.header);
    writer.message(10, mark);
  }
}

export type SnapshotRequest = Record<string, never>;
export type SnapshotRequestInit = Record<string, never>;

export function decodeSnapshotRequest(bytes: Uint8Array): SnapshotRequest {
  return readWatchProgressRequest(new Reader(bytes));
}

export function encodeSnapshotRequest(message: SnapshotRequestInit): Uint8Array {
  const writer = startMessage();
  writeWatchProgressRequest(writer, message);
  return writer.finish();
}

export interface SnapshotResponse {
  header: ResponseHeader | undefined;
  /** Still to come after this piece. */
  remainingBytes: number;
  blob: Uint8Array;
  /** Storage version of the file. */
  version: string;
}

export interface SnapshotResponseInit {
  readonly header?: ResponseHeaderInit | undefined;
  readonly remainingBytes?: number | undefined;
  readonly blob?: Uint8Array | undefined;
  readonly version?: string | undefined;
}

export function decodeSnapshotResponse(bytes: Uint8Array): SnapshotResponse {
  return readSnapshotResponse(new Reader(bytes));
}

export function encodeSnapshotResponse(message: SnapshotResponseInit): Uint8Array {
  const writer = startMessage();
  writeSnapshotResponse(writer, message);
  return writer.finish();
}

function readSnapshotResponse(reader: Reader, into?: SnapshotResponse): SnapshotResponse {
  const message: SnapshotResponse = into ?? {
    header: undefined,
    remainingBytes: 0,
    blob: EMPTY_BYTES,
    version: "",
  };
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 10: {
        const outerEnd = reader.enter();
        message.header = readResponseHeader(reader, message.header);
        reader.leave(outerEnd);
        break;
      }
      case 16:
        message.remainingBytes = reader.uint64();
        break;
      case 26:
        message.blob = reader.bytes();
        break;
      case 34:
        message.version = reader.string();
        break;
      default:
        reader.skip(tag);
    }
  }
  return message;
}

function writeSnapshotResponse(writer: Writer, message: SnapshotResponseInit): void {
  const version = message.version ?? "";
  if (version !== "") writer.string(34, version);
  if (message.blob !== undefined && message.blob.byteLength > 0) writer.bytes(26, message.blob);
  const remainingBytes = message.remainingBytes ?? 0;
  if (remainingBytes !== 0) writer.uint64(16, remainingBytes);
  if (message.header !== undefined) {
    const mark = writer.mark();
    writeResponseHeader(writer, message.header);
    writer.message(10, mark);
  }
}

export interface MoveLeaderRequest {
  targetId: bigint;
}

export interface MoveLeaderRequestInit {
  readonly targetId?: bigint | undefined;
}

export function decodeMoveLeaderRequest(bytes: Uint8Array): MoveLeaderRequest {
  return readMoveLeaderRequest(new Reader(bytes));
}

export function encodeMoveLeaderRequest(message: MoveLeaderRequestInit): Uint8Array {
  const writer = startMessage();
  writeMoveLeaderRequest(writer, message);
  return writer.finish();
}

function readMoveLeaderRequest(reader: Reader, into?: MoveLeaderRequest): MoveLeaderRequest {
  const message: MoveLeaderRequest = into ?? { targetId: 0n };
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 8:
        message.targetId = reader.bigUint64();
        break;
      default:
        reader.skip(tag);
    }
  }
  return message;
}

function writeMoveLeaderRequest(writer: Writer, message: MoveLeaderRequestInit): void {
  const targetId = message.targetId ?? 0n;
  if (targetId !== 0n) writer.bigUint64(8, targetId);
}

export interface MoveLeaderResponse {
  header: ResponseHeader | undefined;
}

export interface MoveLeaderResponseInit {
  readonly header?: ResponseHeaderInit | undefined;
}

export function decodeMoveLeaderResponse(bytes: Uint8Array): MoveLeaderResponse {
  return readResignResponse(new Reader(bytes));
}

export function encodeMoveLeaderResponse(message: MoveLeaderResponseInit): Uint8Array {
  const writer = startMessage();
  writeResignResponse(writer, message);
  return writer.finish();
}

export const DowngradeAction = {
  validate: 0,
  enable: 1,
  cancel: 2,
} as const;
export type DowngradeAction = (typeof DowngradeAction)[keyof typeof DowngradeAction];

export interface DowngradeRequest {
  action: number;
  version: string;
}

export interface DowngradeRequestInit {
  readonly action?: number | undefined;
  readonly version?: string | undefined;
}

export function decodeDowngradeRequest(bytes: Uint8Array): DowngradeRequest {
  return readDowngradeRequest(new Reader(bytes));
}

export function encodeDowngradeRequest(message: DowngradeRequestInit): Uint8Array {
  const writer = startMessage();
  writeDowngradeRequest(writer, message);
  return writer.finish();
}

function readDowngradeRequest(reader: Reader, into?: DowngradeRequest): DowngradeRequest {
  const message: DowngradeRequest = into ?? { action: 0, version: "" };
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 8:
        message.action = reader.enum();
        break;
      case 18:
        message.version = reader.string();
        break;
      default:
        reader.skip(tag);
    }
  }
  return message;
}

function writeDowngradeRequest(writer: Writer, message: DowngradeRequestInit): void {
  const version = message.version ?? "";
  if (version !== "") writer.string(18, version);
  const action = message.action ?? 0;
  if (action !== 0) writer.enum(8, action);
}

export interface DowngradeResponse {
  header: ResponseHeader | undefined;
  /** The cluster's version now. */
  version: string;
}

export interface DowngradeResponseInit {
  readonly header?: ResponseHeaderInit | undefined;
  readonly version?: string | undefined;
}

export function decodeDowngradeResponse(bytes: Uint8Array): DowngradeResponse {
  return readDowngradeResponse(new Reader(bytes));
}

export function encodeDowngradeResponse(message: DowngradeResponseInit): Uint8Array {
  const writer = startMessage();
  writeDowngradeResponse(writer, message);
  return writer.finish();
}

function readDowngradeResponse(reader: Reader, into?: DowngradeResponse): DowngradeResponse {
  const message: DowngradeResponse = into ?? { header: undefined, version: "" };
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 10: {
        const outerEnd = reader.enter();
        message.header = readResponseHeader(reader, message.header);
        reader.leave(outerEnd);
        break;
      }
      case 18:
        message.version = reader.string();
        break;
      default:
        reader.skip(tag);
    }
  }
  return message;
}

function writeDowngradeResponse(writer: Writer, message: DowngradeResponseInit): void {
  const version = message.version ?? "";
  if (version !== "") writer.string(18, version);
  if (message.header !== undefined) {
    const mark = writer.mark();
    writeResponseHeader(writer, message.header);
    writer.message(10, mark);
  }
}

/** Between members only. */
export interface DowngradeVersionTestRequest {
  ver: string;
}

export interface DowngradeVersionTestRequestInit {
  readonly ver?: string | undefined;
}

export function decodeDowngradeVersionTestRequest(bytes: Uint8Array): DowngradeVersionTestRequest {
  return readDowngradeVersionTestRequest(new Reader(bytes));
}

export function encodeDowngradeVersionTestRequest(
  message: DowngradeVersionTestRequestInit,
): Uint8Array {
  const writer = startMessage();
  writeDowngradeVersionTestRequest(writer, message);
  return writer.finish();
}

function readDowngradeVersionTestRequest(
  reader: Reader,
  into?: DowngradeVersionTestRequest,
): DowngradeVersionTestRequest {
  const message: DowngradeVersionTestRequest = into ?? { ver: "" };
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 10:
        message.ver = reader.string();
        break;
      default:
        reader.skip(tag);
    }
  }
  return message;
}

function writeDowngradeVersionTestRequest(
  writer: Writer,
  message: DowngradeVersionTestRequestInit,
): void {
  const ver = message.ver ?? "";
  if (ver !== "") writer.string(10, ver);
}

export type AuthEnableRequest = Record<string, never>;
export type AuthEnableRequestInit = Record<string, never>;

export function decodeAuthEnableRequest(bytes: Uint8Array): AuthEnableRequest {
  return readWatchProgressRequest(new Reader(bytes));
}

export function encodeAuthEnableRequest(message: AuthEnableRequestInit): Uint8Array {
  const writer = startMessage();
  writeWatchProgressRequest(writer, message);
  return writer.finish();
}

export interface AuthEnableResponse {
  header: ResponseHeader | undefined;
}

export interface AuthEnableResponseInit {
  readonly header?: ResponseHeaderInit | undefined;
}

export function decodeAuthEnableResponse(bytes: Uint8Array): AuthEnableResponse {
  return readResignResponse(new Reader(bytes));
}

export function encodeAuthEnableResponse(message: AuthEnableResponseInit): Uint8Array {
  const writer = startMessage();
  writeResignResponse(writer, message);
  return writer.finish();
}

export type AuthDisableRequest = Record<string, never>;
export type AuthDisableRequestInit = Record<string, never>;

export function decodeAuthDisableRequest(bytes: Uint8Array): AuthDisableRequest {
  return readWatchProgressRequest(new Reader(bytes));
}

export function encodeAuthDisableRequest(message: AuthDisableRequestInit): Uint8Array {
  const writer = startMessage();
  writeWatchProgressRequest(writer, message);
  return writer.finish();
}

export interface AuthDisableResponse {
  header: ResponseHeader | undefined;
}

export interface AuthDisableResponseInit {
  readonly header?: ResponseHeaderInit | undefined;
}

export function decodeAuthDisableResponse(bytes: Uint8Array): AuthDisableResponse {
  return readResignResponse(new Reader(bytes));
}

export function encodeAuthDisableResponse(message: AuthDisableResponseInit): Uint8Array {
  const writer = startMessage();
  writeResignResponse(writer, message);
  return writer.finish();
}

export type AuthStatusRequest = Record<string, never>;
export type AuthStatusRequestInit = Record<string, never>;

export function decodeAuthStatusRequest(bytes: Uint8Array): AuthStatusRequest {
  return readWatchProgressRequest(new Reader(bytes));
}

export function encodeAuthStatusRequest(message: AuthStatusRequestInit): Uint8Array {
  const writer = startMessage();
  writeWatchProgressRequest(writer, message);
  return writer.finish();
}

export interface AuthStatusResponse {
  header: ResponseHeader | undefined;
  enabled: boolean;
  /** Grows with every change of users, roles, and permissions. */
  authRevision: number;
}

export interface AuthStatusResponseInit {
  readonly header?: ResponseHeaderInit | undefined;
  readonly enabled?: boolean | undefined;
  readonly authRevision?: number | undefined;
}

export function decodeAuthStatusResponse(bytes: Uint8Array): AuthStatusResponse {
  return readAuthStatusResponse(new Reader(bytes));
}

export function encodeAuthStatusResponse(message: AuthStatusResponseInit): Uint8Array {
  const writer = startMessage();
  writeAuthStatusResponse(writer, message);
  return writer.finish();
}

function readAuthStatusResponse(reader: Reader, into?: AuthStatusResponse): AuthStatusResponse {
  const message: AuthStatusResponse = into ?? {
    header: undefined,
    enabled: false,
    authRevision: 0,
  };
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 10: {
        const outerEnd = reader.enter();
        message.header = readResponseHeader(reader, message.header);
        reader.leave(outerEnd);
        break;
      }
      case 16:
        message.enabled = reader.bool();
        break;
      case 24:
        message.authRevision = reader.uint64();
        break;
      default:
        reader.skip(tag);
    }
  }
  return message;
}

function writeAuthStatusResponse(writer: Writer, message: AuthStatusResponseInit): void {
  const authRevision = message.authRevision ?? 0;
  if (authRevision !== 0) writer.uint64(24, authRevision);
  if (message.enabled === true) writer.bool(16, message.enabled);
  if (message.header !== undefined) {
    const mark = writer.mark();
    writeResponseHeader(writer, message.header);
    writer.message(10, mark);
  }
}

export interface AuthenticateRequest {
  name: string;
  password: string;
}

export interface AuthenticateRequestInit {
  readonly name?: string | undefined;
  readonly password?: string | undefined;
}

export function decodeAuthenticateRequest(bytes: Uint8Array): AuthenticateRequest {
  return readAuthenticateRequest(new Reader(bytes));
}

export function encodeAuthenticateRequest(message: AuthenticateRequestInit): Uint8Array {
  const writer = startMessage();
  writeAuthenticateRequest(writer, message);
  return writer.finish();
}

function readAuthenticateRequest(reader: Reader, into?: AuthenticateRequest): AuthenticateRequest {
  const message: AuthenticateRequest = into ?? { name: "", password: "" };
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 10:
        message.name = reader.string();
        break;
      case 18:
        message.password = reader.string();
        break;
      default:
        reader.skip(tag);
    }
  }
  return message;
}

function writeAuthenticateRequest(writer: Writer, message: AuthenticateRequestInit): void {
  const password = message.password ?? "";
  if (password !== "") writer.string(18, password);
  const name = message.name ?? "";
  if (name !== "") writer.string(10, name);
}

export interface AuthenticateResponse {
  header: ResponseHeader | undefined;
  /** For the metadata key `token` of later calls. */
  token: string;
}

export interface AuthenticateResponseInit {
  readonly header?: ResponseHeaderInit | undefined;
  readonly token?: string | undefined;
}

export function decodeAuthenticateResponse(bytes: Uint8Array): AuthenticateResponse {
  return readAuthenticateResponse(new Reader(bytes));
}

export function encodeAuthenticateResponse(message: AuthenticateResponseInit): Uint8Array {
  const writer = startMessage();
  writeAuthenticateResponse(writer, message);
  return writer.finish();
}

function readAuthenticateResponse(
  reader: Reader,
  into?: AuthenticateResponse,
): AuthenticateResponse {
  const message: AuthenticateResponse = into ?? { header: undefined, token: "" };
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 10: {
        const outerEnd = reader.enter();
        message.header = readResponseHeader(reader, message.header);
        reader.leave(outerEnd);
        break;
      }
      case 18:
        message.token = reader.string();
        break;
      default:
        reader.skip(tag);
    }
  }
  return message;
}

function writeAuthenticateResponse(writer: Writer, message: AuthenticateResponseInit): void {
  const token = message.token ?? "";
  if (token !== "") writer.string(18, token);
  if (message.header !== undefined) {
    const mark = writer.mark();
    writeResponseHeader(writer, message.header);
    writer.message(10, mark);
  }
}

export interface AuthUserAddRequest {
  name: string;
  password: string;
  options: UserAddOptions | undefined;
  /** Between members only. */
  hashedPassword: string;
}

export interface AuthUserAddRequestInit {
  readonly name?: string | undefined;
  readonly password?: string | undefined;
  readonly options?: UserAddOptionsInit | undefined;
  readonly hashedPassword?: string | undefined;
}

export function decodeAuthUserAddRequest(bytes: Uint8Array): AuthUserAddRequest {
  return readAuthUserAddRequest(new Reader(bytes));
}

export function encodeAuthUserAddRequest(message: AuthUserAddRequestInit): Uint8Array {
  const writer = startMessage();
  writeAuthUserAddRequest(writer, message);
  return writer.finish();
}

function readAuthUserAddRequest(reader: Reader, into?: AuthUserAddRequest): AuthUserAddRequest {
  const message: AuthUserAddRequest = into ?? {
    name: "",
    password: "",
    options: undefined,
    hashedPassword: "",
  };
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 10:
        message.name = reader.string();
        break;
      case 18:
        message.password = reader.string();
        break;
      case 26: {
        const outerEnd = reader.enter();
        message.options = readUserAddOptions(reader, message.options);
        reader.leave(outerEnd);
        break;
      }
      case 34:
        message.hashedPassword = reader.string();
        break;
      default:
        reader.skip(tag);
    }
  }
  return message;
}

function writeAuthUserAddRequest(writer: Writer, message: AuthUserAddRequestInit): void {
  const hashedPassword = message.hashedPassword ?? "";
  if (hashedPassword !== "") writer.string(34, hashedPassword);
  if (message.options !== undefined) {
    const mark = writer.mark();
    writeUserAddOptions(writer, message.options);
    writer.message(26, mark);
  }
  const password = message.password ?? "";
  if (password !== "") writer.string(18, password);
  const name = message.name ?? "";
  if (name !== "") writer.string(10, name);
}

export interface AuthUserAddResponse {
  header: ResponseHeader | undefined;
}

export interface AuthUserAddResponseInit {
  readonly header?: ResponseHeaderInit | undefined;
}

export function decodeAuthUserAddResponse(bytes: Uint8Array): AuthUserAddResponse {
  return readResignResponse(new Reader(bytes));
}

export function encodeAuthUserAddResponse(message: AuthUserAddResponseInit): Uint8Array {
  const writer = startMessage();
  writeResignResponse(writer, message);
  return writer.finish();
}

export interface AuthUserGetRequest {
  name: string;
}

export interface AuthUserGetRequestInit {
  readonly name?: string | undefined;
}

export function decodeAuthUserGetRequest(bytes: Uint8Array): AuthUserGetRequest {
  return readAuthUserGetRequest(new Reader(bytes));
}

export function encodeAuthUserGetRequest(message: AuthUserGetRequestInit): Uint8Array {
  const writer = startMessage();
  writeAuthUserGetRequest(writer, message);
  return writer.finish();
}

function readAuthUserGetRequest(reader: Reader, into?: AuthUserGetRequest): AuthUserGetRequest {
  const message: AuthUserGetRequest = into ?? { name: "" };
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 10:
        message.name = reader.string();
        break;
      default:
        reader.skip(tag);
    }
  }
  return message;
}

function writeAuthUserGetRequest(writer: Writer, message: AuthUserGetRequestInit): void {
  const name = message.name ?? "";
  if (name !== "") writer.string(10, name);
}

export interface AuthUserGetResponse {
  header: ResponseHeader | undefined;
  roles: string[];
}

export interface AuthUserGetResponseInit {
  readonly header?: ResponseHeaderInit | undefined;
  readonly roles?: readonly string[] | undefined;
}

export function decodeAuthUserGetResponse(bytes: Uint8Array): AuthUserGetResponse {
  return readAuthUserGetResponse(new Reader(bytes));
}

export function encodeAuthUserGetResponse(message: AuthUserGetResponseInit): Uint8Array {
  const writer = startMessage();
  writeAuthUserGetResponse(writer, message);
  return writer.finish();
}

function readAuthUserGetResponse(reader: Reader, into?: AuthUserGetResponse): AuthUserGetResponse {
  const message: AuthUserGetResponse = into ?? { header: undefined, roles: [] };
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 10: {
        const outerEnd = reader.enter();
        message.header = readResponseHeader(reader, message.header);
        reader.leave(outerEnd);
        break;
      }
      case 18:
        message.roles.push(reader.string());
        break;
      default:
        reader.skip(tag);
    }
  }
  return message;
}

function writeAuthUserGetResponse(writer: Writer, message: AuthUserGetResponseInit): void {
  const roles = message.roles;
  if (roles !== undefined) {
    for (let index = roles.length - 1; index >= 0; index -= 1) {
      writer.string(18, roles[index] as string);
    }
  }
  if (message.header !== undefined) {
    const mark = writer.mark();
    writeResponseHeader(writer, message.header);
    writer.message(10, mark);
  }
}

export type AuthUserListRequest = Record<string, never>;
export type AuthUserListRequestInit = Record<string, never>;

export function decodeAuthUserListRequest(bytes: Uint8Array): AuthUserListRequest {
  return readWatchProgressRequest(new Reader(bytes));
}

export function encodeAuthUserListRequest(message: AuthUserListRequestInit): Uint8Array {
  const writer = startMessage();
  writeWatchProgressRequest(writer, message);
  return writer.finish();
}

export interface AuthUserListResponse {
  header: ResponseHeader | undefined;
  users: string[];
}

export interface AuthUserListResponseInit {
  readonly header?: ResponseHeaderInit | undefined;
  readonly users?: readonly string[] | undefined;
}

export function decodeAuthUserListResponse(bytes: Uint8Array): AuthUserListResponse {
  return readAuthUserListResponse(new Reader(bytes));
}

export function encodeAuthUserListResponse(message: AuthUserListResponseInit): Uint8Array {
  const writer = startMessage();
  writeAuthUserListResponse(writer, message);
  return writer.finish();
}

function readAuthUserListResponse(
  reader: Reader,
  into?: AuthUserListResponse,
): AuthUserListResponse {
  const message: AuthUserListResponse = into ?? { header: undefined, users: [] };
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 10: {
        const outerEnd = reader.enter();
        message.header = readResponseHeader(reader, message.header);
        reader.leave(outerEnd);
        break;
      }
      case 18:
        message.users.push(reader.string());
        break;
      default:
        reader.skip(tag);
    }
  }
  return message;
}

function writeAuthUserListResponse(writer: Writer, message: AuthUserListResponseInit): void {
  const users = message.users;
  if (users !== undefined) {
    for (let index = users.length - 1; index >= 0; index -= 1) {
      writer.string(18, users[index] as string);
    }
  }
  if (message.header !== undefined) {
    const mark = writer.mark();
    writeResponseHeader(writer, message.header);
    writer.message(10, mark);
  }
}

export interface AuthUserDeleteRequest {
  name: string;
}

export interface AuthUserDeleteRequestInit {
  readonly name?: string | undefined;
}

export function decodeAuthUserDeleteRequest(bytes: Uint8Array): AuthUserDeleteRequest {
  return readAuthUserGetRequest(new Reader(bytes));
}

export function encodeAuthUserDeleteRequest(message: AuthUserDeleteRequestInit): Uint8Array {
  const writer = startMessage();
  writeAuthUserGetRequest(writer, message);
  return writer.finish();
}

export interface AuthUserDeleteResponse {
  header: ResponseHeader | undefined;
}

export interface AuthUserDeleteResponseInit {
  readonly header?: ResponseHeaderInit | undefined;
}

export function decodeAuthUserDeleteResponse(bytes: Uint8Array): AuthUserDeleteResponse {
  return readResignResponse(new Reader(bytes));
}

export function encodeAuthUserDeleteResponse(message: AuthUserDeleteResponseInit): Uint8Array {
  const writer = startMessage();
  writeResignResponse(writer, message);
  return writer.finish();
}

export interface AuthUserChangePasswordRequest {
  name: string;
  password: string;
  /** Between members only. */
  hashedPassword: string;
}

export interface AuthUserChangePasswordRequestInit {
  readonly name?: string | undefined;
  readonly password?: string | undefined;
  readonly hashedPassword?: string | undefined;
}

export function decodeAuthUserChangePasswordRequest(
  bytes: Uint8Array,
): AuthUserChangePasswordRequest {
  return readAuthUserChangePasswordRequest(new Reader(bytes));
}

export function encodeAuthUserChangePasswordRequest(
  message: AuthUserChangePasswordRequestInit,
): Uint8Array {
  const writer = startMessage();
  writeAuthUserChangePasswordRequest(writer, message);
  return writer.finish();
}

function readAuthUserChangePasswordRequest(
  reader: Reader,
  into?: AuthUserChangePasswordRequest,
): AuthUserChangePasswordRequest {
  const message: AuthUserChangePasswordRequest = into ?? {
    name: "",
    password: "",
    hashedPassword: "",
  };
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 10:
        message.name = reader.string();
        break;
      case 18:
        message.password = reader.string();
        break;
      case 26:
        message.hashedPassword = reader.string();
        break;
      default:
        reader.skip(tag);
    }
  }
  return message;
}

function writeAuthUserChangePasswordRequest(
  writer: Writer,
  message: AuthUserChangePasswordRequestInit,
): void {
  const hashedPassword = message.hashedPassword ?? "";
  if (hashedPassword !== "") writer.string(26, hashedPassword);
  const password = message.password ?? "";
  if (password !== "") writer.string(18, password);
  const name = message.name ?? "";
  if (name !== "") writer.string(10, name);
}

export interface AuthUserChangePasswordResponse {
  header: ResponseHeader | undefined;
}

export interface AuthUserChangePasswordResponseInit {
  readonly header?: ResponseHeaderInit | undefined;
}

export function decodeAuthUserChangePasswordResponse(
  bytes: Uint8Array,
): AuthUserChangePasswordResponse {
  return readResignResponse(new Reader(bytes));
}

export function encodeAuthUserChangePasswordResponse(
  message: AuthUserChangePasswordResponseInit,
): Uint8Array {
  const writer = startMessage();
  writeResignResponse(writer, message);
  return writer.finish();
}

export interface AuthUserGrantRoleRequest {
  user: string;
  role: string;
}

export interface AuthUserGrantRoleRequestInit {
  readonly user?: string | undefined;
  readonly role?: string | undefined;
}

export function decodeAuthUserGrantRoleRequest(bytes: Uint8Array): AuthUserGrantRoleRequest {
  return readAuthUserGrantRoleRequest(new Reader(bytes));
}

export function encodeAuthUserGrantRoleRequest(message: AuthUserGrantRoleRequestInit): Uint8Array {
  const writer = startMessage();
  writeAuthUserGrantRoleRequest(writer, message);
  return writer.finish();
}

function readAuthUserGrantRoleRequest(
  reader: Reader,
  into?: AuthUserGrantRoleRequest,
): AuthUserGrantRoleRequest {
  const message: AuthUserGrantRoleRequest = into ?? { user: "", role: "" };
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 10:
        message.user = reader.string();
        break;
      case 18:
        message.role = reader.string();
        break;
      default:
        reader.skip(tag);
    }
  }
  return message;
}

function writeAuthUserGrantRoleRequest(
  writer: Writer,
  message: AuthUserGrantRoleRequestInit,
): void {
  const role = message.role ?? "";
  if (role !== "") writer.string(18, role);
  const user = message.user ?? "";
  if (user !== "") writer.string(10, user);
}

export interface AuthUserGrantRoleResponse {
  header: ResponseHeader | undefined;
}

export interface AuthUserGrantRoleResponseInit {
  readonly header?: ResponseHeaderInit | undefined;
}

export function decodeAuthUserGrantRoleResponse(bytes: Uint8Array): AuthUserGrantRoleResponse {
  return readResignResponse(new Reader(bytes));
}

export function encodeAuthUserGrantRoleResponse(
  message: AuthUserGrantRoleResponseInit,
): Uint8Array {
  const writer = startMessage();
  writeResignResponse(writer, message);
  return writer.finish();
}

export interface AuthUserRevokeRoleRequest {
  name: string;
  role: string;
}

export interface AuthUserRevokeRoleRequestInit {
  readonly name?: string | undefined;
  readonly role?: string | undefined;
}

export function decodeAuthUserRevokeRoleRequest(bytes: Uint8Array): AuthUserRevokeRoleRequest {
  return readAuthUserRevokeRoleRequest(new Reader(bytes));
}

export function encodeAuthUserRevokeRoleRequest(
  message: AuthUserRevokeRoleRequestInit,
): Uint8Array {
  const writer = startMessage();
  writeAuthUserRevokeRoleRequest(writer, message);
  return writer.finish();
}

function readAuthUserRevokeRoleRequest(
  reader: Reader,
  into?: AuthUserRevokeRoleRequest,
): AuthUserRevokeRoleRequest {
  const message: AuthUserRevokeRoleRequest = into ?? { name: "", role: "" };
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 10:
        message.name = reader.string();
        break;
      case 18:
        message.role = reader.string();
        break;
      default:
        reader.skip(tag);
    }
  }
  return message;
}

function writeAuthUserRevokeRoleRequest(
  writer: Writer,
  message: AuthUserRevokeRoleRequestInit,
): void {
  const role = message.role ?? "";
  if (role !== "") writer.string(18, role);
  const name = message.name ?? "";
  if (name !== "") writer.string(10, name);
}

export interface AuthUserRevokeRoleResponse {
  header: ResponseHeader | undefined;
}

export interface AuthUserRevokeRoleResponseInit {
  readonly header?: ResponseHeaderInit | undefined;
}

export function decodeAuthUserRevokeRoleResponse(bytes: Uint8Array): AuthUserRevokeRoleResponse {
  return readResignResponse(new Reader(bytes));
}

export function encodeAuthUserRevokeRoleResponse(
  message: AuthUserRevokeRoleResponseInit,
): Uint8Array {
  const writer = startMessage();
  writeResignResponse(writer, message);
  return writer.finish();
}

export interface AuthRoleAddRequest {
  name: string;
}

export interface AuthRoleAddRequestInit {
  readonly name?: string | undefined;
}

export function decodeAuthRoleAddRequest(bytes: Uint8Array): AuthRoleAddRequest {
  return readAuthUserGetRequest(new Reader(bytes));
}

export function encodeAuthRoleAddRequest(message: AuthRoleAddRequestInit): Uint8Array {
  const writer = startMessage();
  writeAuthUserGetRequest(writer, message);
  return writer.finish();
}

export interface AuthRoleAddResponse {
  header: ResponseHeader | undefined;
}

export interface AuthRoleAddResponseInit {
  readonly header?: ResponseHeaderInit | undefined;
}

export function decodeAuthRoleAddResponse(bytes: Uint8Array): AuthRoleAddResponse {
  return readResignResponse(new Reader(bytes));
}

export function encodeAuthRoleAddResponse(message: AuthRoleAddResponseInit): Uint8Array {
  const writer = startMessage();
  writeResignResponse(writer, message);
  return writer.finish();
}

export interface AuthRoleGetRequest {
  role: string;
}

export interface AuthRoleGetRequestInit {
  readonly role?: string | undefined;
}

export function decodeAuthRoleGetRequest(bytes: Uint8Array): AuthRoleGetRequest {
  return readAuthRoleGetRequest(new Reader(bytes));
}

export function encodeAuthRoleGetRequest(message: AuthRoleGetRequestInit): Uint8Array {
  const writer = startMessage();
  writeAuthRoleGetRequest(writer, message);
  return writer.finish();
}

function readAuthRoleGetRequest(reader: Reader, into?: AuthRoleGetRequest): AuthRoleGetRequest {
  const message: AuthRoleGetRequest = into ?? { role: "" };
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 10:
        message.role = reader.string();
        break;
      default:
        reader.skip(tag);
    }
  }
  return message;
}

function writeAuthRoleGetRequest(writer: Writer, message: AuthRoleGetRequestInit): void {
  const role = message.role ?? "";
  if (role !== "") writer.string(10, role);
}

export interface AuthRoleGetResponse {
  header: ResponseHeader | undefined;
  perm: Permission[];
}

export interface AuthRoleGetResponseInit {
  readonly header?: ResponseHeaderInit | undefined;
  readonly perm?: readonly PermissionInit[] | undefined;
}

export function decodeAuthRoleGetResponse(bytes: Uint8Array): AuthRoleGetResponse {
  return readAuthRoleGetResponse(new Reader(bytes));
}

export function encodeAuthRoleGetResponse(message: AuthRoleGetResponseInit): Uint8Array {
  const writer = startMessage();
  writeAuthRoleGetResponse(writer, message);
  return writer.finish();
}

function readAuthRoleGetResponse(reader: Reader, into?: AuthRoleGetResponse): AuthRoleGetResponse {
  const message: AuthRoleGetResponse = into ?? { header: undefined, perm: [] };
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 10: {
        const outerEnd = reader.enter();
        message.header = readResponseHeader(reader, message.header);
        reader.leave(outerEnd);
        break;
      }
      case 18: {
        const outerEnd = reader.enter();
        message.perm.push(readPermission(reader));
        reader.leave(outerEnd);
        break;
      }
      default:
        reader.skip(tag);
    }
  }
  return message;
}

function writeAuthRoleGetResponse(writer: Writer, message: AuthRoleGetResponseInit): void {
  const perm = message.perm;
  if (perm !== undefined) {
    for (let index = perm.length - 1; index >= 0; index -= 1) {
      const mark = writer.mark();
      writePermission(writer, perm[index] as PermissionInit);
      writer.message(18, mark);
    }
  }
  if (message.header !== undefined) {
    const mark = writer.mark();
    writeResponseHeader(writer, message.header);
    writer.message(10, mark);
  }
}

export type AuthRoleListRequest = Record<string, never>;
export type AuthRoleListRequestInit = Record<string, never>;

export function decodeAuthRoleListRequest(bytes: Uint8Array): AuthRoleListRequest {
  return readWatchProgressRequest(new Reader(bytes));
}

export function encodeAuthRoleListRequest(message: AuthRoleListRequestInit): Uint8Array {
  const writer = startMessage();
  writeWatchProgressRequest(writer, message);
  return writer.finish();
}

export interface AuthRoleListResponse {
  header: ResponseHeader | undefined;
  roles: string[];
}

export interface AuthRoleListResponseInit {
  readonly header?: ResponseHeaderInit | undefined;
  readonly roles?: readonly string[] | undefined;
}

export function decodeAuthRoleListResponse(bytes: Uint8Array): AuthRoleListResponse {
  return readAuthUserGetResponse(new Reader(bytes));
}

export function encodeAuthRoleListResponse(message: AuthRoleListResponseInit): Uint8Array {
  const writer = startMessage();
  writeAuthUserGetResponse(writer, message);
  return writer.finish();
}

export interface AuthRoleDeleteRequest {
  role: string;
}

export interface AuthRoleDeleteRequestInit {
  readonly role?: string | undefined;
}

export function decodeAuthRoleDeleteRequest(bytes: Uint8Array): AuthRoleDeleteRequest {
  return readAuthRoleGetRequest(new Reader(bytes));
}

export function encodeAuthRoleDeleteRequest(message: AuthRoleDeleteRequestInit): Uint8Array {
  const writer = startMessage();
  writeAuthRoleGetRequest(writer, message);
  return writer.finish();
}

export interface AuthRoleDeleteResponse {
  header: ResponseHeader | undefined;
}

export interface AuthRoleDeleteResponseInit {
  readonly header?: ResponseHeaderInit | undefined;
}

export function decodeAuthRoleDeleteResponse(bytes: Uint8Array): AuthRoleDeleteResponse {
  return readResignResponse(new Reader(bytes));
}

export function encodeAuthRoleDeleteResponse(message: AuthRoleDeleteResponseInit): Uint8Array {
  const writer = startMessage();
  writeResignResponse(writer, message);
  return writer.finish();
}

export interface AuthRoleGrantPermissionRequest {
  /** Of the role. */
  name: string;
  perm: Permission | undefined;
}

export interface AuthRoleGrantPermissionRequestInit {
  readonly name?: string | undefined;
  readonly perm?: PermissionInit | undefined;
}

export function decodeAuthRoleGrantPermissionRequest(
  bytes: Uint8Array,
): AuthRoleGrantPermissionRequest {
  return readAuthRoleGrantPermissionRequest(new Reader(bytes));
}

export function encodeAuthRoleGrantPermissionRequest(
  message: AuthRoleGrantPermissionRequestInit,
): Uint8Array {
  const writer = startMessage();
  writeAuthRoleGrantPermissionRequest(writer, message);
  return writer.finish();
}

function readAuthRoleGrantPermissionRequest(
  reader: Reader,
  into?: AuthRoleGrantPermissionRequest,
): AuthRoleGrantPermissionRequest {
  const message: AuthRoleGrantPermissionRequest = into ?? { name: "", perm: undefined };
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 10:
        message.name = reader.string();
        break;
      case 18: {
        const outerEnd = reader.enter();
        message.perm = readPermission(reader, message.perm);
        reader.leave(outerEnd);
        break;
      }
      default:
        reader.skip(tag);
    }
  }
  return message;
}

function writeAuthRoleGrantPermissionRequest(
  writer: Writer,
  message: AuthRoleGrantPermissionRequestInit,
): void {
  if (message.perm !== undefined) {
    const mark = writer.mark();
    writePermission(writer, message.perm);
    writer.message(18, mark);
  }
  const name = message.name ?? "";
  if (name !== "") writer.string(10, name);
}

export interface AuthRoleGrantPermissionResponse {
  header: ResponseHeader | undefined;
}

export interface AuthRoleGrantPermissionResponseInit {
  readonly header?: ResponseHeaderInit | undefined;
}

export function decodeAuthRoleGrantPermissionResponse(
  bytes: Uint8Array,
): AuthRoleGrantPermissionResponse {
  return readResignResponse(new Reader(bytes));
}

export function encodeAuthRoleGrantPermissionResponse(
  message: AuthRoleGrantPermissionResponseInit,
): Uint8Array {
  const writer = startMessage();
  writeResignResponse(writer, message);
  return writer.finish();
}

export interface AuthRoleRevokePermissionRequest {
  role: string;
  key: Uint8Array;
  rangeEnd: Uint8Array;
}

export interface AuthRoleRevokePermissionRequestInit {
  readonly role?: string | undefined;
  readonly key?: Uint8Array | undefined;
  readonly rangeEnd?: Uint8Array | undefined;
}

export function decodeAuthRoleRevokePermissionRequest(
  bytes: Uint8Array,
): AuthRoleRevokePermissionRequest {
  return readAuthRoleRevokePermissionRequest(new Reader(bytes));
}

export function encodeAuthRoleRevokePermissionRequest(
  message: AuthRoleRevokePermissionRequestInit,
): Uint8Array {
  const writer = startMessage();
  writeAuthRoleRevokePermissionRequest(writer, message);
  return writer.finish();
}

function readAuthRoleRevokePermissionRequest(
  reader: Reader,
  into?: AuthRoleRevokePermissionRequest,
): AuthRoleRevokePermissionRequest {
  const message: AuthRoleRevokePermissionRequest = into ?? {
    role: "",
    key: EMPTY_BYTES,
    rangeEnd: EMPTY_BYTES,
  };
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 10:
        message.role = reader.string();
        break;
      case 18:
        message.key = reader.bytes();
        break;
      case 26:
        message.rangeEnd = reader.bytes();
        break;
      default:
        reader.skip(tag);
    }
  }
  return message;
}

function writeAuthRoleRevokePermissionRequest(
  writer: Writer,
  message: AuthRoleRevokePermissionRequestInit,
): void {
  if (message.rangeEnd !== undefined && message.rangeEnd.byteLength > 0)
    writer.bytes(26, message.rangeEnd);
  if (message.key !== undefined && message.key.byteLength > 0) writer.bytes(18, message.key);
  const role = message.role ?? "";
  if (role !== "") writer.string(10, role);
}

export interface AuthRoleRevokePermissionResponse {
  header: ResponseHeader | undefined;
}

export interface AuthRoleRevokePermissionResponseInit {
  readonly header?: ResponseHeaderInit | undefined;
}

export function decodeAuthRoleRevokePermissionResponse(
  bytes: Uint8Array,
): AuthRoleRevokePermissionResponse {
  return readResignResponse(new Reader(bytes));
}

export function encodeAuthRoleRevokePermissionResponse(
  message: AuthRoleRevokePermissionResponseInit,
): Uint8Array {
  const writer = startMessage();
  writeResignResponse(writer, message);
  return writer.finish();
}

export interface HealthCheckRequest {
  /** Full name of a service; empty for the server as a whole. */
  service: string;
}

export interface HealthCheckRequestInit {
  readonly service?: string | undefined;
}

export function decodeHealthCheckRequest(bytes: Uint8Array): HealthCheckRequest {
  return readHealthCheckRequest(new Reader(bytes));
}

export function encodeHealthCheckRequest(message: HealthCheckRequestInit): Uint8Array {
  const writer = startMessage();
  writeHealthCheckRequest(writer, message);
  return writer.finish();
}

function readHealthCheckRequest(reader: Reader, into?: HealthCheckRequest): HealthCheckRequest {
  const message: HealthCheckRequest = into ?? { service: "" };
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 10:
        message.service = reader.string();
        break;
      default:
        reader.skip(tag);
    }
  }
  return message;
}

function writeHealthCheckRequest(writer: Writer, message: HealthCheckRequestInit): void {
  const service = message.service ?? "";
  if (service !== "") writer.string(10, service);
}

export const ServingStatus = {
  unknown: 0,
  serving: 1,
  notServing: 2,
  /** Of Watch only: no such service, yet. */
  serviceUnknown: 3,
} as const;
export type ServingStatus = (typeof ServingStatus)[keyof typeof ServingStatus];

export interface HealthCheckResponse {
  status: number;
}

export interface HealthCheckResponseInit {
  readonly status?: number | undefined;
}

export function decodeHealthCheckResponse(bytes: Uint8Array): HealthCheckResponse {
  return readHealthCheckResponse(new Reader(bytes));
}

export function encodeHealthCheckResponse(message: HealthCheckResponseInit): Uint8Array {
  const writer = startMessage();
  writeHealthCheckResponse(writer, message);
  return writer.finish();
}

function readHealthCheckResponse(reader: Reader, into?: HealthCheckResponse): HealthCheckResponse {
  const message: HealthCheckResponse = into ?? { status: 0 };
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 8:
        message.status = reader.enum();
        break;
      default:
        reader.skip(tag);
    }
  }
  return message;
}

function writeHealthCheckResponse(writer: Writer, message: HealthCheckResponseInit): void {
  const status = message.status ?? 0;
  if (status !== 0) writer.enum(8, status);
}

export type HealthListRequest = Record<string, never>;
export type HealthListRequestInit = Record<string, never>;

export function decodeHealthListRequest(bytes: Uint8Array): HealthListRequest {
  return readWatchProgressRequest(new Reader(bytes));
}

export function encodeHealthListRequest(message: HealthListRequestInit): Uint8Array {
  const writer = startMessage();
  writeWatchProgressRequest(writer, message);
  return writer.finish();
}

export interface HealthListResponse {
  /** By full name of the service. */
  statuses: Map<string, HealthCheckResponse>;
}

export interface HealthListResponseInit {
  readonly statuses?: ReadonlyMap<string, HealthCheckResponseInit> | undefined;
}

export function decodeHealthListResponse(bytes: Uint8Array): HealthListResponse {
  return readHealthListResponse(new Reader(bytes));
}

export function encodeHealthListResponse(message: HealthListResponseInit): Uint8Array {
  const writer = startMessage();
  writeHealthListResponse(writer, message);
  return writer.finish();
}

function readHealthListResponse(reader: Reader, into?: HealthListResponse): HealthListResponse {
  const message: HealthListResponse = into ?? { statuses: new Map() };
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 10: {
        const outerEnd = reader.enter();
        let key = "";
        let value: HealthCheckResponse | undefined;
        while (reader.position < reader.end) {
          const entryTag = reader.tag();
          if (entryTag === 10) key = reader.string();
          else if (entryTag === 18) {
            const entryEnd = reader.enter();
            value = readHealthCheckResponse(reader, value);
            reader.leave(entryEnd);
          } else reader.skip(entryTag);
        }
        reader.leave(outerEnd);
        message.statuses.set(key, value ?? readHealthCheckResponse(new Reader(EMPTY_BYTES)));
        break;
      }
      default:
        reader.skip(tag);
    }
  }
  return message;
}

function writeHealthListResponse(writer: Writer, message: HealthListResponseInit): void {
  if (message.statuses !== undefined) {
    for (const [key, value] of [...message.statuses].reverse()) {
      const entry = writer.mark();
      const mark = writer.mark();
      writeHealthCheckResponse(writer, value);
      writer.message(18, mark);
      writer.string(10, key);
      writer.message(10, entry);
    }
  }
}

export interface ServerReflectionRequest {
  host: string;
  fileByFilename: string | undefined;
  /** Full name of a service, method, message, or enum. */
  fileContainingSymbol: string | undefined;
  fileContainingExtension: ExtensionRequest | undefined;
  allExtensionNumbersOfType: string | undefined;
  /** Whatever it says. */
  listServices: string | undefined;
}

export interface ServerReflectionRequestInit {
  readonly host?: string | undefined;
  readonly fileByFilename?: string | undefined;
  readonly fileContainingSymbol?: string | undefined;
  readonly fileContainingExtension?: ExtensionRequestInit | undefined;
  readonly allExtensionNumbersOfType?: string | undefined;
  readonly listServices?: string | undefined;
}

export function decodeServerReflectionRequest(bytes: Uint8Array): ServerReflectionRequest {
  return readServerReflectionRequest(new Reader(bytes));
}

export function encodeServerReflectionRequest(message: ServerReflectionRequestInit): Uint8Array {
  const writer = startMessage();
  writeServerReflectionRequest(writer, message);
  return writer.finish();
}

function readServerReflectionRequest(
  reader: Reader,
  into?: ServerReflectionRequest,
): ServerReflectionRequest {
  const message: ServerReflectionRequest = into ?? {
    host: "",
    fileByFilename: undefined,
    fileContainingSymbol: undefined,
    fileContainingExtension: undefined,
    allExtensionNumbersOfType: undefined,
    listServices: undefined,
  };
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 10:
        message.host = reader.string();
        break;
      case 26:
        message.fileByFilename = reader.string();
        message.fileContainingSymbol = undefined;
        message.fileContainingExtension = undefined;
        message.allExtensionNumbersOfType = undefined;
        message.listServices = undefined;
        break;
      case 34:
        message.fileContainingSymbol = reader.string();
        message.fileByFilename = undefined;
        message.fileContainingExtension = undefined;
        message.allExtensionNumbersOfType = undefined;
        message.listServices = undefined;
        break;
      case 42: {
        const outerEnd = reader.enter();
        message.fileContainingExtension = readExtensionRequest(
          reader,
          message.fileContainingExtension,
        );
        reader.leave(outerEnd);
        message.fileByFilename = undefined;
        message.fileContainingSymbol = undefined;
        message.allExtensionNumbersOfType = undefined;
        message.listServices = undefined;
        break;
      }
      case 50:
        message.allExtensionNumbersOfType = reader.string();
        message.fileByFilename = undefined;
        message.fileContainingSymbol = undefined;
        message.fileContainingExtension = undefined;
        message.listServices = undefined;
        break;
      case 58:
        message.listServices = reader.string();
        message.fileByFilename = undefined;
        message.fileContainingSymbol = undefined;
        message.fileContainingExtension = undefined;
        message.allExtensionNumbersOfType = undefined;
        break;
      default:
        reader.skip(tag);
    }
  }
  return message;
}

function writeServerReflectionRequest(writer: Writer, message: ServerReflectionRequestInit): void {
  if (message.listServices !== undefined) writer.string(58, message.listServices);
  if (message.allExtensionNumbersOfType !== undefined)
    writer.string(50, message.allExtensionNumbersOfType);
  if (message.fileContainingExtension !== undefined) {
    const mark = writer.mark();
    writeExtensionRequest(writer, message.fileContainingExtension);
    writer.message(42, mark);
  }
  if (message.fileContainingSymbol !== undefined) writer.string(34, message.fileContainingSymbol);
  if (message.fileByFilename !== undefined) writer.string(26, message.fileByFilename);
  const host = message.host ?? "";
  if (host !== "") writer.string(10, host);
}

export interface ExtensionRequest {
  containingType: string;
  extensionNumber: number;
}

export interface ExtensionRequestInit {
  readonly containingType?: string | undefined;
  readonly extensionNumber?: number | undefined;
}

export function decodeExtensionRequest(bytes: Uint8Array): ExtensionRequest {
  return readExtensionRequest(new Reader(bytes));
}

export function encodeExtensionRequest(message: ExtensionRequestInit): Uint8Array {
  const writer = startMessage();
  writeExtensionRequest(writer, message);
  return writer.finish();
}

function readExtensionRequest(reader: Reader, into?: ExtensionRequest): ExtensionRequest {
  const message: ExtensionRequest = into ?? { containingType: "", extensionNumber: 0 };
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 10:
        message.containingType = reader.string();
        break;
      case 16:
        message.extensionNumber = reader.enum();
        break;
      default:
        reader.skip(tag);
    }
  }
  return message;
}

function writeExtensionRequest(writer: Writer, message: ExtensionRequestInit): void {
  const extensionNumber = message.extensionNumber ?? 0;
  if (extensionNumber !== 0) writer.enum(16, extensionNumber);
  const containingType = message.containingType ?? "";
  if (containingType !== "") writer.string(10, containingType);
}

export interface ServerReflectionResponse {
  validHost: string;
  originalRequest: ServerReflectionRequest | undefined;
  fileDescriptorResponse: FileDescriptorResponse | undefined;
  allExtensionNumbersResponse: ExtensionNumberResponse | undefined;
  listServicesResponse: ListServiceResponse | undefined;
  errorResponse: ErrorResponse | undefined;
}

export interface ServerReflectionResponseInit {
  readonly validHost?: string | undefined;
  readonly originalRequest?: ServerReflectionRequestInit | undefined;
  readonly fileDescriptorResponse?: FileDescriptorResponseInit | undefined;
  readonly allExtensionNumbersResponse?: ExtensionNumberResponseInit | undefined;
  readonly listServicesResponse?: ListServiceResponseInit | undefined;
  readonly errorResponse?: ErrorResponseInit | undefined;
}

export function decodeServerReflectionResponse(bytes: Uint8Array): ServerReflectionResponse {
  return readServerReflectionResponse(new Reader(bytes));
}

export function encodeServerReflectionResponse(message: ServerReflectionResponseInit): Uint8Array {
  const writer = startMessage();
  writeServerReflectionResponse(writer, message);
  return writer.finish();
}

function readServerReflectionResponse(
  reader: Reader,
  into?: ServerReflectionResponse,
): ServerReflectionResponse {
  const message: ServerReflectionResponse = into ?? {
    validHost: "",
    originalRequest: undefined,
    fileDescriptorResponse: undefined,
    allExtensionNumbersResponse: undefined,
    listServicesResponse: undefined,
    errorResponse: undefined,
  };
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 10:
        message.validHost = reader.string();
        break;
      case 18: {
        const outerEnd = reader.enter();
        message.originalRequest = readServerReflectionRequest(reader, message.originalRequest);
        reader.leave(outerEnd);
        break;
      }
      case 34: {
        const outerEnd = reader.enter();
        message.fileDescriptorResponse = readFileDescriptorResponse(
          reader,
          message.fileDescriptorResponse,
        );
        reader.leave(outerEnd);
        message.allExtensionNumbersResponse = undefined;
        message.listServicesResponse = undefined;
        message.errorResponse = undefined;
        break;
      }
      case 42: {
        const outerEnd = reader.enter();
        message.allExtensionNumbersResponse = readExtensionNumberResponse(
          reader,
          message.allExtensionNumbersResponse,
        );
        reader.leave(outerEnd);
        message.fileDescriptorResponse = undefined;
        message.listServicesResponse = undefined;
        message.errorResponse = undefined;
        break;
      }
      case 50: {
        const outerEnd = reader.enter();
        message.listServicesResponse = readListServiceResponse(
          reader,
          message.listServicesResponse,
        );
        reader.leave(outerEnd);
        message.fileDescriptorResponse = undefined;
        message.allExtensionNumbersResponse = undefined;
        message.errorResponse = undefined;
        break;
      }
      case 58: {
        const outerEnd = reader.enter();
        message.errorResponse = readErrorResponse(reader, message.errorResponse);
        reader.leave(outerEnd);
        message.fileDescriptorResponse = undefined;
        message.allExtensionNumbersResponse = undefined;
        message.listServicesResponse = undefined;
        break;
      }
      default:
        reader.skip(tag);
    }
  }
  return message;
}

function writeServerReflectionResponse(
  writer: Writer,
  message: ServerReflectionResponseInit,
): void {
  if (message.errorResponse !== undefined) {
    const mark = writer.mark();
    writeErrorResponse(writer, message.errorResponse);
    writer.message(58, mark);
  }
  if (message.listServicesResponse !== undefined) {
    const mark = writer.mark();
    writeListServiceResponse(writer, message.listServicesResponse);
    writer.message(50, mark);
  }
  if (message.allExtensionNumbersResponse !== undefined) {
    const mark = writer.mark();
    writeExtensionNumberResponse(writer, message.allExtensionNumbersResponse);
    writer.message(42, mark);
  }
  if (message.fileDescriptorResponse !== undefined) {
    const mark = writer.mark();
    writeFileDescriptorResponse(writer, message.fileDescriptorResponse);
    writer.message(34, mark);
  }
  if (message.originalRequest !== undefined) {
    const mark = writer.mark();
    writeServerReflectionRequest(writer, message.originalRequest);
    writer.message(18, mark);
  }
  const validHost = message.validHost ?? "";
  if (validHost !== "") writer.string(10, validHost);
}

export interface FileDescriptorResponse {
  /** The file asked for, and those that it needs; each an encoded FileDescriptorProto. */
  fileDescriptorProto: Uint8Array[];
}

export interface FileDescriptorResponseInit {
  readonly fileDescriptorProto?: readonly Uint8Array[] | undefined;
}

export function decodeFileDescriptorResponse(bytes: Uint8Array): FileDescriptorResponse {
  return readFileDescriptorResponse(new Reader(bytes));
}

export function encodeFileDescriptorResponse(message: FileDescriptorResponseInit): Uint8Array {
  const writer = startMessage();
  writeFileDescriptorResponse(writer, message);
  return writer.finish();
}

function readFileDescriptorResponse(
  reader: Reader,
  into?: FileDescriptorResponse,
): FileDescriptorResponse {
  const message: FileDescriptorResponse = into ?? { fileDescriptorProto: [] };
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 10:
        message.fileDescriptorProto.push(reader.bytes());
        break;
      default:
        reader.skip(tag);
    }
  }
  return message;
}

function writeFileDescriptorResponse(writer: Writer, message: FileDescriptorResponseInit): void {
  const fileDescriptorProto = message.fileDescriptorProto;
  if (fileDescriptorProto !== undefined) {
    for (let index = fileDescriptorProto.length - 1; index >= 0; index -= 1) {
      writer.bytes(10, fileDescriptorProto[index] as Uint8Array);
    }
  }
}

export interface ExtensionNumberResponse {
  baseTypeName: string;
  extensionNumber: number[];
}

export interface ExtensionNumberResponseInit {
  readonly baseTypeName?: string | undefined;
  readonly extensionNumber?: readonly number[] | undefined;
}

export function decodeExtensionNumberResponse(bytes: Uint8Array): ExtensionNumberResponse {
  return readExtensionNumberResponse(new Reader(bytes));
}

export function encodeExtensionNumberResponse(message: ExtensionNumberResponseInit): Uint8Array {
  const writer = startMessage();
  writeExtensionNumberResponse(writer, message);
  return writer.finish();
}

function readExtensionNumberResponse(
  reader: Reader,
  into?: ExtensionNumberResponse,
): ExtensionNumberResponse {
  const message: ExtensionNumberResponse = into ?? { baseTypeName: "", extensionNumber: [] };
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 10:
        message.baseTypeName = reader.string();
        break;
      case 16:
        message.extensionNumber.push(reader.enum());
        break;
      case 18: {
        const outerEnd = reader.enter();
        while (reader.position < reader.end) message.extensionNumber.push(reader.enum());
        reader.leave(outerEnd);
        break;
      }
      default:
        reader.skip(tag);
    }
  }
  return message;
}

function writeExtensionNumberResponse(writer: Writer, message: ExtensionNumberResponseInit): void {
  const extensionNumber = message.extensionNumber;
  if (extensionNumber !== undefined && extensionNumber.length > 0) {
    const mark = writer.mark();
    for (let index = extensionNumber.length - 1; index >= 0; index -= 1) {
      writer.packedEnum(extensionNumber[index] as number);
    }
    writer.message(18, mark);
  }
  const baseTypeName = message.baseTypeName ?? "";
  if (baseTypeName !== "") writer.string(10, baseTypeName);
}

export interface ListServiceResponse {
  service: ServiceResponse[];
}

export interface ListServiceResponseInit {
  readonly service?: readonly ServiceResponseInit[] | undefined;
}

export function decodeListServiceResponse(bytes: Uint8Array): ListServiceResponse {
  return readListServiceResponse(new Reader(bytes));
}

export function encodeListServiceResponse(message: ListServiceResponseInit): Uint8Array {
  const writer = startMessage();
  writeListServiceResponse(writer, message);
  return writer.finish();
}

function readListServiceResponse(reader: Reader, into?: ListServiceResponse): ListServiceResponse {
  const message: ListServiceResponse = into ?? { service: [] };
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 10: {
        const outerEnd = reader.enter();
        message.service.push(readAuthUserGetRequest(reader));
        reader.leave(outerEnd);
        break;
      }
      default:
        reader.skip(tag);
    }
  }
  return message;
}

function writeListServiceResponse(writer: Writer, message: ListServiceResponseInit): void {
  const service = message.service;
  if (service !== undefined) {
    for (let index = service.length - 1; index >= 0; index -= 1) {
      const mark = writer.mark();
      writeAuthUserGetRequest(writer, service[index] as ServiceResponseInit);
      writer.message(10, mark);
    }
  }
}

export interface ServiceResponse {
  /** Full name. */
  name: string;
}

export interface ServiceResponseInit {
  readonly name?: string | undefined;
}

export function decodeServiceResponse(bytes: Uint8Array): ServiceResponse {
  return readAuthUserGetRequest(new Reader(bytes));
}

export function encodeServiceResponse(message: ServiceResponseInit): Uint8Array {
  const writer = startMessage();
  writeAuthUserGetRequest(writer, message);
  return writer.finish();
}

export interface ErrorResponse {
  /** A status code of gRPC. */
  errorCode: number;
  errorMessage: string;
}

export interface ErrorResponseInit {
  readonly errorCode?: number | undefined;
  readonly errorMessage?: string | undefined;
}

export function decodeErrorResponse(bytes: Uint8Array): ErrorResponse {
  return readErrorResponse(new Reader(bytes));
}

export function encodeErrorResponse(message: ErrorResponseInit): Uint8Array {
  const writer = startMessage();
  writeErrorResponse(writer, message);
  return writer.finish();
}

function readErrorResponse(reader: Reader, into?: ErrorResponse): ErrorResponse {
  const message: ErrorResponse = into ?? { errorCode: 0, errorMessage: "" };
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 8:
        message.errorCode = reader.enum();
        break;
      case 18:
        message.errorMessage = reader.string();
        break;
      default:
        reader.skip(tag);
    }
  }
  return message;
}

function writeErrorResponse(writer: Writer, message: ErrorResponseInit): void {
  const errorMessage = message.errorMessage ?? "";
  if (errorMessage !== "") writer.string(18, errorMessage);
  const errorCode = message.errorCode ?? 0;
  if (errorCode !== 0) writer.enum(8, errorCode);
}

export interface Lease {
  id: bigint;
  /** Seconds granted. The moment of expiry is not kept: it starts anew with the server. */
  ttl: number;
  /** Seconds left at the last checkpoint; 0 when there was none. */
  remainingTtl: number;
}

export interface LeaseInit {
  readonly id?: bigint | undefined;
  readonly ttl?: number | undefined;
  readonly remainingTtl?: number | undefined;
}

export function decodeLease(bytes: Uint8Array): Lease {
  return readLease(new Reader(bytes));
}

export function encodeLease(message: LeaseInit): Uint8Array {
  const writer = startMessage();
  writeLease(writer, message);
  return writer.finish();
}

function readLease(reader: Reader, into?: Lease): Lease {
  const message: Lease = into ?? { id: 0n, ttl: 0, remainingTtl: 0 };
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 8:
        message.id = reader.bigInt64();
        break;
      case 16:
        message.ttl = reader.int64();
        break;
      case 24:
        message.remainingTtl = reader.int64();
        break;
      default:
        reader.skip(tag);
    }
  }
  return message;
}

function writeLease(writer: Writer, message: LeaseInit): void {
  const remainingTtl = message.remainingTtl ?? 0;
  if (remainingTtl !== 0) writer.int64(24, remainingTtl);
  const ttl = message.ttl ?? 0;
  if (ttl !== 0) writer.int64(16, ttl);
  const id = message.id ?? 0n;
  if (id !== 0n) writer.bigInt64(8, id);
}

export interface LockRequest {
  name: Uint8Array;
  /** 0 lets the server grant a lease of 60 seconds that nobody keeps alive. */
  lease: bigint;
}

export interface LockRequestInit {
  readonly name?: Uint8Array | undefined;
  readonly lease?: bigint | undefined;
}

export function decodeLockRequest(bytes: Uint8Array): LockRequest {
  return readLockRequest(new Reader(bytes));
}

export function encodeLockRequest(message: LockRequestInit): Uint8Array {
  const writer = startMessage();
  writeLockRequest(writer, message);
  return writer.finish();
}

function readLockRequest(reader: Reader, into?: LockRequest): LockRequest {
  const message: LockRequest = into ?? { name: EMPTY_BYTES, lease: 0n };
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 10:
        message.name = reader.bytes();
        break;
      case 16:
        message.lease = reader.bigInt64();
        break;
      default:
        reader.skip(tag);
    }
  }
  return message;
}

function writeLockRequest(writer: Writer, message: LockRequestInit): void {
  const lease = message.lease ?? 0n;
  if (lease !== 0n) writer.bigInt64(16, lease);
  if (message.name !== undefined && message.name.byteLength > 0) writer.bytes(10, message.name);
}

export interface LockResponse {
  header: ResponseHeader | undefined;
  /** Ownership key: the lock is held while this key exists. */
  key: Uint8Array;
}

export interface LockResponseInit {
  readonly header?: ResponseHeaderInit | undefined;
  readonly key?: Uint8Array | undefined;
}

export function decodeLockResponse(bytes: Uint8Array): LockResponse {
  return readLockResponse(new Reader(bytes));
}

export function encodeLockResponse(message: LockResponseInit): Uint8Array {
  const writer = startMessage();
  writeLockResponse(writer, message);
  return writer.finish();
}

function readLockResponse(reader: Reader, into?: LockResponse): LockResponse {
  const message: LockResponse = into ?? { header: undefined, key: EMPTY_BYTES };
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 10: {
        const outerEnd = reader.enter();
        message.header = readResponseHeader(reader, message.header);
        reader.leave(outerEnd);
        break;
      }
      case 18:
        message.key = reader.bytes();
        break;
      default:
        reader.skip(tag);
    }
  }
  return message;
}

function writeLockResponse(writer: Writer, message: LockResponseInit): void {
  if (message.key !== undefined && message.key.byteLength > 0) writer.bytes(18, message.key);
  if (message.header !== undefined) {
    const mark = writer.mark();
    writeResponseHeader(writer, message.header);
    writer.message(10, mark);
  }
}

export interface UnlockRequest {
  key: Uint8Array;
}

export interface UnlockRequestInit {
  readonly key?: Uint8Array | undefined;
}

export function decodeUnlockRequest(bytes: Uint8Array): UnlockRequest {
  return readUnlockRequest(new Reader(bytes));
}

export function encodeUnlockRequest(message: UnlockRequestInit): Uint8Array {
  const writer = startMessage();
  writeUnlockRequest(writer, message);
  return writer.finish();
}

function readUnlockRequest(reader: Reader, into?: UnlockRequest): UnlockRequest {
  const message: UnlockRequest = into ?? { key: EMPTY_BYTES };
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case 10:
        message.key = reader.bytes();
        break;
      default:
        reader.skip(tag);
    }
  }
  return message;
}

function writeUnlockRequest(writer: Writer, message: UnlockRequestInit): void {
  if (message.key !== undefined && message.key.byteLength > 0) writer.bytes(10, message.key);
}

export interface UnlockResponse {
  header: ResponseHeader | undefined;
}

export interface UnlockResponseInit {
  readonly header?: ResponseHeaderInit | undefined;
}

export function decodeUnlockResponse(bytes: Uint8Array): UnlockResponse {
  return readResignResponse(new Reader(bytes));
}

export function encodeUnlockResponse(message: UnlockResponseInit): Uint8Array {
  const writer = startMessage();
  writeResignResponse(writer, message);
  return writer.finish();
}
