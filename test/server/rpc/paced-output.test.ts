import t from "tap";
import { PacedOutput } from "../../../src/server/rpc/paced-output.ts";
import { settle } from "../../../src/testing/virtual-clock.ts";
import { EtcdError } from "../../../src/wire/index.ts";
import { bytes } from "../server-fixture.ts";

/** An output that reads as long as it is told to, and what has come to it. */
function outputFor() {
  const seen = { written: 0, ended: new Array<EtcdError | undefined>(), isReading: true };
  const paced = new PacedOutput({
    write: () => {
      seen.written++;
      return seen.isReading;
    },
    end: (error) => void seen.ended.push(error),
  });
  return { seen, paced };
}

t.test("PacedOutput.send() waits for a caller that does not read", async (t) => {
  const { seen, paced } = outputFor();
  await paced.send(bytes("1"));
  seen.isReading = false;
  let isSent = false;
  const sent = paced.send(bytes("2")).then(() => (isSent = true));
  await settle();
  t.equal(seen.written, 2, "it was taken");
  t.equal(isSent, false);
  paced.drained();
  await sent;
  t.equal(paced.aborted, false);
});

t.test("PacedOutput tells nothing, and lets go, when the caller has gone", async (t) => {
  const { seen, paced } = outputFor();
  seen.isReading = false;
  const sent = paced.send(bytes("1"));
  paced.cancel();
  await sent;
  t.equal(paced.aborted, true);
  await paced.send(bytes("2"));
  paced.end(undefined);
  t.equal(seen.written, 1);
  t.same(seen.ended, []);
});

t.test("PacedOutput.end() ends a call once, and lets go of what waits", async (t) => {
  const { seen, paced } = outputFor();
  seen.isReading = false;
  const sent = paced.send(bytes("1"));
  const refusal = new EtcdError("tooManyRequests");
  paced.end(refusal);
  paced.end(undefined);
  await sent;
  t.same(seen.ended, [refusal]);
  t.equal(paced.aborted, true);
});
