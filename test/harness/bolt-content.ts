/** Contents of bbolt files for tests: in plain form, written, and read back. */
import { writeFile } from "node:fs/promises";
import fc from "fast-check";
import { BoltFile, planBolt } from "../../src/snapshot/index.ts";
import type { BoltRow, BucketSource } from "../../src/snapshot/index.ts";
import { Random } from "./random-operations.ts";

/** Rows by bucket; keys and values are latin1. */
export type Content = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** Source: a bucket's rows, some at a time as an engine gives them. */
async function* inPages(
  rows: readonly BoltRow[],
  pageRows: number,
): AsyncGenerator<readonly BoltRow[], void> {
  for (let start = 0; start < rows.length; start += pageRows) {
    yield rows.slice(start, start + pageRows);
  }
}

export function sourcesOf(content: Content, pageRows = 7): BucketSource[] {
  const names = Object.keys(content).sort();
  return names.map((name) => {
    const rows = Object.entries(content[name] ?? {})
      .map(([key, value]): BoltRow => [Buffer.from(key, "latin1"), Buffer.from(value, "latin1")])
      .sort(([a], [b]) => Buffer.compare(a, b));
    return { name, planned: inPages(rows, pageRows), written: inPages(rows, pageRows) };
  });
}

/** The whole file as bytes. */
export async function boltBytes(sources: readonly BucketSource[]): Promise<Buffer> {
  const plan = await planBolt(sources);
  const pages: Buffer[] = [];
  for await (const page of plan.pages()) pages.push(page);
  const bytes = Buffer.concat(pages);
  if (bytes.length !== plan.sizeBytes) throw new Error("The file is not as large as planned");
  return bytes;
}

export async function writeBolt(path: string, content: Content): Promise<void> {
  await writeFile(path, await boltBytes(sourcesOf(content)));
}

/** Everything in a file. */
export function readBolt(path: string): Content {
  const file = BoltFile.open(path);
  try {
    const buckets = file.bucketNames.map((name) => {
      const rows = [...file.rows(name)].map(({ key, value }) => [
        key.toString("latin1"),
        value.toString("latin1"),
      ]);
      return [name, Object.fromEntries(rows)];
    });
    return Object.fromEntries(buckets) as Content;
  } finally {
    file.close();
  }
}

/** Many rows in few numbers: quick to make, and to make smaller. */
interface Shape {
  readonly seed: number;
  readonly rowCount: number;
  readonly keyBytesMax: number;
  readonly valueBytesMax: number;
}

function shape(rows: number, keyBytesMax: number, valueBytesMax: number): fc.Arbitrary<Shape> {
  return fc.record({
    seed: fc.nat(),
    rowCount: fc.nat(rows),
    keyBytesMax: fc.integer({ min: 1, max: keyBytesMax }),
    valueBytesMax: fc.nat(valueBytesMax),
  });
}

function rowsOf({ seed, rowCount, keyBytesMax, valueBytesMax }: Shape): Record<string, string> {
  const random = new Random(seed);
  const bytes = (length: number): string =>
    Array.from({ length }, () => String.fromCharCode(random.below(256))).join("");
  const rows = Array.from({ length: rowCount }, (): [string, string] => {
    const fill = String.fromCharCode(random.below(256));
    return [bytes(1 + random.below(keyBytesMax)), fill.repeat(random.below(valueBytesMax + 1))];
  });
  return Object.fromEntries(rows);
}

/** Few and many rows, short and long ones: pages of all kinds. */
export const anyContent: fc.Arbitrary<Content> = fc
  .dictionary(
    fc.constantFrom("alarm", "auth", "key", "lease", "meta"),
    fc.oneof(shape(12, 17, 40), shape(600, 40, 600), shape(8, 3000, 9000)),
  )
  .map((shapes) =>
    Object.fromEntries(Object.entries(shapes).map(([name, value]) => [name, rowsOf(value)])),
  );
