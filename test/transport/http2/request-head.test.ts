import t from "tap";
import { fieldOf } from "../../../src/transport/http2/header-field.ts";
import { areTrailers, requestHeadOf } from "../../../src/transport/http2/request-head.ts";

const HEAD = [
  [":method", "POST"],
  [":scheme", "http"],
  [":path", "/p"],
] as const;

function headOf(...more: (readonly [string, string])[]): ReturnType<typeof requestHeadOf> {
  return requestHeadOf([...HEAD, ...more].map(([name, value]) => fieldOf(name, value)));
}

void t.test("requestHeadOf() takes out what a server asks for", (t) => {
  const head = headOf(
    [":authority", "host"],
    ["content-type", "a/b"],
    ["content-length", "12"],
    ["x", "y"],
  );
  t.match(head, {
    method: "POST",
    path: "/p",
    authority: "host",
    contentType: "a/b",
    contentLength: 12,
  });
  t.equal(head?.fields.length, 7);
  t.end();
});

void t.test("requestHeadOf() refuses what is malformed", (t) => {
  for (const field of [
    [":path", "/q"],
    [":status", "200"],
    [":other", ""],
    ["Name", ""],
    ["", ""],
    ["a b", ""],
    ["name", "line\nbreak"],
    ["name", " blank"],
    ["name", "blank\t"],
    ["te", "gzip"],
    ["connection", "close"],
    ["transfer-encoding", "chunked"],
    ["content-length", "-1"],
  ] as const) {
    t.equal(headOf(field), undefined, field.join("="));
  }
  t.equal(headOf(["x", ""], [":authority", "late"]), undefined);
  t.equal(headOf(["content-length", "1"], ["content-length", "2"]), undefined);
  t.equal(requestHeadOf(HEAD.slice(1).map(([name, value]) => fieldOf(name, value))), undefined);
  t.end();
});

void t.test("areTrailers() is true for fields without pseudo-headers", (t) => {
  t.equal(areTrailers([fieldOf("a", "b")]), true);
  t.equal(areTrailers([fieldOf(":path", "/")]), false);
  t.equal(areTrailers([fieldOf("upgrade", "x")]), false);
  t.end();
});
