/** JSON of messages both ways, held against protobufjs and against our own codecs. */
import assert from "node:assert/strict";
import fc from "fast-check";
import protobuf from "protobufjs";
import t from "tap";
import { descriptorOf } from "../../../src/wire/json/descriptor.ts";
import { jsonTypesOf } from "../../../src/wire/json/index.ts";
import { readJson } from "../../../src/wire/json/read-json.ts";
import { writeJson } from "../../../src/wire/json/write-json.ts";
import { messages } from "../../../src/wire/index.ts";
import { MESSAGE_TYPES, arbitraryInit, codecOf } from "../reference.ts";

/** Health has no JSON. */
const TYPES = MESSAGE_TYPES.filter(({ fullName }) => !fullName.startsWith(".grpc."));

/** Says the same in other ways: other names, numbers that are no strings, spaces. */
function respelled(value: unknown, isSpaced: boolean): string {
  const space = isSpaced ? " \n\t" : "";
  if (Array.isArray(value)) {
    return `[${space}${value.map((one) => respelled(one, isSpaced)).join(`,${space}`)}]`;
  }
  if (typeof value === "string" && /^-?[0-9]{1,15}$/u.test(value)) return value;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const fields = Object.entries(value).map(([name, one]) => {
    const camel = name.replace(/_([a-z])/gu, (_match, letter: string) => letter.toUpperCase());
    return `"${camel}"${space}:${space}${respelled(one, isSpaced)}`;
  });
  return `{${space}${fields.toReversed().join(`${space},`)}}${space}`.trim();
}

t.test("JSON has every type that a method needs", (t) => {
  for (const { name, fieldsArray } of TYPES) {
    t.same(
      descriptorOf(name).fields.map((field) => field.name),
      fieldsArray.map((field) => field.name),
      name,
    );
  }
  t.equal(jsonTypesOf("watch").request.name, "WatchRequest");
  t.throws(() => jsonTypesOf("healthCheck"), /Cannot find types/u);
  t.throws(() => descriptorOf("Nothing"), /Cannot find descriptor/u);
  t.end();
});

for (const type of TYPES) {
  t.test(`writeJson() of ${type.name} says what protobufjs does, and readJson() reads it`, (t) => {
    const codec = codecOf(type);
    const descriptor = descriptorOf(type.name);
    fc.assert(
      fc.property(arbitraryInit(type), fc.boolean(), (init, isSpaced) => {
        const bytes = codec.encode(init);
        const json = writeJson(descriptor, bytes);
        const value = JSON.parse(json.toString()) as unknown;
        const reference = type.toObject(type.decode(bytes), {
          longs: String,
          enums: String,
          bytes: String,
        });
        assert.deepEqual(value, JSON.parse(JSON.stringify(reference)));
        assert.deepEqual(codec.decode(readJson(descriptor, json)), codec.decode(bytes));
        if (hasNumericTexts(type)) return;
        const other = Buffer.from(respelled(value, isSpaced));
        assert.deepEqual(codec.decode(readJson(descriptor, other)), codec.decode(bytes));
      }),
      { numRuns: 40 },
    );
    t.end();
  });
}

/** A text that looks like a number cannot be told from one. */
function hasNumericTexts(type: protobuf.Type, seen = new Set<protobuf.Type>()): boolean {
  if (seen.has(type)) return false;
  seen.add(type);
  return type.fieldsArray.some(({ type: kind, resolvedType }) => {
    if (resolvedType instanceof protobuf.Type) return hasNumericTexts(resolvedType, seen);
    return kind === "string" || kind === "bytes";
  });
}

t.test("writeJson() keeps all 64 bits, and the zero of a oneof", (t) => {
  const { encodeLeaseGrantRequest: encode, encodeCompare } = messages;
  const lease = descriptorOf("LeaseGrantRequest");
  for (const id of [2n ** 63n - 1n, -(2n ** 63n), 9_007_199_254_740_993n]) {
    const json = writeJson(lease, encode({ id }));
    t.equal(json.toString(), `{"ID":"${String(id)}"}`);
    t.same(readJson(lease, json), Buffer.from(encode({ id })));
    t.same(readJson(lease, Buffer.from(`{"ID":${String(id)}}`)), Buffer.from(encode({ id })));
  }
  const compare = descriptorOf("Compare");
  t.equal(writeJson(compare, encodeCompare({ version: 0 })).toString(), '{"version":"0"}');
  t.same(
    readJson(compare, Buffer.from('{"version":0}')),
    Buffer.from(encodeCompare({ version: 0 })),
  );
  t.end();
});

t.test("writeJson() joins a message that comes in parts, and takes the last of the rest", (t) => {
  const put = descriptorOf("PutResponse");
  const part = (header: messages.ResponseHeaderInit): Uint8Array =>
    messages.encodePutResponse({ header });
  const bytes = Buffer.concat([part({ revision: 1, raftTerm: 2 }), part({ revision: 3 })]);
  t.equal(writeJson(put, bytes).toString(), '{"header":{"revision":"3","raft_term":"2"}}');
  const compare = Buffer.concat([
    messages.encodeCompare({ version: 1 }),
    messages.encodeCompare({ lease: 2n }),
  ]);
  t.equal(writeJson(descriptorOf("Compare"), compare).toString(), '{"lease":"2"}');
  const filters = messages.encodeWatchCreateRequest({ filters: [0, 1, 9] });
  t.equal(
    writeJson(descriptorOf("WatchCreateRequest"), filters).toString(),
    '{"filters":["NOPUT","NODELETE",9]}',
  );
  t.end();
});

t.test("writeJson() writes long answers whole", (t) => {
  const kvs = Array.from({ length: 2000 }, (_none, index) => ({
    key: Buffer.from(String(index)),
    value: Buffer.alloc(100, index),
  }));
  const json = writeJson(descriptorOf("RangeResponse"), messages.encodeRangeResponse({ kvs }));
  const value = JSON.parse(json.toString()) as { kvs: { key: string; value: string }[] };
  t.same(
    value.kvs.map(({ key, value: text }) => [key, text]),
    kvs.map(({ key, value: bytes }) => [key.toString("base64"), bytes.toString("base64")]),
  );
  t.end();
});

t.test("readJson() copies what is deep in a message once and not at every depth", (t) => {
  const depth = 900;
  const value = Buffer.alloc(3_000_000, 7);
  const inner = `{"requestPut":{"value":"${value.toString("base64")}"}}`;
  const before = '{"requestTxn":{"success":['.repeat(depth);
  const text = `{"success":[${before}${inner}${"]}}".repeat(depth)}]}`;
  const start = process.cpuUsage();
  const message = readJson(descriptorOf("TxnRequest"), Buffer.from(text));
  const { user, system } = process.cpuUsage(start);
  // Seven seconds with a copy at each depth, a fifth of one without.
  t.ok(user + system < 3_000_000, `${String(user + system)} µs`);
  t.ok(message.includes(value));
  let request = messages.decodeTxnRequest(message);
  let found = 0;
  for (; request.success[0]?.requestTxn !== undefined; found++) {
    request = request.success[0].requestTxn;
  }
  t.equal(found, depth);
  t.same(request.success[0]?.requestPut?.value, value);
  t.end();
});
