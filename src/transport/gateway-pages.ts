/** Where calls as JSON are told from other pages. What answers them is loaded with the first. */
import type { Channel, Logger } from "../wire/index.ts";
import type { Gateway } from "./gateway.ts";
import type { ExchangePages, ExchangeReply, HttpExchange } from "./http-exchange.ts";

export interface GatewayPagesOptions {
  readonly channel: Channel;
  /** For all other paths. */
  readonly pages: ExchangePages;
  /** Largest message, bytes. */
  readonly messageBytesMax: number;
  readonly logger: Logger;
}

/** Where all paths of the gateway begin. */
const ROOT = "/v3/";

/** Source: etcd server/embed/serve.go, accessController.ServeHTTP. */
const OLD_ROOT = "/v3beta/";

export class GatewayPages implements ExchangePages {
  readonly #options: GatewayPagesOptions;
  #gateway: Promise<Gateway> | undefined;

  constructor(options: GatewayPagesOptions) {
    this.#options = options;
  }

  page(exchange: HttpExchange): ExchangeReply | Promise<ExchangeReply> {
    const { path } = exchange;
    if (path.startsWith(ROOT)) return this.#answer(exchange, path.slice(ROOT.length));
    if (path.startsWith(OLD_ROOT)) return this.#answer(exchange, path.slice(OLD_ROOT.length));
    // As Go's ServeMux does for a tree that is asked for without its last slash.
    if (`${path}/` === ROOT) return { status: 307, headers: { Location: ROOT }, body: "" };
    return this.#options.pages.page(exchange);
  }

  async #answer(exchange: HttpExchange, path: string): Promise<ExchangeReply> {
    this.#gateway ??= this.#load();
    const gateway = await this.#gateway;
    return gateway.answer(exchange, path);
  }

  async #load(): Promise<Gateway> {
    const { Gateway: Loaded } = await import("./gateway.ts");
    return Loaded.load(this.#options);
  }
}
