import t from "tap";
import { ClosedStreams } from "../../../src/transport/http2/closed-streams.ts";
import { CLOSED_STREAMS_REMEMBERED } from "../../../src/transport/http2/limits.ts";

void t.test("ClosedStreams tells how a stream closed, and forgets the oldest", (t) => {
  const closed = new ClosedStreams();
  closed.add(1, false);
  closed.add(3, true);
  t.equal(closed.find(1), "ended");
  t.equal(closed.find(3), "reset");
  t.equal(closed.find(5), undefined);
  for (let count = 1; count < CLOSED_STREAMS_REMEMBERED; count++) closed.add(2 * count + 5, false);
  t.equal(closed.find(1), undefined);
  t.equal(closed.find(3), "reset");
  t.end();
});
