import t from "tap";
import { asEtcdError, asStreamError } from "../../../src/server/rpc/refusal.ts";
import { StorageError } from "../../../src/storage/index.ts";
import { EtcdError, messages } from "../../../src/wire/index.ts";

t.test("asEtcdError() passes refusals through and hides nothing of the rest", async (t) => {
  const refusal = new EtcdError("compacted");
  t.equal(asEtcdError(refusal), refusal);
  const cause = new StorageError("read-failed", "Cannot read");
  t.match(asEtcdError(cause), { code: 13, message: "etcdlet: Cannot read", cause });
  t.match(asEtcdError("text"), { code: 13, message: "etcdlet: text" });
});

t.test("asStreamError() words what could not be decoded as a stream does", async (t) => {
  let error: unknown;
  try {
    messages.decodeWatchRequest(Buffer.from("ff", "hex"));
  } catch (caught) {
    error = caught;
  }
  const text = "proto: cannot parse invalid wire-format data";
  t.equal(asEtcdError(error).message, `grpc: error unmarshalling request: ${text}`);
  const inStream = asStreamError(error);
  t.equal(inStream.message, `grpc: failed to unmarshal the received message: ${text}`);
  t.equal(inStream.code, 13);
});
