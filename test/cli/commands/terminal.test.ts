/** bin/etcdlet as a terminal sees it, with a server elsewhere. */
import { join } from "node:path";
import t from "tap";
import type { Test } from "tap";
import { Etcd } from "../../../src/embed/index.ts";
import { RunningProgram } from "../run-program.ts";
import { tempDirectory } from "../../harness/temp-dir.ts";

/** Tests run at the top of the repository. */
const PROGRAM = join(process.cwd(), "bin/etcdlet");

interface Place {
  readonly folder: string;
  readonly url: string;
}

/** A server on a port, until the test ends. */
async function place(t: Test): Promise<Place> {
  const etcd = await Etcd.start({ listenClientUrls: ["http://127.0.0.1:0"] });
  t.teardown(() => etcd.stop());
  return { folder: await tempDirectory(t), url: etcd.clientUrls[0] ?? "" };
}

/** Runs a command to its end. */
async function ran(
  t: Test,
  { folder, url }: Place,
  args: readonly string[],
): Promise<{ ending: number | string; output: string; errors: string }> {
  const environment = { ETCDCTL_ENDPOINTS: url };
  const program = new RunningProgram(t, { path: PROGRAM, args, folder, environment });
  const ending = await program.end();
  return { ending, output: program.output, errors: program.errors };
}

t.test("bin/etcdlet runs commands, and ends with their codes", async (t) => {
  const at = await place(t);
  t.strictSame(await ran(t, at, ["put", "a", "1"]), { ending: 0, output: "OK\n", errors: "" });
  t.strictSame(await ran(t, at, ["get", "a"]), { ending: 0, output: "a\n1\n", errors: "" });
  t.strictSame(await ran(t, at, ["get"]), {
    ending: 128,
    output: "",
    errors: "Error: get command needs one argument as key and an optional argument as range_end\n",
  });
});

t.test("bin/etcdlet says of another word what etcd says", async (t) => {
  const { ending, errors } = await ran(t, await place(t), ["bogus"]);
  t.equal(ending, 1);
  t.match(errors, /"bogus\\" is not a valid flag"/);
});

t.test("A lock is released when it is interrupted", async (t) => {
  const { folder, url } = await place(t);
  const environment = { ETCDCTL_ENDPOINTS: url };
  const args = ["lock", "mine"];
  const holder = new RunningProgram(t, { path: PROGRAM, args, folder, environment });
  await holder.printed("mine/");
  holder.signal("SIGINT");
  t.equal(await holder.end(), 0);
  const { output } = await ran(t, { folder, url }, ["get", "mine", "--prefix"]);
  t.equal(output, "");
});
