/** RangeStream, new in etcd 3.7: Range in pieces. */
import type { GetOptions, GetResponse } from "../../src/client/index.ts";
import { STATUS } from "../../src/wire/index.ts";
import type { messages } from "../../src/wire/index.ts";
import { currentRevision, keys, REFUSALS, refuses, revisionOf, rows, within } from "./checks.ts";
import type { Scene, SuiteTests } from "./scene.ts";

const NO_SORT = [STATUS.unimplemented, "RangeStream does not support custom sort orders"] as const;
const NO_FILTER = [STATUS.unimplemented, "RangeStream does not support revision filters"] as const;

async function collect(
  { client }: Pick<Scene, "client">,
  key: string,
  options: GetOptions,
): Promise<GetResponse[]> {
  const read = async (): Promise<GetResponse[]> => {
    const chunks: GetResponse[] = [];
    for await (const chunk of client.kv.getStream(key, options)) {
      chunks.push(chunk);
    }
    return chunks;
  };
  return await within("the end of a RangeStream", read());
}

async function makeMany({ client, prefix }: Scene, count: number): Promise<void> {
  for (let index = 0; index < count; index += 1) {
    await client.kv.put(prefix + String(index).padStart(3, "0"), `v${index}`);
  }
}

export const rangeStreamTests: SuiteTests = {
  "RangeStream answers what Range answers": async (scene) => {
    const { t, client, prefix } = scene;
    await makeMany(scene, 60);
    for (const options of [
      { prefix: true },
      { prefix: true, limit: 15 },
      { prefix: true, limit: 60 },
      { prefix: true, limit: 1 },
      { prefix: true, keysOnly: true },
      { prefix: true, countOnly: true },
      { prefix: true, limit: -1 },
      { prefix: true, sortOrder: "ascend" },
      { prefix: true, serializable: true },
    ] as const) {
      const whole = await client.kv.get(prefix, options);
      const chunks = await collect(scene, prefix, options);
      const last = chunks.at(-1);
      const what = JSON.stringify(options);
      t.strictSame(
        chunks.flatMap(({ kvs }) => kvs),
        whole.kvs,
        `the same keys: ${what}`,
      );
      t.strictSame([last?.count, last?.more], [whole.count, whole.more], `the same end: ${what}`);
    }
  },

  "RangeStream begins with few keys and then doubles": async (scene) => {
    const { t, prefix } = scene;
    await makeMany(scene, 60);
    const sizes = async (options: GetOptions): Promise<number[]> => {
      const chunks = await collect(scene, prefix, { prefix: true, ...options });
      return chunks.map(({ kvs }) => kvs.length);
    };
    t.strictSame(await sizes({}), [10, 20, 30]);
    t.strictSame(await sizes({ limit: 15 }), [10, 5]);
    t.strictSame(await sizes({ limit: 10 }), [10]);
    t.strictSame(await sizes({ limit: 4 }), [4]);
  },

  "RangeStream takes fewer keys when they are large": async (scene) => {
    const { t, client, prefix } = scene;
    const value = Buffer.alloc(400_000);
    for (let index = 0; index < 30; index += 1) {
      await client.kv.put(prefix + String(index).padStart(2, "0"), value);
    }
    const chunks = await collect(scene, prefix, { prefix: true });
    t.strictSame(
      chunks.map(({ kvs }) => kvs.length),
      [10, 5, 5, 5, 5],
      "half as many after more than twice --max-request-bytes, and as many after less",
    );
    await client.kv.delete(prefix, { prefix: true });
  },

  "RangeStream says header, count and more in the last chunk only": async (scene) => {
    const { t, client, prefix } = scene;
    await makeMany(scene, 25);
    const whole = await client.kv.get(prefix, { prefix: true, limit: 22 });
    const chunks = await collect(scene, prefix, { prefix: true, limit: 22 });
    const last = chunks.pop();
    t.strictSame(last?.header, whole.header);
    t.strictSame([last?.count, last?.more], [25, true]);
    t.equal(chunks.length, 1);
    for (const { header, count, more } of chunks) {
      t.strictSame([header, count, more], [undefined, 0, false]);
    }
  },

  "RangeStream at a revision reads there, under the header of now": async (scene) => {
    const { t, client, prefix } = scene;
    const then = revisionOf(await client.kv.put(`${prefix}a`, "one"));
    const now = revisionOf(await client.kv.put(`${prefix}a`, "two"));
    const [chunk] = await collect(scene, prefix, { prefix: true, revision: then });
    t.strictSame(rows(chunk?.kvs ?? [], prefix), ["a=one"]);
    t.strictSame([chunk?.header?.revision, chunk?.count], [now, 1]);
  },

  "RangeStream is of one revision, whatever is written meanwhile": async (scene) => {
    const { t, client, prefix } = scene;
    await makeMany(scene, 40);
    const before = await currentRevision(client);
    const found: string[] = [];
    let header: messages.ResponseHeader | undefined;
    for await (const chunk of client.kv.getStream(prefix, { prefix: true })) {
      if (found.length === 0) {
        await client.kv.delete(prefix, { prefix: true });
        await client.kv.put(`${prefix}zzz`, "new");
      }
      found.push(...keys(chunk.kvs, prefix));
      header = chunk.header;
    }
    t.equal(found.length, 40);
    t.equal(header?.revision, before, "the header's revision is that of the first chunk");
    t.notOk(found.includes("zzz"));
  },

  "RangeStream of nothing is one chunk with a header": async (scene) => {
    const { t, prefix } = scene;
    const chunks = await collect(scene, `${prefix}none`, {});
    t.equal(chunks.length, 1);
    t.ok(revisionOf(chunks[0] ?? { header: undefined }) > 0);
    t.strictSame([chunks[0]?.count, chunks[0]?.more, chunks[0]?.kvs.length], [0, false, 0]);
  },

  "RangeStream with count_only is one chunk": async (scene) => {
    const { t, prefix } = scene;
    await makeMany(scene, 30);
    const chunks = await collect(scene, prefix, { prefix: true, countOnly: true });
    t.equal(chunks.length, 1);
    t.strictSame([chunks[0]?.count, chunks[0]?.kvs.length], [30, 0]);
  },

  "RangeStream refuses what Range refuses": async (scene) => {
    const { t, prefix } = scene;
    await refuses(t, collect(scene, "", {}), REFUSALS.emptyKey);
    const revision = 2 ** 50;
    await refuses(t, collect(scene, prefix, { revision }), REFUSALS.future);
  },

  "RangeStream refuses custom orders and revision bounds as not implemented": async (scene) => {
    const { t, prefix } = scene;
    for (const options of [
      { sortOrder: "descend" },
      { sortTarget: "mod", sortOrder: "ascend" },
      { sortTarget: "value", sortOrder: "descend" },
    ] as const) {
      await refuses(t, collect(scene, prefix, options), NO_SORT, JSON.stringify(options));
    }
    for (const bound of ["minMod", "maxMod", "minCreate", "maxCreate"]) {
      await refuses(t, collect(scene, prefix, { [`${bound}Revision`]: 1 }), NO_FILTER, bound);
    }
  },

  "RangeStream takes a target without an order as Range does": async (scene) => {
    const { t, client, prefix } = scene;
    for (const name of ["b", "c", "a"]) {
      await client.kv.put(prefix + name, "");
    }
    const [chunk] = await collect(scene, prefix, { prefix: true, sortTarget: "mod" });
    t.strictSame(keys(chunk?.kvs ?? [], prefix), ["b", "c", "a"]);
  },

  "RangeStream refuses an unknown order as an invalid option": async ({ t, client, prefix }) => {
    const stream = client.stream("rangeStream");
    stream.send({ key: Buffer.from(prefix), sortOrder: 9 });
    stream.end();
    await refuses(t, stream.next(), REFUSALS.sortOption);
  },
};
