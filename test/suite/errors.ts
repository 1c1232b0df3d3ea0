/** Bad input, from which a server and its other clients must not suffer. */
import { op } from "../../src/client/index.ts";
import { EMPTY_CONTEXT, messages, UNARY_METHODS } from "../../src/wire/index.ts";
import type { EtcdError, StreamMethod, UnaryMethod } from "../../src/wire/index.ts";
import { bytes, currentRevision, plainSpaces, REFUSALS, refuses, rows, within } from "./checks.ts";
import type { Scene, SuiteTests } from "./scene.ts";

/** Field 1 with a length far beyond the end. */
const MALFORMED = Uint8Array.of(0x0a, 0xff, 0x01, 0x41);

/** Largest write request with etcd's defaults. Source: etcd embed/config.go. */
const REQUEST_BYTES_MAX = 1_572_864;

/** Field 127, as a number and as bytes, which no message of etcd has. */
const UNKNOWN_FIELDS = Uint8Array.of(0xf8, 0x07, 0x2a, 0xfa, 0x07, 0x02, 0x68, 0x69);

/** A call of bytes as they are. */
async function unaryRaw(
  { channel }: Pick<Scene, "channel">,
  method: UnaryMethod,
  request: Uint8Array,
): Promise<Uint8Array> {
  return await channel.unary(method, request, EMPTY_CONTEXT);
}

/** A transaction in a transaction in a transaction, with nothing in the innermost. */
function nestedTxn(depth: number): Uint8Array {
  const heads: Buffer[] = [];
  let bytesInside = 0;
  for (let level = 0; level < depth; level += 1) {
    const operation = Buffer.concat([Buffer.of(0x22), varint(bytesInside)]);
    const success = Buffer.concat([Buffer.of(0x12), varint(operation.length + bytesInside)]);
    heads.push(operation, success);
    bytesInside += operation.length + success.length;
  }
  return Buffer.concat(heads.toReversed());
}

function varint(value: number): Buffer {
  const out: number[] = [];
  let rest = value;
  for (; rest > 127; rest = Math.floor(rest / 128)) {
    out.push((rest % 128) | 128);
  }
  return Buffer.of(...out, rest);
}

/** Opens a stream, sends bytes, and resolves with how it ends. */
async function endOfStream(
  { channel }: Pick<Scene, "channel">,
  method: StreamMethod,
  request: Uint8Array,
): Promise<EtcdError | undefined> {
  const ended = new Promise<EtcdError | undefined>((resolve) => {
    const input = channel.stream(method, EMPTY_CONTEXT, { write: () => true, end: resolve });
    input.write(request);
  });
  return await within(`the end of ${method}`, ended);
}

export const errorTests: SuiteTests = {
  "Malformed requests are refused, whatever the method": async (scene) => {
    const { t, client, prefix } = scene;
    for (const method of Object.keys(UNARY_METHODS)) {
      // Object.keys() forgets of what; the table is made of methods.
      const call = unaryRaw(scene, method as UnaryMethod, MALFORMED);
      await refuses(t, call, REFUSALS.unmarshal, method);
    }
    await client.kv.put(`${prefix}a`, "1");
    t.equal((await client.kv.get(`${prefix}a`)).count, 1, "the server lives");
  },

  "Malformed requests are of many kinds": async (scene) => {
    const { t } = scene;
    for (const [what, request] of [
      ["a tag that is cut off", [0x80]],
      ["a number that is cut off", [0x18, 0x80]],
      ["a number of more than ten bytes", [0x18, ...Array.from({ length: 11 }, () => 0xff)]],
      ["the tag zero", [0x00, 0x00]],
      ["a group that is not ended", [0x0b]],
      ["a group that is not begun", [0x0c]],
      ["a type that there is not", [0x0f, 0x00]],
      ["text without its length", [0x0a]],
      ["text longer than memory", [0x0a, ...Array.from({ length: 9 }, () => 0xff), 0x01]],
      ["a field number that there cannot be", [0xf8, 0xff, 0xff, 0xff, 0x1f, 0x01]],
    ] as const) {
      await refuses(
        t,
        unaryRaw(scene, "range", Uint8Array.from(request)),
        REFUSALS.unmarshal,
        what,
      );
    }
  },

  "Malformed text is refused where text is asked for": async (scene) => {
    const { t } = scene;
    const request = Uint8Array.of(0x0a, 2, 0xff, 0xfe);
    await refuses(t, unaryRaw(scene, "memberAdd", request), REFUSALS.invalidUtf8, "MemberAdd");
    await refuses(t, unaryRaw(scene, "authenticate", request), REFUSALS.invalidUtf8);
    t.ok(await unaryRaw(scene, "range", request), "a key is no text");
  },

  "Messages in messages beyond all reason are refused": async (scene) => {
    const { t } = scene;
    await refuses(t, unaryRaw(scene, "txn", nestedTxn(20_000)), REFUSALS.tooDeep);
    await refuses(t, unaryRaw(scene, "txn", nestedTxn(129)), REFUSALS.tooManyOps);
    t.ok(await unaryRaw(scene, "txn", nestedTxn(128)), "each inside has one operation less");
  },

  "Odd but lawful messages are read": async (scene) => {
    const { t } = scene;
    for (const [what, tail] of [
      ["a number in more bytes than it needs", [0x18, 0x81, 0x80, 0x80, 0x00]],
      ["a number of ten bytes", [0x18, ...Array.from({ length: 9 }, () => 0xff), 0x01]],
      ["a truth of more than one", [0x48, 0x80, 0x80, 0x80, 0x80, 0x10]],
      ["a choice of more than 32 bits", [0x28, 0x80, 0x80, 0x80, 0x80, 0x10]],
      ["an unknown group", [0xfb, 0x07, 0x08, 0x01, 0xfc, 0x07]],
      ["the greatest field number", [0xf8, 0xff, 0xff, 0xff, 0x0f, 0x01]],
    ] as const) {
      t.ok(await unaryRaw(scene, "range", Uint8Array.of(0x0a, 1, 0x61, ...tail)), what);
    }
  },

  "Malformed messages inside of messages are refused": async (scene) => {
    const { t } = scene;
    const inside = Uint8Array.of(0x12, MALFORMED.length, ...MALFORMED);
    await refuses(t, unaryRaw(scene, "txn", inside), REFUSALS.unmarshal);
  },

  "Malformed messages end their stream, and no other": async (scene) => {
    const { t, client, prefix } = scene;
    await using watch = client.watch(`${prefix}a`);
    await watch.created;
    for (const method of ["watch", "leaseKeepAlive", "rangeStream", "healthWatch"] as const) {
      const error = await endOfStream(scene, method, MALFORMED);
      const ending = [error?.code, plainSpaces(error?.message ?? "")];
      t.strictSame(ending, REFUSALS.unmarshalStream, method);
    }
    await client.kv.put(`${prefix}a`, "1");
    const { value } = await within("the event", watch.next());
    t.strictSame(rows(value?.events.map(({ kv }) => kv) ?? [], prefix), ["a=1"]);
  },

  "Unknown fields are not looked at": async (scene) => {
    const { t, client, prefix } = scene;
    const key = bytes(`${prefix}a`);
    const put = messages.encodePutRequest({ key, value: bytes("1") });
    await unaryRaw(scene, "put", Buffer.concat([UNKNOWN_FIELDS, put, UNKNOWN_FIELDS]));
    const range = Buffer.concat([messages.encodeRangeRequest({ key }), UNKNOWN_FIELDS]);
    const answer = messages.decodeRangeResponse(await unaryRaw(scene, "range", range));
    t.strictSame(rows(answer.kvs, prefix), ["a=1"]);
    t.equal((await client.kv.get(`${prefix}a`)).count, 1);
  },

  "A field of another type than it should be is an unknown field": async (scene) => {
    const { t } = scene;
    // Field 3 (limit, a number) as bytes, and field 1 (key, bytes) as a number.
    const request = Uint8Array.of(0x1a, 0x01, 0x41, 0x08, 0x07);
    await refuses(t, unaryRaw(scene, "range", request), REFUSALS.emptyKey);
  },

  "A field given twice counts as it was given last": async (scene) => {
    const { t, client, prefix } = scene;
    await client.kv.put(`${prefix}b`, "2");
    const twice = Buffer.concat([
      messages.encodeRangeRequest({ key: bytes(`${prefix}a`), limit: 7 }),
      messages.encodeRangeRequest({ key: bytes(`${prefix}b`) }),
    ]);
    const answer = messages.decodeRangeResponse(await unaryRaw(scene, "range", twice));
    t.strictSame(rows(answer.kvs, prefix), ["b=2"]);
  },

  "A write that is too large is refused, and one that is just not is done": async (scene) => {
    const { t, client, prefix } = scene;
    const before = await currentRevision(client);
    const key = `${prefix}a`;
    // What etcd wraps around a put takes a few dozen bytes.
    const fits = Buffer.alloc(REQUEST_BYTES_MAX - key.length - 40);
    await client.kv.put(key, fits);
    await refuses(t, client.kv.put(key, Buffer.alloc(REQUEST_BYTES_MAX)), REFUSALS.requestTooLarge);
    const long = "k".repeat(REQUEST_BYTES_MAX);
    await refuses(t, client.kv.delete(long), REFUSALS.requestTooLarge, "DeleteRange");
    const half = op.put(`${prefix}b`, Buffer.alloc(REQUEST_BYTES_MAX / 2));
    const other = op.put(`${prefix}c`, Buffer.alloc(REQUEST_BYTES_MAX / 2));
    await refuses(t, client.kv.txn().then(half, other).commit(), REFUSALS.requestTooLarge, "Txn");
    const untaken = client.kv.txn().then(half).else(other);
    await refuses(t, untaken.commit(), REFUSALS.requestTooLarge, "both lists count");
    t.equal(await currentRevision(client), before + 1);
    await client.kv.delete(key);
  },

  "A write that is too large is refused within a few bytes of the limit": async (scene) => {
    const { t, fresh } = scene;
    const { client } = await fresh();
    await client.kv.put("abc", Buffer.alloc(1_572_834));
    await refuses(t, client.kv.put("abc", Buffer.alloc(1_572_844)), REFUSALS.requestTooLarge);
  },

  "A read has no limit of its own": async ({ t, client }) => {
    const long = "k".repeat(REQUEST_BYTES_MAX + 1_000);
    t.equal((await client.kv.get(long)).count, 0, "Range");
    const txn = client.kv.txn().then(op.get(long));
    t.equal((await txn.commit()).succeeded, true, "Txn that only reads");
  },

  "An answer has no limit": async ({ t, client, prefix }) => {
    const value = Buffer.alloc(1_000_000, "v");
    for (const name of ["a", "b", "c", "d", "e", "f"]) {
      await client.kv.put(prefix + name, value);
    }
    const { kvs } = await client.kv.get(prefix, { prefix: true });
    t.equal(kvs.length, 6);
    t.ok(kvs.every((kv) => kv.value.equals(value)));
    await client.kv.delete(prefix, { prefix: true });
  },

  "A refused Put says why in the order in which etcd looks": async ({ t, client, prefix }) => {
    const huge = Buffer.alloc(REQUEST_BYTES_MAX);
    await refuses(t, client.kv.put("", huge), REFUSALS.emptyKey, "the form before the size");
    const lease = 0x7000_0000_0000_0002n;
    const put = client.kv.put(`${prefix}a`, huge, { lease });
    await refuses(t, put, REFUSALS.requestTooLarge, "the size before the lease");
  },

  "Streams that are given up at once leave no trace": async ({ t, client, prefix }) => {
    for (let times = 0; times < 50; times += 1) {
      const stream = client.watchStream();
      stream.send({ createRequest: { key: bytes(prefix), rangeEnd: bytes(`${prefix}~`) } });
      stream.cancel();
      client.lease.keepAlive().close();
    }
    await client.kv.put(`${prefix}a`, "1");
    t.equal((await client.kv.get(`${prefix}a`)).count, 1);
  },

  "Calls at once are each answered their own": async ({ t, client, prefix }) => {
    const puts = Array.from({ length: 200 }, async (_none, index) => {
      await client.kv.put(`${prefix}${index}`, String(index));
      return (await client.kv.get(`${prefix}${index}`)).kvs[0]?.value.toString();
    });
    t.strictSame(
      await Promise.all(puts),
      puts.map((_none, index) => String(index)),
    );
  },
};
