/**
 * Marks over HTTP, for tests that are not written in JavaScript. Whoever reaches the port may go
 * back to a mark, users or not: for tests only, and only when asked for.
 *
 *   POST   /debug/marks           makes one: `{"mark":"1","revision":"7"}`
 *   POST   /debug/marks/1/reset   goes back to it: `{"revision":"12"}`
 *   DELETE /debug/marks/1         gives it up
 */
import { withPagesBelow } from "../wire/index.ts";
import type { HttpPages, HttpReply, HttpRequest } from "../wire/index.ts";
import { MARKS_MAX } from "./marks.ts";
import type { Mark, Marks } from "./marks.ts";

const ROOT = "/debug/marks";

const HEADERS = { "Content-Type": "application/json" };

/** Pages with those of marks before them. */
export function withMarkPages(pages: HttpPages, marks: Marks): HttpPages {
  const named = new Map<string, Mark>();
  let count = 0;

  const make = async (): Promise<HttpReply> => {
    if (named.size >= MARKS_MAX) return problem(429, `${String(MARKS_MAX)} marks are held already`);
    const mark = await marks.take();
    const name = String(++count);
    named.set(name, mark);
    return json(201, { mark: name, revision: String(mark.revision) });
  };

  const use = async (method: string, name: string, action: string): Promise<HttpReply> => {
    const mark = named.get(name);
    if (mark === undefined) return problem(404, `there is no mark ${JSON.stringify(name)}`);
    switch (`${method} ${action}`) {
      case "POST reset":
        return json(200, { revision: String(await marks.reset(mark)) });
      case "DELETE ":
        named.delete(name);
        await mark.release();
        return json(200, {});
    }
    return problem(405, "use POST to make a mark or to reset, DELETE to give one up");
  };

  const answer = async ({ method, path }: HttpRequest): Promise<HttpReply> => {
    const [name = "", action = "", ...rest] = path.slice(ROOT.length + 1).split("/");
    if (rest.length > 0) return problem(404, "there is no such page");
    if (name !== "") return use(method, name, action);
    return method === "POST" ? make() : problem(405, "use POST to make a mark");
  };

  const page = (request: HttpRequest): Promise<HttpReply> =>
    // The store may be stopped, or not able to write.
    answer(request).catch((error: unknown) => problem(503, String(error)));
  return withPagesBelow(ROOT, page, pages);
}

function json(status: number, value: Readonly<Record<string, string>>): HttpReply {
  return { status, headers: HEADERS, body: JSON.stringify(value) };
}

function problem(status: number, error: string): HttpReply {
  return json(status, { error });
}
