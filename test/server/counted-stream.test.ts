import t from "tap";
import { CallCounts } from "../../src/server/call-counts.ts";
import { CountedStream } from "../../src/server/counted-stream.ts";
import { STATUS } from "../../src/wire/index.ts";
import type { EtcdError, StreamMethod } from "../../src/wire/index.ts";

const MESSAGE = new Uint8Array(5);

function open(method: StreamMethod): {
  stream: CountedStream;
  counts: CallCounts;
  heard: string[];
} {
  const counts = new CallCounts();
  const heard: string[] = [];
  const output = {
    write: (message: Uint8Array) => heard.push(`out ${String(message.length)}`) > 0,
    end: (error?: EtcdError) => void heard.push(`end ${error?.reason ?? ""}`.trim()),
  };
  const stream = new CountedStream(method, output, counts, () => heard.push("over"));
  stream.attach({
    write: (message) => void heard.push(`in ${String(message.length)}`),
    end: () => void heard.push("half-close"),
    cancel: () => void heard.push("cancel"),
    drained: () => void heard.push("drained"),
  });
  return { stream, counts, heard };
}

t.test("CountedStream hands everything on, and counts it", async (t) => {
  const { stream, counts, heard } = open("watch");
  stream.write(MESSAGE);
  stream.output.write(MESSAGE);
  stream.output.writeParts(MESSAGE, [MESSAGE, MESSAGE]);
  stream.drained();
  stream.end();
  t.same(heard, ["in 5", "out 5", "out 15", "drained", "half-close"]);
  const { started, received, sent } = counts.of("watch");
  t.same([started, received, sent], [1, 2, 2], "the end of the requests is one");
  t.same([counts.receivedBytes, counts.sentBytes], [5, 20]);
  t.equal(counts.openCount("watch"), 1);
});

t.test("CountedStream is over once, whoever ends it", async (t) => {
  const { stream, counts, heard } = open("watch");
  stream.cancel();
  stream.cancel();
  stream.output.end();
  stream.write(MESSAGE);
  t.same(heard, ["over", "cancel"]);
  t.equal(counts.of("watch").handled[STATUS.canceled], 1);
  t.equal(counts.openCount("watch"), 0);
  const other = open("watch");
  other.stream.output.end();
  other.stream.cancel();
  t.same(other.heard, ["over", "end"]);
  t.equal(other.counts.of("watch").handled[STATUS.ok], 1);
});

t.test("CountedStream.stop() ends both sides", async (t) => {
  const { stream, counts, heard } = open("leaseKeepAlive");
  stream.stop();
  t.same(heard, ["cancel", "over", "end stopped"]);
  t.equal(counts.of("leaseKeepAlive").handled[STATUS.unavailable], 1);
});

t.test("CountedStream counts no end of requests where there is one only", async (t) => {
  const { stream, counts } = open("rangeStream");
  stream.write(MESSAGE);
  stream.end();
  stream.cancel();
  t.equal(counts.of("rangeStream").received, 1);
});
