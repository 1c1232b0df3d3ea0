/**
 * Ids that do not repeat: two bytes of the member's id, five of the time of the start in
 * milliseconds, and a counter that runs over into them.
 *
 * Source: etcd pkg/idutil/id.go.
 */

const POSITIVE_INT64 = 0x7fff_ffff_ffff_ffffn;

export class IdGenerator {
  readonly #prefix: bigint;
  #suffix: bigint;

  /** `startMs` is wall-clock time: a restart must begin above what earlier ones gave out. */
  constructor(memberId: bigint, startMs: number) {
    this.#prefix = (memberId & 0xffffn) << 48n;
    this.#suffix = (BigInt(Math.floor(startMs)) & 0xff_ffff_ffffn) << 8n;
  }

  /** A new id that is positive as an int64. */
  nextPositive(): bigint {
    this.#suffix++;
    return (this.#prefix | (this.#suffix & 0xffff_ffff_ffffn)) & POSITIVE_INT64;
  }
}
