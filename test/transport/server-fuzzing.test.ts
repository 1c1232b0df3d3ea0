/**
 * The whole server behind clients gone wrong: requests of the whole API with bytes changed. None of
 * it may be a bug of ours, and a neighbour reads what it writes all along.
 */
import t from "tap";
import { Etcd } from "../../src/index.ts";
import { GrpcServer } from "../../src/transport/grpc-server.ts";
import { SILENT_LOGGER } from "../../src/wire/index.ts";
import { fuzzTest, soon, turn } from "./fuzz/budget.ts";
import { etcdTalk } from "./fuzz/etcd-talk.ts";
import { mutated } from "./fuzz/mutations.ts";
import { OutputCheck } from "./fuzz/output-check.ts";
import { duplexPair } from "./http2/duplex-pair.ts";

/** Not among the keys of the others, nor between them. */
const OWN_KEY = "~neighbour";

void fuzzTest(t, "A server outlives requests gone wrong", async (t, budget) => {
  const { random } = budget;
  const etcd = await Etcd.start();
  const bugs: unknown[] = [];
  const server = new GrpcServer({
    channel: etcd.channel,
    pages: { page: () => ({ status: 200, headers: {}, body: "page" }) },
    logger: { ...SILENT_LOGGER, error: (message, fields) => bugs.push({ message, ...fields }) },
  });
  t.teardown(async () => {
    await server.close({ graceMs: 0 });
    await etcd.stop();
  });
  let rounds = 0;
  for (; budget.isLeft() && bugs.length === 0; rounds++) {
    const [near, far] = duplexPair();
    server.handle(far);
    const check = new OutputCheck();
    let isClosed = false;
    near.on("error", () => undefined).once("close", () => (isClosed = true));
    near.on("data", (chunk: Buffer) => check.add(chunk));
    const { chunks } = mutated([etcdTalk(random)], random);
    for (const chunk of chunks) if (near.writable) near.write(chunk);
    for (let count = random.below(20); count > 0; count--) await turn();
    const problems = check.problems();
    if (problems.length > 0) t.fail(`round ${rounds}: ${problems.join()}`);
    near.destroy();
    if (!(await soon(() => isClosed))) t.fail(`round ${rounds}: the connection stays open`);
    if (rounds % 10 !== 0) continue;
    const value = `round ${rounds}`;
    await etcd.client.kv.put(OWN_KEY, value);
    const { kvs } = await etcd.client.kv.get(OWN_KEY);
    if (kvs[0]?.value.toString() !== value) t.fail(`round ${rounds}: another value`);
  }
  t.same(bugs, []);
  t.ok(rounds > 10, `${rounds} connections`);
});
