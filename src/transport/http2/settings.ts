/** Settings, theirs and ours. Source: RFC 9113, 6.5. */
import {
  ConnectionError,
  ERROR_CODE,
  FRAME,
  INT31_MAX,
  frameOf,
  readUint32,
  writeUint32,
} from "./frames.ts";
import {
  CONNECTION_RECEIVE_WINDOW_BYTES,
  FRAME_BYTES_MAX,
  HEADER_LIST_BYTES_MAX,
  STREAM_RECEIVE_WINDOW_BYTES,
} from "./limits.ts";
import { DEFAULT_WINDOW_BYTES } from "./sender.ts";

const SETTING = {
  headerTableSize: 1,
  enablePush: 2,
  maxConcurrentStreams: 3,
  initialWindowSize: 4,
  maxFrameSize: 5,
  maxHeaderListSize: 6,
} as const;

/** Bytes of one setting. */
const SETTING_BYTES = 6;

/** Source: RFC 9113, 6.5.2. */
const FRAME_BYTES_LIMIT = 2 ** 24 - 1;

/** What a client's SETTINGS can change for us; what it did not say is undefined. */
export interface ClientSettings {
  /** All that it said, in order: the smallest one empties the table. */
  headerTableSizes?: number[];
  initialWindow?: number;
  frameBytesMax?: number;
}

/** Reads a SETTINGS frame's payload. Throws {@link ConnectionError} for what is not allowed. */
export function readSettings(source: Buffer, start: number, end: number): ClientSettings {
  if ((end - start) % SETTING_BYTES !== 0) {
    throw new ConnectionError(ERROR_CODE.frameSizeError, "Cannot take SETTINGS: bad length");
  }
  const settings: ClientSettings = {};
  for (let at = start; at < end; at += SETTING_BYTES) {
    const value = readUint32(source, at + 2);
    switch ((source[at]! << 8) | source[at + 1]!) {
      case SETTING.headerTableSize:
        (settings.headerTableSizes ??= []).push(value);
        break;
      case SETTING.enablePush:
        if (value > 1) throw refused("ENABLE_PUSH", value);
        break;
      case SETTING.initialWindowSize:
        if (value > INT31_MAX) {
          throw refused("INITIAL_WINDOW_SIZE", value, ERROR_CODE.flowControlError);
        }
        settings.initialWindow = value;
        break;
      case SETTING.maxFrameSize:
        if (value < FRAME_BYTES_MAX || value > FRAME_BYTES_LIMIT) {
          throw refused("MAX_FRAME_SIZE", value);
        }
        settings.frameBytesMax = value;
        break;
      // How many streams we may open is nothing to us, and unknown settings are to be ignored.
      default:
        break;
    }
  }
  return settings;
}

/** The last one that was made: a server's connections all begin with the same. */
let known: { readonly streamsMax: number | undefined; readonly bytes: Buffer } | undefined;

/** What we begin a connection with: our settings, and the connection's window. */
export function serverPreface(streamsMax: number | undefined): Buffer {
  if (known === undefined || known.streamsMax !== streamsMax) {
    known = { streamsMax, bytes: newPreface(streamsMax) };
  }
  return known.bytes;
}

function newPreface(streamsMax: number | undefined): Buffer {
  const settings: [number, number][] = [
    [SETTING.initialWindowSize, STREAM_RECEIVE_WINDOW_BYTES],
    [SETTING.maxHeaderListSize, HEADER_LIST_BYTES_MAX],
  ];
  if (streamsMax !== undefined) settings.push([SETTING.maxConcurrentStreams, streamsMax]);
  const payload = Buffer.alloc(settings.length * SETTING_BYTES);
  settings.forEach(([name, value], index) => {
    payload[index * SETTING_BYTES + 1] = name;
    writeUint32(payload, index * SETTING_BYTES + 2, value);
  });
  const increment = Buffer.alloc(4);
  writeUint32(increment, 0, CONNECTION_RECEIVE_WINDOW_BYTES - DEFAULT_WINDOW_BYTES);
  return Buffer.concat([
    frameOf({ type: FRAME.settings, flags: 0, streamId: 0 }, payload),
    frameOf({ type: FRAME.windowUpdate, flags: 0, streamId: 0 }, increment),
  ]);
}

function refused(
  name: string,
  value: number,
  code:
    typeof ERROR_CODE.protocolError | typeof ERROR_CODE.flowControlError = ERROR_CODE.protocolError,
): ConnectionError {
  return new ConnectionError(code, `Cannot take SETTINGS: ${name} is ${value}`);
}
