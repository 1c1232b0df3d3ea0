import t from "tap";
import { ObservedChannel } from "../../src/server/observed-channel.ts";
import { EMPTY_CONTEXT, EtcdError, PendingAnswer } from "../../src/wire/index.ts";
import type { Channel, StreamOutput } from "../../src/wire/index.ts";

const ANSWER = new Uint8Array([1]);
const REFUSAL = new EtcdError("emptyKey");

/** What the observer heard, and a channel that does as it is told. */
function observed(inner: Partial<Channel>): { channel: Channel; heard: string[] } {
  const heard: string[] = [];
  const channel: Channel = {
    unary: () => ANSWER,
    stream: () => ({ write() {}, end() {}, cancel() {}, drained() {} }),
    ...inner,
  };
  const observer = {
    began: (method: string) => {
      heard.push(`began ${method}`);
      return (error?: EtcdError) => heard.push(`over ${error?.message ?? ""}`.trim());
    },
  };
  return { channel: new ObservedChannel(channel, observer), heard };
}

t.test("ObservedChannel says when a call is over, however it is answered", async (t) => {
  const later = (): PendingAnswer => {
    const pending = new PendingAnswer();
    queueMicrotask(() => pending.resolve(ANSWER));
    return pending;
  };
  const answers: [string, () => Uint8Array | PromiseLike<Uint8Array>, string][] = [
    ["at once", () => ANSWER, "over"],
    ["by a promise", () => Promise.resolve(ANSWER), "over"],
    ["by a pending answer", later, "over"],
    ["refused later", () => Promise.reject(REFUSAL), `over ${REFUSAL.message}`],
    [
      "refused at once",
      () => {
        throw REFUSAL;
      },
      `over ${REFUSAL.message}`,
    ],
  ];
  for (const [name, unary, expected] of answers) {
    const { channel, heard } = observed({ unary });
    const result = (async () => channel.unary("put", ANSWER, EMPTY_CONTEXT))();
    if (expected === "over") t.equal(await result, ANSWER, name);
    else await t.rejects(result, REFUSAL, name);
    t.same(heard, ["began put", expected], name);
  }
});

t.test("ObservedChannel hands a pending answer on as one", async (t) => {
  const inner = new PendingAnswer();
  const { channel, heard } = observed({ unary: () => inner });
  const answer = channel.unary("put", ANSWER, EMPTY_CONTEXT);
  t.ok(answer instanceof PendingAnswer);
  inner.reject(REFUSAL);
  await t.rejects(Promise.resolve(answer), REFUSAL);
  t.same(heard, ["began put", `over ${REFUSAL.message}`]);
});

t.test("ObservedChannel says once that a stream is over", async (t) => {
  let output: StreamOutput | undefined;
  const inner: Partial<Channel> = {
    stream: (_method, _context, given) => {
      output = given;
      return { write() {}, end() {}, cancel() {}, drained() {} };
    },
  };
  const written: number[] = [];
  const far = { write: (message: Uint8Array) => written.push(message.length) > 0, end() {} };
  const { channel, heard } = observed(inner);
  const input = channel.stream("watch", EMPTY_CONTEXT, far);
  output!.write(ANSWER);
  t.notOk("writeParts" in output!, "the far end takes whole messages only");
  t.same([written, heard], [[1], ["began watch"]]);
  output!.end(REFUSAL);
  input.cancel();
  t.same(heard, ["began watch", `over ${REFUSAL.message}`]);
});

t.test("ObservedChannel hands parts on where the far end takes them", async (t) => {
  let output: StreamOutput | undefined;
  const { channel, heard } = observed({
    stream: (_method, _context, given) => {
      output = given;
      return { write() {}, end() {}, cancel() {}, drained() {} };
    },
  });
  const parts: number[] = [];
  const far = {
    write: () => true,
    writeParts: (head: Uint8Array, blocks: readonly Uint8Array[]) =>
      parts.push(head.length, blocks.length) > 0,
    end() {},
  };
  const input = channel.stream("watch", EMPTY_CONTEXT, far);
  output!.writeParts!(ANSWER, [ANSWER, ANSWER]);
  t.same(parts, [1, 2]);
  input.cancel();
  t.match(heard.at(-1), /^over context canceled/u);
});
