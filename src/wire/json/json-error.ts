/** Why bytes are no JSON, or JSON is no message; the text is Go's, without a code. */
export class JsonError extends Error {
  /** `size` for a value that is longer than is taken. */
  readonly reason: "text" | "size";

  constructor(message: string, reason: "text" | "size" = "text") {
    super(message);
    this.name = "JsonError";
    this.reason = reason;
  }
}
