/** What the holder of a receipt can do later: look a report up, read a reply, add to it, withdraw it (format.md sections 4, 7 and 8). */
import { type Bytes, hex } from "./bytes.js";
import { Refusal } from "./errors.js";
import { Log, leafHash, reportEntry, unframe, withdrawEntry } from "./log.js";
import type { Countersigned, Found, LookAsked, Looked, PromiseState } from "./messages.js";
import { checkSignature } from "./minisign.js";
import { type LogPromise, openCheckpoint, openPromise, readPromise } from "./notes.js";
import { Derived, parseReceipt } from "./receipt.js";
import { openReply, replyPrefix } from "./replies.js";
import type { Call, Testimony } from "./report.js";
import { Submission } from "./submission.js";

const MOST_ADDITIONS = 99;

const text = (bytes: ArrayBuffer): string => new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);

/** One receipt, typed in again. Refuses (`receipt`) digits that do not add up. */
export class Holder {
  private readonly code: string;
  private readonly derived: Derived;
  private log: Log | null = null;
  private received = 0;

  constructor(
    private readonly call: Call,
    typed: string,
  ) {
    this.code = parseReceipt(typed);
    this.derived = new Derived(this.code, call.call);
  }

  /** Every report of this receipt that the log shows; when it shows none, the first one as `unknown`. Refuses what Log and notes refuse. */
  look(asked: LookAsked): Looked {
    const { logVkey, origin, callSha256 } = this.call;
    const log = new Log(unframe(new Uint8Array(asked.entries)), openCheckpoint(text(asked.checkpoint), logVkey, origin), callSha256);
    this.log = log;
    const { state: countersigned, size } = this.countersigned(log, asked);
    this.received = size;
    const found = Array.from({ length: MOST_ADDITIONS + 1 }, (_, n): Found => {
      const handle = this.handle(n);
      const standing = log.standing(handle);
      const held = (log.report(handle)?.index ?? size) < size;
      return { n, standing, held, prefix: standing === "published" ? replyPrefix(handle, log.live()) : "" };
    });
    const known = found.filter(({ standing }) => standing !== "unknown");
    return { reports: known.length > 0 ? known : found.slice(0, 1), countersigned, ...this.promised(log, asked.promise) };
  }

  /** The reply to the n-th report, null while there is none. Refuses what openReply refuses. */
  reply(n: number, records: Uint8Array): string | null {
    const handle = this.handle(n);
    const prefix = replyPrefix(handle, this.log?.live() ?? 0);
    // A round has a record for each report that the reviewers had; what was published since is not in it (F8.5).
    const expected = this.log?.live(this.received > 0 ? this.received : undefined) ?? 0;
    return openReply(records, prefix, expected, this.call.call, handle, this.derived.replyKey);
  }

  /** What is added to it: the next report of the receipt that the log does not show yet. Refuses (`receipt`) after the last. */
  addition(call: Call, testimony: Testimony, files: readonly File[]): Submission {
    let next = 1;
    for (let n = 1; n <= MOST_ADDITIONS; n += 1) {
      if (this.log !== null && this.log.standing(this.handle(n)) !== "unknown") next = n + 1;
    }
    if (next > MOST_ADDITIONS) throw new Refusal("receipt");
    return new Submission(call, testimony, files, this.code, next);
  }

  /** The 32 bytes that withdraw the n-th report. */
  withdrawal(n: number): Bytes {
    return this.derived.withdraw(n);
  }

  /** When the withdrawal will stand in the log. Refuses `signature` and `promise-broken`. */
  withdrawn(n: number, promise: string): number {
    const entry = withdrawEntry(this.handle(n), hex(this.derived.withdraw(n)));
    return openPromise(promise, this.call.logVkey, this.call.origin, leafHash(entry));
  }

  private handle(n: number): string {
    return hex(this.derived.handle(n));
  }

  /** How much of the log the reviewers say has reached them: by the log's own checkpoint, under their signature. */
  private countersigned(log: Log, asked: LookAsked): { readonly state: Countersigned; readonly size: number } {
    if (asked.received.byteLength === 0) return { state: "none", size: 0 };
    try {
      checkSignature(new Uint8Array(asked.received), text(asked.receivedSignature), asked.signingKey);
      const received = openCheckpoint(text(asked.received), this.call.logVkey, this.call.origin);
      return log.covers(received) ? { state: "right", size: received.size } : { state: "forged", size: 0 };
    } catch {
      return { state: "forged", size: 0 };
    }
  }

  private promised(log: Log, kept: string): { readonly promise: PromiseState; readonly publishBy: number } {
    if (kept === "") return { promise: "none", publishBy: 0 };
    let read: LogPromise;
    try {
      read = readPromise(kept, this.call.logVkey, this.call.origin);
    } catch {
      return { promise: "other", publishBy: 0 };
    }
    const { leaf, publishBy } = read;
    if (log.has(leaf)) return { promise: this.isOwn(log, leaf) ? "kept" : "other", publishBy };
    const late = log.closed || Date.now() / 1000 > publishBy;
    return { promise: late ? "broken" : "due", publishBy };
  }

  /** Whether a leaf of the log is that of a report of this receipt, or of its withdrawal. */
  private isOwn(log: Log, leaf: Uint8Array): boolean {
    const own = hex(leaf);
    for (let n = 0; n <= MOST_ADDITIONS; n += 1) {
      const handle = this.handle(n);
      const report = log.report(handle);
      if (report === undefined) continue;
      if (own === hex(leafHash(reportEntry(report.digest, handle)))) return true;
      if (own === hex(leafHash(withdrawEntry(handle, hex(this.derived.withdraw(n)))))) return true;
    }
    return false;
  }
}
