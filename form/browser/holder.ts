/** What the holder of a receipt can do later: look a report up in the log, withdraw it (format.md sections 4, 7 and 8). */
import { type Bytes, hex } from "./bytes.js";
import { Log, leafHash, unframe, withdrawEntry } from "./log.js";
import type { Found } from "./messages.js";
import { openCheckpoint, openPromise } from "./notes.js";
import { Derived, parseReceipt } from "./receipt.js";
import type { Call } from "./report.js";

const MOST_ADDITIONS = 99;

/** One receipt, typed in again. Refuses (`receipt`) digits that do not add up. */
export class Holder {
  private readonly derived: Derived;

  constructor(
    private readonly call: Call,
    typed: string,
  ) {
    this.derived = new Derived(parseReceipt(typed), call.call);
  }

  /** Every report of this receipt that the log shows; when it shows none, the first one as `unknown`. Refuses what Log and notes refuse. */
  look(framed: Uint8Array, checkpoint: string): readonly Found[] {
    const signed = openCheckpoint(checkpoint, this.call.logVkey, this.call.origin);
    const log = new Log(unframe(framed), signed, this.call.callSha256);
    const all = Array.from({ length: MOST_ADDITIONS + 1 }, (_, n) => ({ n, standing: log.standing(hex(this.derived.handle(n))) }));
    const known = all.filter(({ standing }) => standing !== "unknown");
    return known.length > 0 ? known : all.slice(0, 1);
  }

  /** The 32 bytes that withdraw the n-th report. */
  withdrawal(n: number): Bytes {
    return this.derived.withdraw(n);
  }

  /** When the withdrawal will stand in the log. Refuses `signature` and `promise-broken`. */
  withdrawn(n: number, promise: string): number {
    const entry = withdrawEntry(hex(this.derived.handle(n)), hex(this.derived.withdraw(n)));
    return openPromise(promise, this.call.logVkey, this.call.origin, leafHash(entry));
  }
}
