import type { Socket } from "node:net";
import type { Test } from "tap";
import { GrpcChannel, serve } from "../../src/transport/index.ts";
import type { Serving, ServingHandlers, ServingUrls } from "../../src/transport/index.ts";
import type { Channel } from "../../src/wire/index.ts";

/** Serves a channel on a free port and connects to it; both are closed after the test. */
export async function serveChannel(
  t: Test,
  channel: Channel,
  options: Partial<ServingUrls & ServingHandlers> = {},
): Promise<{ serving: Serving; client: GrpcChannel; url: string }> {
  const serving = await serve({
    clientUrls: ["http://127.0.0.1:0"],
    channel,
    grpcTransport: "grpc-js",
    pages: { page: () => ({ status: 200, headers: {}, body: "page" }) },
    ...options,
  });
  const [url = ""] = serving.clientUrls;
  const client = await GrpcChannel.connect(url);
  t.teardown(async () => {
    client.close();
    await serving.close({ graceMs: 0 });
  });
  return { serving, client, url };
}

/** Host and port of an http URL, for those who dial by themselves. */
export function hostOf(url: string): { host: string; port: number } {
  const { hostname, port } = new URL(url);
  return { host: hostname, port: Number(port) };
}

/** Resolves when the connection is closed, also by an error. */
export async function closed(socket: Socket): Promise<void> {
  if (!socket.closed) await new Promise<void>((resolve) => socket.once("close", () => resolve()));
}
