/**
 * docs/compatibility.md, held against the program: what it says of methods, flags, pages and metrics
 * is so, nothing is left out, and the tests that it names exist.
 */
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import protobuf from "protobufjs";
import t from "tap";
import { FEATURE_GATES } from "../src/cli/feature-gates.ts";
import { flagDefinition, flagNames, IGNORED_FLAGS } from "../src/cli/flag-table.ts";
import { Etcd } from "../src/embed/index.ts";
import { STREAM_METHODS, UNARY_METHODS } from "../src/wire/index.ts";
import { PROTOS } from "./wire/reference.ts";

/** Tests run at the top of the repository. */
const ROOT = process.cwd();
const DOCUMENT = readFileSync(join(ROOT, "docs/compatibility.md"), "utf8");

/** What the document may say of a thing. */
const STATES = ["same", "differs", "missing"];

/** The text under a heading of the second level. */
function section(title: string): string {
  const [, text] = new RegExp(`^## ${title}\n([^]*?)(?=^## |(?![^]))`, "m").exec(DOCUMENT) ?? [];
  if (text === undefined) throw new Error(`No section "${title}"`);
  return text;
}

/** The rows of all tables in a text: their cells, without the back ticks. */
function rows(text: string): string[][] {
  return text
    .split("\n")
    .filter((line) => line.startsWith("|") && !/^\|[ :|-]+\|$/.test(line))
    .map((line) => line.split("|").slice(1, -1))
    .map((cells) => cells.map((cell) => cell.trim().replaceAll("`", "")));
}

/** Rows whose first cell names a thing of a kind, by that name. */
function named(text: string, pattern: RegExp): Map<string, string[]> {
  const found = rows(text).filter(([name = ""]) => pattern.test(name));
  return new Map(found.map(([name = "", ...cells]) => [name, cells]));
}

/** `Service.Method` and its path, of every service of proto. */
function methods(namespace: protobuf.NamespaceBase = PROTOS): Map<string, string> {
  const found = namespace.nestedArray.flatMap((nested): [string, string][] => {
    if (nested instanceof protobuf.Service) {
      const service = nested.fullName.slice(1);
      return nested.methodsArray.map(({ name }) => [
        `${nested.name}.${name}`,
        `/${service}/${name}`,
      ]);
    }
    return nested instanceof protobuf.Namespace ? [...methods(nested)] : [];
  });
  return new Map(found);
}

t.test("The document has every method, and knows which ones are there", async (t) => {
  const described = named(section("Methods"), /^[A-Z]\w+\.[A-Z]\w+$/);
  const all = methods();
  t.strictSame([...described.keys()].toSorted(), [...all.keys()].toSorted());
  const served = new Set<string>([
    ...Object.values(UNARY_METHODS),
    ...Object.values(STREAM_METHODS),
  ]);
  for (const [method, [state = ""]] of described) {
    t.ok(STATES.includes(state), `${method}: ${state}`);
    if (!served.has(all.get(method) ?? "")) t.equal(state, "missing", method);
  }
});

t.test("The document has every flag, with its default and what it does", async (t) => {
  const described = named(section("Flags"), /^--[a-z0-9-]+$/);
  t.strictSame(
    [...described.keys()].toSorted(),
    flagNames().map((name) => `--${name}`),
  );
  for (const name of flagNames()) {
    const { preset, status } = flagDefinition(name);
    const [presetSaid, statusSaid] = described.get(`--${name}`) ?? [];
    t.equal(presetSaid, preset, `default of --${name}`);
    t.equal(statusSaid, status, `status of --${name}`);
  }
  for (const name of IGNORED_FLAGS) t.ok(section("Flags").includes(`\`${name}\``), name);
  for (const gate of FEATURE_GATES.keys()) t.ok(section("Flags").includes(`\`${gate}\``), gate);
});

t.test("The document has every page, and knows which ones are there", async (t) => {
  await using etcd = await Etcd.start({ listenClientUrls: ["http://127.0.0.1:0"] });
  const [url = ""] = etcd.clientUrls;
  const described = named(section("Pages"), /^\/[a-z0-9/_]+$/);
  t.ok(described.size > 10);
  for (const [path, [state = ""]] of described) {
    const { status } = await fetch(url + path);
    t.ok(STATES.includes(state), `${path}: ${state}`);
    t.equal(status, state === "missing" ? 404 : 200, `${path} is ${state}`);
  }
});

t.test("The document has every metric, and knows which ones are there", async (t) => {
  const features = [{ name: "LeaseCheckpoint", stage: "ALPHA", isEnabled: false }] as const;
  const listenClientUrls = ["http://127.0.0.1:0"];
  await using etcd = await Etcd.start({ metrics: "extensive", features, listenClientUrls });
  // Series that are there only when something has happened.
  const { kv } = etcd.client;
  await kv.put("key", "value");
  await kv.get("key");
  await etcd.client.unary("alarm", { action: 1, memberId: 1n, alarm: 1 });
  const [url = ""] = etcd.clientUrls;
  await fetch(`${url}/readyz`);
  const page = await (await fetch(`${url}/metrics`)).text();
  const types = new Map(
    [...page.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name = "", type = ""]) => [name, type]),
  );
  const described = named(section("Metrics"), /^[a-z]+_[a-z_]+$/);
  for (const [family, [state = "", type = ""]] of described) {
    t.ok(STATES.includes(state), `${family}: ${state}`);
    if (state === "missing") t.notOk(types.has(family), `${family} is missing`);
    else t.equal(types.get(family), type, `${family} is a ${type}`);
  }
  const own = /^nodejs_/;
  const left = [...types.keys()].filter((family) => !own.test(family) && !described.has(family));
  t.strictSame(left, []);
});

t.test("The document names tests and sources that exist", async (t) => {
  const files = readdirSync(join(ROOT, "test"), { recursive: true }).map(String);
  const names = [...DOCUMENT.matchAll(/`([a-z0-9-]+(?:\/[\w.-]+)+\.ts)(?: › ([^`]+))?`/g)];
  t.ok(names.length > 100);
  const wrong: string[] = [];
  for (const [, given = "", name] of names) {
    const path = given.replace(/^test\//, "");
    if (path.startsWith("src/")) {
      if (!existsSync(join(ROOT, path))) wrong.push(path);
    } else if (!files.includes(path)) {
      wrong.push(path);
    } else if (name !== undefined) {
      const text = readFileSync(join(ROOT, "test", path), "utf8");
      // The name of a test, or its beginning, in any kind of quotes.
      if (!['"', "'", "`"].some((quote) => text.includes(quote + name))) {
        wrong.push(`${given} › ${name}`);
      }
    }
  }
  t.strictSame(wrong, []);
});

t.test("The document quotes texts of ours as they are", async (t) => {
  const sources = readdirSync(join(ROOT, "src"), { recursive: true })
    .map(String)
    .filter((path) => path.endsWith(".ts"))
    .map((path) => readFileSync(join(ROOT, "src", path), "utf8"));
  const quoted = [...DOCUMENT.matchAll(/`(etcdlet: [^`]*)`/g)].map(([, text = ""]) => text);
  t.ok(quoted.length > 1);
  for (const text of new Set(quoted)) {
    // What stands in angle brackets is filled in.
    const [beginning = ""] = text.split("<");
    t.ok(
      sources.some((source) => source.includes(beginning)),
      text,
    );
  }
});
