/** Settings that no server can be started with. */

/**
 * What was wrong with the settings; the message is etcd's own where etcd refuses the same.
 *
 * etcd finds some faults when it looks at its flags and others when it starts, and logs the two
 * differently: `stage` says which it is.
 */
export class ConfigurationError extends Error {
  override readonly name = "ConfigurationError";
  readonly stage: "verify" | "start";

  constructor(message: string, stage: "verify" | "start" = "verify") {
    super(message);
    this.stage = stage;
  }
}
