import t from "tap";
import { fakeServer } from "./fake-terminal.ts";

t.test("watch prints history, and runs a command for each change", async (t) => {
  const server = await fakeServer(t);
  await server.output("put a 1");
  await server.output("del a");
  const plain = server.begin("watch a --rev=2 --prev-kv");
  await plain.printed("PUT\na\n1\nDELETE\na\n1\na\n\n");
  const program = server.begin("watch a --rev=2 -- program 7");
  const { code, errors } = await program.ended;
  t.strictSame([code, errors], [1, 'command ["program" "7"] error (exit status 7)\n']);
  t.match(program.programs, [
    {
      command: ["program", "7"],
      variables: {
        ETCD_WATCH_EVENT_TYPE: '"PUT"',
        ETCD_WATCH_KEY: '"a"',
        ETCD_WATCH_VALUE: '"1"',
      },
    },
  ]);
});

t.test("watch says that history is compacted, and ends", async (t) => {
  const server = await fakeServer(t);
  await server.output("put a 1");
  await server.output("put a 2");
  await server.output("compaction 3");
  const { code, errors } = await server.run("watch a --rev=2");
  t.equal(code, 5);
  t.match(
    errors,
    /^watch was canceled \(etcdserver: mvcc: required revision has been compacted\)\n/,
  );
  t.match(errors, /\nError: watch is canceled by the server\n$/);
});

t.test("watch --interactive takes several watches, and ends with its input", async (t) => {
  const server = await fakeServer(t);
  const wrong = await server.run("watch -i", { input: "fly\n\nwatch\n" });
  t.equal(wrong.code, 3);
  t.strictSame(wrong.errors.split("\n"), [
    "Invalid command fly (only support watch)",
    "Invalid command:  (watch and progress supported)",
    "Invalid command watch (command type or key is not provided)",
    "Error: error reading watch request line: EOF",
    "",
  ]);
});

t.test("watch takes its key from the environment", async (t) => {
  const server = await fakeServer(t);
  await server.output("put a 1");
  const environment = { ETCDCTL_WATCH_KEY: "a" };
  const watch = server.begin("watch --rev=2", { environment });
  await watch.printed("PUT\na\n1\n");
  const conflict = await server.run("watch b", { environment });
  t.equal(conflict.code, 128);
  t.match(conflict.errors, /found conflicting environment key/);
});
