/** Faults over HTTP, for tests in any language: `/debug/faults`. */
import { withPagesBelow } from "../wire/index.ts";
import type { HttpPages, HttpReply, HttpRequest } from "../wire/index.ts";
import type { FaultRule } from "./fault-rules.ts";
import type { Fault, Faults } from "./faults.ts";

const ROOT = "/debug/faults";

/** A rule is small. */
const BODY_BYTES_MAX = 64 * 1024;

/** What is asked for by `{"do": …}`; a key is of the watches that a compaction is to cancel. */
interface Deed {
  readonly do: string;
  readonly key?: string | undefined;
  readonly prefix?: boolean | undefined;
}

/** Pages with those of faults before them, to whoever asks. */
export function withFaultPages(pages: HttpPages, faults: Faults): HttpPages {
  return withPagesBelow(ROOT, (request) => answer(request, faults), pages);
}

async function answer(request: HttpRequest, faults: Faults): Promise<HttpReply> {
  const rest = request.path.slice(ROOT.length + 1);
  try {
    if (request.method === "GET" && rest === "") return reply(200, stateOf(faults));
    if (request.method === "POST" && rest === "") return await posted(request, faults);
    if (request.method === "DELETE") return await deleted(rest, faults);
  } catch (error) {
    return reply(400, { error: error instanceof Error ? error.message : String(error) });
  }
  return reply(405, { error: "GET, POST and DELETE are answered, DELETE for one by its id too" });
}

function stateOf(faults: Faults): object {
  const { seed, heldCount, isLeaderLost } = faults;
  return { seed, heldCount, isLeaderLost, faults: faults.list().map(shown) };
}

function shown({ id, hits, rule }: Fault): object {
  return { id, hits, rule };
}

async function deleted(id: string, faults: Faults): Promise<HttpReply> {
  if (id === "") {
    await faults.clear();
    return reply(200, stateOf(faults));
  }
  if (faults.remove(Number(id))) return reply(200, stateOf(faults));
  return reply(404, { error: `there is no fault ${id}` });
}

async function posted(request: HttpRequest, faults: Faults): Promise<HttpReply> {
  // What it is, add() and done() look at.
  const body = JSON.parse(await bodyOf(request)) as FaultRule | Deed;
  if (!("do" in body)) return reply(200, shown(faults.add(body)));
  return reply(200, { ...(await done(body, faults)), ...stateOf(faults) });
}

async function done({ do: deed, key, prefix }: Deed, faults: Faults): Promise<object> {
  switch (deed) {
    case "loseLeader":
    case "regainLeader":
    case "raiseNoSpace":
    case "clearNoSpace":
      await faults[deed]();
      return {};
    case "holdWrites":
    case "releaseWrites":
      faults.disk[deed]();
      return {};
    case "failWrite":
      faults.disk.failWrite({ write: 1 });
      return {};
    case "compactWatches":
      return { watches: await faults.compactWatches(key, { prefix }) };
    default:
      throw new TypeError(`unknown deed ${JSON.stringify(deed)}`);
  }
}

async function bodyOf({ body }: HttpRequest): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body ?? []) {
    bytes += chunk.length;
    if (bytes > BODY_BYTES_MAX) throw new RangeError(`more than ${String(BODY_BYTES_MAX)} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

function reply(status: number, body: object): HttpReply {
  const headers = { "Content-Type": "application/json" };
  return { status, headers, body: `${JSON.stringify(body)}\n` };
}
