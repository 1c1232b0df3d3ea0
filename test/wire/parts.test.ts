import assert from "node:assert/strict";
import fc from "fast-check";
import t from "tap";
import {
  RESPONSE_OP,
  RangeParts,
  encodeRangeResponse,
  encodeResponseOp,
  encodeTxnResponse,
  framesOf,
  joined,
  txnParts,
} from "../../src/wire/index.ts";
import type { Parts } from "../../src/wire/index.ts";

const noPause = async (): Promise<void> => undefined;

/** Many small ones, and now and then one that no chunk holds. */
const keyValues = fc.array(
  fc.oneof(
    { weight: 20, arbitrary: fc.uint8Array({ minLength: 1, maxLength: 300 }) },
    { weight: 1, arbitrary: fc.nat(400_000).map((length) => new Uint8Array(length + 1).fill(7)) },
  ),
  { maxLength: 100 },
);
const results = fc.record({
  kvs: keyValues,
  more: fc.boolean(),
  count: fc.oneof(fc.constant(0), fc.nat()),
});
const headers = fc.uint8Array({ maxLength: 30 });

interface Result {
  readonly kvs: Uint8Array[];
  readonly more: boolean;
  readonly count: number;
}

function framed({ kvs, ...rest }: Result): Parameters<typeof encodeRangeResponse>[1] {
  return { kvs: framesOf(kvs), ...rest };
}

function partsOf(header: Uint8Array, { kvs, ...result }: Result): Parts {
  const parts = new RangeParts();
  const half = kvs.length >> 1;
  if (half > 0) {
    parts.add(framesOf(kvs.slice(0, half)));
    assert.deepEqual(Buffer.from(parts.last), Buffer.from(kvs[half - 1]!));
  }
  for (const kv of kvs.slice(half)) {
    parts.add(framesOf([]));
    parts.add(framesOf([kv]));
    assert.deepEqual(Buffer.from(parts.last), Buffer.from(kv));
  }
  assert.equal(parts.count, kvs.length);
  return parts.finish(header, result);
}

t.test("RangeParts, joined, are the RangeResponse", async (t) => {
  const property = fc.asyncProperty(headers, results, async (header, result) => {
    const whole = await joined(partsOf(header, result), noPause);
    assert.ok(whole.equals(encodeRangeResponse(header, framed(result))));
  });
  await t.resolves(fc.assert(property, { numRuns: 50 }));
});

t.test("txnParts(), joined, are the TxnResponse", async (t) => {
  const ranges = fc.array(results, { maxLength: 3 });
  const property = fc.asyncProperty(headers, fc.boolean(), ranges, async (header, ok, list) => {
    const inner = Buffer.from([0x0a, 0x00]);
    const parts = list.map((result) => partsOf(inner, result));
    const responses = list.map((result) =>
      encodeResponseOp(RESPONSE_OP.range, encodeRangeResponse(inner, framed(result))),
    );
    const whole = await joined(txnParts(header, ok, parts), noPause);
    assert.ok(whole.equals(encodeTxnResponse(header, ok, responses)));
  });
  await t.resolves(fc.assert(property, { numRuns: 30 }));
});

t.test("joined() pauses every few megabytes", async (t) => {
  const parts = new RangeParts();
  for (let index = 0; index < 40; index++) parts.add(framesOf([new Uint8Array(256 * 1024)]));
  let pauses = 0;
  await joined(parts.finish(new Uint8Array(0), { more: false, count: 40 }), async () => {
    pauses++;
  });
  t.ok(pauses >= 4 && pauses <= 10, String(pauses));
});
