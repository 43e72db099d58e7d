/** The call's public log, read by a submitter who looks for a report (format.md section 7). */
import { sha256 } from "@noble/hashes/sha2.js";
import { type Bytes, concat, hex, same, utf8 } from "./bytes.js";
import { Refusal } from "./errors.js";
import type { Checkpoint } from "./notes.js";

/** RFC 6962 leaf hash of an entry. */
export function leafHash(entry: Uint8Array): Bytes {
  return new Uint8Array(sha256(concat(Uint8Array.of(0), entry)));
}

/** The entry that stands for a sealed report; digest and handle in hex. */
export function reportEntry(digest: string, handle: string): Bytes {
  return utf8(`saksei/v1\nreport\n${digest}\n${handle}\n`);
}

/** The entry that withdraws one; handle and withdraw_n in hex. */
export function withdrawEntry(handle: string, withdraw: string): Bytes {
  return utf8(`saksei/v1\nwithdraw\n${handle}\n${withdraw}\n`);
}

/** RFC 6962 root of these leaf hashes. */
export function root(leaves: readonly Uint8Array[]): Bytes {
  if (leaves.length === 0) return new Uint8Array(sha256(new Uint8Array()));
  let level: Uint8Array[] = [...leaves];
  while (level.length > 1) {
    const above: Uint8Array[] = [];
    for (let at = 0; at < level.length; at += 2) {
      const [left, right] = [level[at], level[at + 1]];
      if (left !== undefined) above.push(right === undefined ? left : sha256(concat(Uint8Array.of(1), left, right)));
    }
    level = above;
  }
  return new Uint8Array(level[0] ?? []);
}

/** The entries of `framed` (each with its length in two bytes before it). Refuses (`log-entry`) what is cut short. */
export function unframe(framed: Uint8Array): readonly Uint8Array[] {
  const entries: Uint8Array[] = [];
  const view = new DataView(framed.buffer, framed.byteOffset, framed.byteLength);
  let at = 0;
  while (at < framed.length) {
    if (at + 2 > framed.length) throw new Refusal("log-entry");
    const size = view.getUint16(at);
    if (at + 2 + size > framed.length) throw new Refusal("log-entry");
    entries.push(framed.subarray(at + 2, at + 2 + size));
    at += 2 + size;
  }
  return entries;
}

const HASH = "([0-9a-f]{64})\\n";
const ENTRY = new RegExp(`^saksei/v1\\n(?:(close|destroy)\\n|(call)\\n${HASH}|(report)\\n${HASH}${HASH}|(withdraw)\\n${HASH}${HASH})$`);
const ascii = new TextDecoder("utf-8", { ignoreBOM: true });

/** What an entry says, in hex; what its kind does not have is empty. */
export interface Entry {
  readonly kind: "call" | "report" | "withdraw" | "close" | "destroy";
  readonly digest: string;
  readonly handle: string;
  readonly withdraw: string;
}

/** Reads one entry. Refuses (`log-entry`) what has none of the five forms, to the byte. */
export function parseEntry(entry: Uint8Array): Entry {
  const found = ENTRY.exec(ascii.decode(entry));
  if (found === null) throw new Refusal("log-entry");
  const [, bare, call, callHash = "", report, digest = "", handle = "", , withdrawn = "", withdraw = ""] = found;
  const kind = bare ?? call ?? report ?? "withdraw";
  return { kind: kind as Entry["kind"], digest: callHash || digest, handle: handle || withdrawn, withdraw };
}

/** A report as the log tells of it; `late` when it stands after the close. Digest and handle in hex. */
export interface LoggedReport {
  readonly index: number;
  readonly digest: string;
  readonly handle: string;
  readonly late: boolean;
  readonly withdrawn: boolean;
}

/** Entries read in their order, with every rule that holds between them (format.md F7.3). */
export class Entries {
  /** By handle, in their order. */
  readonly reports = new Map<string, LoggedReport>();
  /** Index of the close entry, null while the call is open. */
  close: number | null = null;
  destroyed = false;
  private readonly digests = new Set<string>();

  /** Refuses `log-call`, `log-entry`, `log-duplicate` or `log-withdraw`, for the first rule that is broken. `callSha256` is hex. */
  constructor(entries: readonly Uint8Array[], callSha256: string) {
    const [first, ...others] = entries;
    if (first === undefined || !same(first, utf8(`saksei/v1\ncall\n${callSha256}\n`))) throw new Refusal("log-call");
    others.forEach((entry, place) => this.read(parseEntry(entry), place + 1));
  }

  private read(entry: Entry, index: number): void {
    if (this.destroyed) throw new Refusal("log-entry");
    if (entry.kind === "call") throw new Refusal("log-call");
    if (entry.kind === "report") return this.report(entry, index);
    if (entry.kind === "withdraw") return this.withdraw(entry);
    if ((entry.kind === "close") !== (this.close === null)) throw new Refusal("log-entry");
    if (entry.kind === "close") this.close = index;
    else this.destroyed = true;
  }

  private report({ digest, handle }: Entry, index: number): void {
    if (this.reports.has(handle) || this.digests.has(digest)) throw new Refusal("log-duplicate");
    this.digests.add(digest);
    this.reports.set(handle, { index, digest, handle, late: this.close !== null, withdrawn: false });
  }

  private withdraw({ handle, withdraw }: Entry): void {
    const report = this.reports.get(handle);
    const preimage = Uint8Array.from(withdraw.match(/../g) ?? [], (pair) => parseInt(pair, 16));
    if (report === undefined || report.withdrawn || hex(sha256(preimage)) !== handle) throw new Refusal("log-withdraw");
    this.reports.set(handle, { ...report, withdrawn: true });
  }
}

/** Where a report stands. */
export type Standing = "published" | "withdrawn" | "destroyed" | "unknown";

/** The log of one call, its entries proven by a checkpoint. */
export class Log {
  private readonly entries: Entries;
  private readonly leaves: readonly Bytes[];

  /** Refuses `log-inconsistent` when the checkpoint is not the root of its prefix, and what Entries refuses. */
  constructor(entries: readonly Uint8Array[], checkpoint: Checkpoint, callSha256: string) {
    const signed = entries.slice(0, checkpoint.size);
    this.leaves = signed.map(leafHash);
    if (!this.covers(checkpoint)) throw new Refusal("log-inconsistent");
    this.entries = new Entries(signed, callSha256);
  }

  /** Whether another checkpoint of this log is the root of as many of its entries as it says. */
  covers({ size, root: signed }: Checkpoint): boolean {
    return size <= this.leaves.length && same(root(this.leaves.slice(0, size)), signed);
  }

  /** Whether an entry with this leaf hash stands in it. */
  has(leaf: Uint8Array): boolean {
    return this.leaves.some((own) => same(own, leaf));
  }

  /** Whether nothing on time can be added any more. */
  get closed(): boolean {
    return this.entries.close !== null;
  }

  /** How many reports among the first `size` entries are not withdrawn. */
  live(size = this.leaves.length): number {
    return [...this.entries.reports.values()].filter(({ index, withdrawn }) => index < size && !withdrawn).length;
  }

  /** The report with this handle (hex). */
  report(handle: string): LoggedReport | undefined {
    return this.entries.reports.get(handle);
  }

  /** What the log says of the report with this handle (hex). */
  standing(handle: string): Standing {
    const report = this.report(handle);
    if (report === undefined) return "unknown";
    if (report.withdrawn) return "withdrawn";
    return this.entries.destroyed ? "destroyed" : "published";
  }
}
