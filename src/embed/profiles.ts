/**
 * Profiles of the running program, where etcd has Go's: for Chrome's developer tools and others that
 * read V8's formats. One at a time, as two would profile each other.
 */
import { Session } from "node:inspector/promises";
import { withPagesBelow } from "../wire/index.ts";
import type { Clock, HttpPages, HttpReply, HttpRequest } from "../wire/index.ts";

const ROOT = "/debug/pprof";
/** Unless told otherwise. Source: Go net/http/pprof, Profile. */
const SECONDS_DEFAULT = 30;
/** A profile grows with its time. */
const SECONDS_MAX = 300;

const TEXT = { "Content-Type": "text/plain; charset=utf-8", "X-Content-Type-Options": "nosniff" };

const INDEX = `${ROOT}/

profile?seconds=N  where N seconds of CPU time go: a .cpuprofile of V8
heap?seconds=N     what is allocated within N seconds and still there after them: a .heapprofile
`;

/** Pages with those of profiles before them. */
export function withProfiles(pages: HttpPages, clock: Clock): HttpPages {
  let isBusy = false;
  const profile = async (
    request: HttpRequest,
    kind: { readonly take: Take; readonly fileName: string },
  ): Promise<HttpReply> => {
    const seconds = Number(request.query.get("seconds") ?? SECONDS_DEFAULT) || SECONDS_DEFAULT;
    if (seconds < 0 || seconds > SECONDS_MAX) {
      return text(400, `seconds is more than 0 and at most ${String(SECONDS_MAX)}\n`);
    }
    // Source: Go net/http/pprof, Profile.
    if (isBusy) return text(500, "Could not enable CPU profiling: profiling already in use\n");
    isBusy = true;
    const session = new Session();
    try {
      session.connect();
      const taken = await kind.take(session, async () => pause(clock, seconds * 1000));
      const headers = {
        "Content-Type": "application/json",
        "Content-Disposition": `attachment; filename="${kind.fileName}"`,
      };
      return { status: 200, headers, body: JSON.stringify(taken) };
    } finally {
      session.disconnect();
      isBusy = false;
    }
  };
  const page = (request: HttpRequest): HttpReply | Promise<HttpReply> => {
    switch (request.path.slice(ROOT.length)) {
      case "":
      case "/":
        return text(200, INDEX);
      case "/profile":
        return profile(request, { take: cpuProfile, fileName: "etcdlet.cpuprofile" });
      case "/heap":
        return profile(request, { take: heapProfile, fileName: "etcdlet.heapprofile" });
    }
    return text(404, "Unknown profile\n");
  };
  return withPagesBelow(ROOT, page, pages);
}

type Take = (session: Session, wait: () => Promise<void>) => Promise<unknown>;

const cpuProfile: Take = async (session, wait) => {
  await session.post("Profiler.enable");
  await session.post("Profiler.start");
  await wait();
  return (await session.post("Profiler.stop")).profile;
};

const heapProfile: Take = async (session, wait) => {
  await session.post("HeapProfiler.enable");
  await session.post("HeapProfiler.startSampling");
  await wait();
  return (await session.post("HeapProfiler.stopSampling")).profile;
};

function text(status: number, body: string): HttpReply {
  return { status, headers: TEXT, body };
}

async function pause(clock: Clock, delayMs: number): Promise<void> {
  await new Promise<void>((resolve) => {
    clock.after(delayMs, resolve, "background");
  });
}
