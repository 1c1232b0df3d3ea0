import t from "tap";
import { flagNames } from "../../src/cli/flag-table.ts";
import { flagsText, USAGE } from "../../src/cli/help.ts";

t.test("The help lists every flag, with its default, on a line that begins with blanks", (t) => {
  const text = flagsText();
  for (const name of flagNames()) {
    if (name !== "config-file" && name !== "version") {
      t.match(text, new RegExp(`^  --${name} '`, "m"), name);
    }
  }
  t.match(text, /^ +--unsafe-no-fsync\b/m, "which envtest looks for");
  t.match(text, /^ {2}--data-dir '\$\{name\}\.etcd'$/m);
  t.end();
});

t.test("The help says of a flag that has no effect or is not supported why", (t) => {
  const text = flagsText();
  t.match(text, /--snapshot-count '10000'\n.*\n {4}No effect: there is no raft log\.\n/);
  t.match(text, /--discovery-endpoints ''\n.*\n {4}Not supported: a cluster of several members /);
  t.match(text, /^ {4}PriorityRequest=true\|false \(ALPHA - default=false; no effect here\)$/m);
  t.match(text, /^ {4}LeaseCheckpoint=true\|false \(ALPHA - default=false\)$/m);
  t.end();
});

t.test("The usage names the ways to call the program", (t) => {
  t.match(USAGE, /^Usage:\n/);
  t.match(USAGE, /--version/);
  t.match(USAGE, /--config-file/);
  t.end();
});
