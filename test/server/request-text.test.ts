import t from "tap";
import { commandText, requestText } from "../../src/server/request-text.ts";
import { messages } from "../../src/wire/index.ts";
import { bytes } from "./server-fixture.ts";

t.test("commandText() names fields as protobuf does, and tells values by their size", (t) => {
  const request = messages.decodeTxnRequest(
    messages.encodeTxnRequest({
      compare: [{ key: bytes("k"), value: bytes("secret"), target: messages.CompareTarget.value }],
      success: [
        { requestPut: { key: bytes("k"), value: bytes("secret"), lease: 7n } },
        { requestRange: { key: bytes('"\n'), limit: 3, keysOnly: true } },
      ],
    }),
  );
  t.equal(
    commandText({ type: "txn", request }),
    'txn:<compare:<target:3 key:"k" value_size:6> ' +
      'success:<request_put:<key:"k" value_size:6 lease:7>> ' +
      'success:<request_range:<key:"\\"\\n" limit:3 keys_only:true>>>',
  );
  t.equal(commandText({ type: "leaseRevoke", id: -1n }), "lease_revoke:<id:ffffffffffffffff>");
  const alarm = messages.decodeAlarmRequest(messages.encodeAlarmRequest({ action: 1 }));
  t.equal(commandText({ type: "alarm", request: alarm }), "alarm:<>");
  t.end();
});

t.test("requestText() is cut where it is long", (t) => {
  const key = bytes("k".repeat(100_000));
  const request = messages.decodeRangeRequest(messages.encodeRangeRequest({ key, rangeEnd: key }));
  const text = requestText(request);
  t.equal(text.length, 1003);
  t.match(text, /^key:"kkk.*\.\.\.$/);
  t.end();
});
