/** A header block that cannot be decoded, after which no later one can: COMPRESSION_ERROR. */
export class HpackError extends Error {
  override readonly name = "HpackError";
}
