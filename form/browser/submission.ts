/** One submission inside the worker: made, sealed, and held until the log's promise for it was verified (format.md sections 2 to 5). */
import { sha256 } from "@noble/hashes/sha2.js";
import { type Bytes, hex } from "./bytes.js";
import { MOST_REPORT, contentSize, pack, paddedSize } from "./container.js";
import { Refusal } from "./errors.js";
import { leafHash, reportEntry } from "./log.js";
import { openPromise } from "./notes.js";
import { Derived, groups, newReceipt } from "./receipt.js";
import { type Attached, type Call, type Testimony, fileName, fileType, reportBytes } from "./report.js";
import { seal } from "./sealing.js";
import type { WorkAsked } from "./sending.js";
import { solved } from "./work.js";

const HANDLE = 32;
const MOST_ADDITIONS = 99;

async function attached(file: File, member: number): Promise<Attached> {
  try {
    return { name: fileName(file.name), type: fileType(file.type), bytes: new Uint8Array(await file.arrayBuffer()) };
  } catch {
    throw new Refusal("file-unreadable", member);
  }
}

/** A report on its way. */
export class Submission {
  private leaf: Bytes | null = null;
  private readonly derived: Derived;

  constructor(
    private readonly call: Call,
    private readonly testimony: Testimony,
    private readonly files: readonly File[],
    private readonly code: string = newReceipt(),
    private n = 0,
  ) {
    this.derived = new Derived(code, call.call);
  }

  /** handle || envelope, ready to be sent. Refuses `too-large`, `file-unreadable`, `report`; throws when sealing fails. */
  async sealed(progress: (part: number) => void): Promise<Bytes> {
    const sizes = this.files.map((file) => file.size);
    paddedSize(contentSize(0, sizes), this.call.maxK); // before anything is read: a phone need not hold what cannot be sent
    const files = await Promise.all(this.files.map(attached));
    const report = reportBytes(this.call, this.testimony, files, this.derived, this.n);
    if (report.length > MOST_REPORT) throw new Refusal("too-large");
    const container = pack(report, files.map((file) => file.bytes), this.call.maxK);
    const body = await seal(container, this.call.recipients, HANDLE, progress);
    const handle = this.derived.handle(this.n);
    body.set(handle);
    this.leaf = leafHash(reportEntry(hex(sha256(body.subarray(HANDLE))), hex(handle)));
    return body;
  }

  /** Work for the report as it was sealed: the header's value. Refuses (`busy`) what would take too long. */
  worked({ bits, batch }: WorkAsked, progress: (part: number) => void): string {
    return solved(this.call.call, batch, hex(this.derived.handle(this.n)), bits, progress);
  }

  /** Another handle of the same receipt, after the server said `duplicate`. */
  next(): void {
    this.n = this.following;
    this.leaf = null;
  }

  /** Other words under the same receipt. */
  followed(testimony: Testimony, files: readonly File[]): Submission {
    return new Submission(this.call, testimony, files, this.code, this.following);
  }

  /** Other words in place of these, which nobody was given. */
  instead(testimony: Testimony, files: readonly File[]): Submission {
    return new Submission(this.call, testimony, files, this.code, this.n);
  }

  private get following(): number {
    if (this.n === MOST_ADDITIONS) throw new Refusal("receipt");
    return this.n + 1;
  }

  /** The receipt of a sealed report that is saved as a file, where no promise can come: only where the page says that nothing was sent. */
  get unpromised(): readonly string[] {
    return groups(this.code);
  }

  /** The receipt, against a promise of the call's log for exactly what was sealed. Refuses `signature` and `promise-broken`. */
  kept(promise: string): { receipt: readonly string[]; publishBy: number } {
    if (this.leaf === null) throw new Refusal("promise-broken");
    return { publishBy: openPromise(promise, this.call.logVkey, this.call.origin, this.leaf), receipt: groups(this.code) };
  }
}
