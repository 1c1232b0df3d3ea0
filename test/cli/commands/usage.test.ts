import t from "tap";
import { COMMANDS } from "../../../src/cli/commands/table.ts";
import { commandName } from "../../../src/cli/commands/definition.ts";
import type { CommandDefinition } from "../../../src/cli/commands/definition.ts";
import { fakeServer } from "./fake-terminal.ts";

t.test("--help says how to use a command, and does not run it", async (t) => {
  const server = await fakeServer(t);
  const text = await server.output("get --help a b c");
  t.match(text, /^Reads a key or a range of keys\n\nUsage:\n {2}etcdlet get \[options\] <key> /);
  t.match(text, /^ {6}--consistency string {3}.* \(default "l"\)$/m);
  t.match(text, /^ {2}-h, --help {17}/m);
  t.notMatch(text, "--endpoints");
  t.match(await server.output("endpoint status -h"), /Global Flags:\n {6}--cluster {3}/);
  t.equal(await server.output("help get"), await server.output("get --help"));
  t.match(await server.output("options"), /^ {2}-w, --write-out string +.*\(default "simple"\)$/m);
});

t.test("help lists every command", async (t) => {
  const server = await fakeServer(t);
  const text = await server.output("help");
  for (const definition of COMMANDS) t.match(text, `\n  ${commandName(definition).padEnd(11)} `);
  const unknown = await server.run("help bogus");
  t.match(unknown.errors, /^Unknown help topic \[`bogus`\]\n/);
});

t.test("Every command runs or has others below it, and says what it does", async (t) => {
  const look = ({ usage, short, run, subcommands = [] }: CommandDefinition): void => {
    t.match(short, /^[A-Z].*[^.]$/, usage);
    t.ok((run !== undefined) !== subcommands.length > 0, usage);
    subcommands.forEach(look);
  };
  COMMANDS.forEach(look);
});
