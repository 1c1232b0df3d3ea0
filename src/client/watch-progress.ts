/**
 * How far a watch has told: where it goes on when its connection was lost, so that nothing is missed
 * and nothing told twice.
 *
 * An answer has whole revisions, but where it is cut into fragments one may end amid a revision: then
 * that revision is asked for again, and as many of its events are left out as were told.
 */
import type { messages } from "../wire/index.ts";

export class WatchProgress {
  /** The first revision that was not told whole. */
  #nextRevision: number;
  /** Events of it that were told. */
  #toldEvents = 0;
  /** Of those, how many the stream in use will tell again. */
  #repeatedEvents = 0;

  /** 0 begins with the revision after the one at which the watch is made. */
  constructor(startRevision: number) {
    this.#nextRevision = startRevision;
  }

  /** The watch is made. */
  created(response: messages.WatchResponse): void {
    if (this.#nextRevision === 0) this.#nextRevision = revisionOf(response) + 1;
  }

  /** The revision to begin with on another stream. */
  resume(): number {
    this.#repeatedEvents = this.#toldEvents;
    return this.#nextRevision;
  }

  /** What of an answer was not told yet; undefined for nothing. */
  fresh(response: messages.WatchResponse): messages.WatchResponse | undefined {
    if (response.created) return undefined;
    const { events, fragment } = response;
    if (events.length === 0) {
      this.#tellTo(Math.max(this.#nextRevision, revisionOf(response) + 1));
      return response;
    }
    const repeated = Math.min(this.#repeatedEvents, events.length);
    this.#repeatedEvents -= repeated;
    if (repeated === events.length) return undefined;
    this.#note(events.slice(repeated), fragment);
    return repeated === 0 ? response : { ...response, events: events.slice(repeated) };
  }

  #note(events: readonly messages.Event[], fragment: boolean): void {
    const last = modRevisionOf(events.at(-1));
    if (!fragment) {
      this.#tellTo(last + 1);
      return;
    }
    if (last !== this.#nextRevision) this.#tellTo(last);
    this.#toldEvents += events.filter((event) => modRevisionOf(event) === last).length;
  }

  #tellTo(revision: number): void {
    this.#nextRevision = revision;
    this.#toldEvents = 0;
    this.#repeatedEvents = 0;
  }
}

function revisionOf({ header }: messages.WatchResponse): number {
  return header?.revision ?? 0;
}

function modRevisionOf(event: messages.Event | undefined): number {
  return event?.kv?.modRevision ?? 0;
}
