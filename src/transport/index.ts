export type { ConnectionHandler } from "./connection-handler.ts";
export { GrpcChannel } from "./grpc-channel.ts";
export type { GrpcChannelOptions } from "./grpc-channel.ts";
export { parseListenUrl } from "./listen-url.ts";
export type { ListenAddress } from "./listen-url.ts";
export { ListenError, Listener } from "./listener.ts";
export type { Handlers, ListenerOptions } from "./listener.ts";
export { serve, Serving } from "./serving.ts";
export type { CloseOptions, GrpcTransport, ServingHandlers, ServingUrls } from "./serving.ts";
