import type { Channel } from "../../src/wire/index.ts";

/**
 * A server of ten lines: every call is answered with its request, every message of a stream comes
 * back, and a half-closed stream ends. A test replaces what it wants to be otherwise.
 */
export function echoChannel(overrides: Partial<Channel> = {}): Channel {
  return {
    unary: (_method, request) => request,
    stream: (_method, _context, output) => ({
      write: (message) => void output.write(message),
      end: () => output.end(),
      cancel: () => undefined,
      drained: () => undefined,
    }),
    ...overrides,
  };
}
