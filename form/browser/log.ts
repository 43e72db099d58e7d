/** The call's public log, read by a submitter who looks for a report (format.md section 7). */
import { sha256 } from "@noble/hashes/sha2.js";
import { type Bytes, concat, same, utf8 } from "./bytes.js";
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
    if (size === 0 || at + 2 + size > framed.length) throw new Refusal("log-entry");
    entries.push(framed.subarray(at + 2, at + 2 + size));
    at += 2 + size;
  }
  return entries;
}

/** Where a report stands. */
export type Standing = "published" | "withdrawn" | "unknown";

/** The log of one call, its entries proven by a checkpoint. */
export class Log {
  private readonly reports = new Set<string>();
  private readonly withdrawals = new Set<string>();

  /** Refuses `log-inconsistent` when the checkpoint is not the root of its prefix, `log-call` for the log of another call. */
  constructor(entries: readonly Uint8Array[], checkpoint: Checkpoint, callSha256: string) {
    const signed = entries.slice(0, checkpoint.size);
    if (signed.length !== checkpoint.size || !same(root(signed.map(leafHash)), checkpoint.root)) {
      throw new Refusal("log-inconsistent");
    }
    const decoder = new TextDecoder();
    signed.forEach((entry, index) => this.add(decoder.decode(entry).split("\n"), index, callSha256));
  }

  private add(lines: readonly string[], index: number, callSha256: string): void {
    const [version, kind, first = "", second = ""] = lines;
    if (version !== "saksei/v1" || lines[lines.length - 1] !== "") throw new Refusal("log-entry");
    if (index === 0 && (kind !== "call" || first !== callSha256)) throw new Refusal("log-call");
    if (kind === "report") this.reports.add(second);
    if (kind === "withdraw") this.withdrawals.add(first);
  }

  /** What the log says of the report with this handle (hex). */
  standing(handle: string): Standing {
    if (this.withdrawals.has(handle)) return "withdrawn";
    return this.reports.has(handle) ? "published" : "unknown";
  }
}
