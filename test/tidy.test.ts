/** The architecture, executed: who may import whom, how large files are, and what mirrors what. */
import { readFileSync, readdirSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import t from "tap";

/** Compiled, this file is dist/test/tidy.test.js. */
const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), "../..");

const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  cli: ["embed", "client", "wire"],
  embed: ["client", "testing", "transport", "server", "snapshot", "mvcc", "storage", "wire"],
  client: ["wire"],
  testing: ["client", "storage", "wire"],
  transport: ["wire"],
  server: ["snapshot", "mvcc", "wire"],
  snapshot: ["mvcc", "storage", "wire"],
  mvcc: ["storage", "wire"],
  storage: [],
  wire: [],
};

/** Which room alone may load an outside package. */
const PACKAGE_ROOM: Readonly<Record<string, string>> = {
  "classic-level": "storage",
  level: "storage",
  "@grpc/grpc-js": "transport",
  "prom-client": "server",
  "fast-jwt": "server",
  yaml: "cli",
};

const FILE_LINES_MAX = 400;

/** Source files without a test of their own, and why. */
const WITHOUT_MIRROR: Readonly<Record<string, string>> = JSON.parse(
  readFileSync(join(ROOT, "test/without-mirror.json"), "utf8"),
) as Record<string, string>;

function filesBelow(folder: string, extension: string): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(extension))
    .map((entry) => relative(ROOT, join(entry.parentPath, entry.name)))
    .sort();
}

function importsOf(file: string): string[] {
  const text = readFileSync(join(ROOT, file), "utf8");
  const found = text.matchAll(/\bfrom "([^"]+)";$|\bimport\("([^"]+)"\)|^import "([^"]+)";$/gm);
  return [...found].map(([, named, loaded, bare]) => named ?? loaded ?? bare ?? "");
}

/** `src/mvcc/store.ts` is in the room `mvcc`; `src/index.ts` in none. */
function roomOf(file: string): string | undefined {
  const [, room, ...rest] = file.split("/");
  return rest.length > 0 ? room : undefined;
}

const sources = filesBelow("src", ".ts");

t.test("Rooms import only what the table allows, and only by the door", (t) => {
  const broken: string[] = [];
  for (const file of sources) {
    const room = roomOf(file);
    for (const name of importsOf(file)) {
      if (!name.startsWith(".")) continue;
      const target = relative(ROOT, resolve(ROOT, dirname(file), name));
      const targetRoom = roomOf(target);
      if (room === undefined || targetRoom === room) continue;
      const allowed = targetRoom !== undefined && MAY_IMPORT[room]?.includes(targetRoom) === true;
      const byTheDoor = target === `src/${targetRoom ?? ""}/index.ts`;
      if (!allowed || !byTheDoor) broken.push(`${file} imports ${target}`);
    }
  }
  t.same(broken, []);
  t.end();
});

t.test("An outside package is loaded by one room only", (t) => {
  const broken: string[] = [];
  for (const file of sources) {
    for (const name of importsOf(file)) {
      if (name.startsWith(".") || name.startsWith("node:")) continue;
      if (PACKAGE_ROOM[name] !== roomOf(file)) broken.push(`${file} imports ${name}`);
    }
  }
  t.same(broken, []);
  t.end();
});

t.test("Time and randomness are read in embed, cli, transport and testing only", (t) => {
  const reads =
    /\bDate\.now\b|\bMath\.random\(|\bsetTimeout\(|\bsetInterval\(|\bperformance\.now\b/;
  const broken = sources
    .filter((file) => !["embed", "cli", "transport", "testing"].includes(roomOf(file) ?? ""))
    .filter((file) => reads.test(readFileSync(join(ROOT, file), "utf8")));
  t.same(broken, []);
  t.end();
});

t.test("Files stay within their size", (t) => {
  const broken = [...sources, ...filesBelow("test", ".ts"), ...filesBelow("bench", ".ts")]
    .filter((file) => !file.startsWith("src/wire/messages/"))
    .map((file) => ({ file, lines: readFileSync(join(ROOT, file), "utf8").split("\n").length - 1 }))
    .filter(({ lines }) => lines > FILE_LINES_MAX);
  t.same(broken, []);
  t.end();
});

t.test("Every source file has its test, or a reason", (t) => {
  const tests = new Set(filesBelow("test", ".test.ts"));
  const missing: string[] = [];
  for (const file of sources) {
    if (file.endsWith("/index.ts")) continue;
    const mirror = file.replace(/^src/, "test").replace(/\.ts$/, ".test.ts");
    const exempt = WITHOUT_MIRROR[file] !== undefined;
    if (!tests.has(mirror) && !exempt) missing.push(mirror);
    if (tests.has(mirror) && exempt) missing.push(`${mirror} exists: remove its exemption`);
  }
  for (const file of Object.keys(WITHOUT_MIRROR)) {
    if (!sources.includes(file)) missing.push(`${file} is exempt but does not exist`);
  }
  t.same(missing, []);
  t.end();
});

t.test("Every document has one title", (t) => {
  const broken = ["README.md", "CHANGELOG.md", ...filesBelow("docs", ".md")].filter((file) => {
    const withoutCode = readFileSync(join(ROOT, file), "utf8").replaceAll(/^```[\s\S]*?^```/gm, "");
    return (withoutCode.match(/^# /gm) ?? []).length !== 1;
  });
  t.same(broken, []);
  t.end();
});

t.test("Decisions are numbered in order, and architecture.md lists them by their titles", (t) => {
  const rows = filesBelow("docs/decisions", ".md").map((file, index) => {
    const [head = ""] = readFileSync(join(ROOT, file), "utf8").split("\n");
    const title = head.replace(/^# \d+\. /u, "");
    t.equal(head, `# ${String(index + 1)}. ${title}`);
    t.match(file, `/${String(index + 1).padStart(4, "0")}-`);
    return `${String(index + 1)}. [${title}](${relative("docs", file)})`;
  });
  const text = readFileSync(join(ROOT, "docs/architecture.md"), "utf8");
  t.same(text.match(/^\d+\. \[.*$/gm), rows);
  t.end();
});
