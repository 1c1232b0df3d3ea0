/** The small HTTP pages beside gRPC: /health, /livez, /readyz, /version, /metrics. */

/** Anything that answers plain HTTP requests; a transport is handed one beside its Channel. */
export interface HttpPages {
  /** Answers one request. Never rejects for what a client sent: that is a reply with its status. */
  page(request: HttpRequest): HttpReply | Promise<HttpReply>;
}

export interface HttpRequest {
  /** Upper case. */
  readonly method: string;
  /** Path without the query, still percent-encoded. */
  readonly path: string;
  readonly query: URLSearchParams;
  /** In the order in which they came, with names in lower case and one character for each byte. */
  readonly fields: readonly HttpField[];
  /** What comes behind the head, for the few pages that take something. */
  readonly body?: AsyncIterable<Uint8Array>;
}

export interface HttpField {
  readonly name: string;
  readonly value: string;
}

export interface HttpReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array;
}

/** The first field of a name, which is given in lower case. */
export function fieldOf({ fields }: HttpRequest, name: string): string | undefined {
  return fields.find((field) => field.name === name)?.value;
}

/** Host and port as the client dialed them, whichever HTTP it speaks. */
export function authorityOf(request: HttpRequest): string | undefined {
  return fieldOf(request, "host") ?? fieldOf(request, ":authority");
}

/** Pages with others before them: `own` answers for `root` and all below it. */
export function withPagesBelow(root: string, own: HttpPages["page"], others: HttpPages): HttpPages {
  return {
    page: (request) => {
      const { path } = request;
      return path === root || path.startsWith(`${root}/`) ? own(request) : others.page(request);
    },
  };
}
