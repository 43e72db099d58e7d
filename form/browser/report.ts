/** report.json: what is said inside the seal (format.md section 2). */
import { sha256 } from "@noble/hashes/sha2.js";
import { type Bytes, hex } from "./bytes.js";
import { type Json, canonical } from "./canonical.js";
import type { Derived } from "./receipt.js";

/** A value of `answers`. */
export type Value = string | number | readonly string[] | readonly number[];

export interface Consent {
  readonly level: string;
  readonly audiences: readonly string[];
  readonly contact: boolean;
}

/** The call as the page's own attributes name it. */
export interface Call {
  readonly call: string;
  readonly callSha256: string;
  readonly origin: string;
  readonly logVkey: string;
  readonly recipients: readonly string[];
  readonly maxK: number;
}

/** What a submitter says, before it has a receipt. `form` says where it was written; on the page unless told. */
export interface Testimony {
  readonly form?: "web" | "offline";
  readonly lang: string;
  readonly consent: Consent;
  readonly answers: Readonly<Record<string, Value>>;
}

const NAME_LENGTH = 255;
const UNKNOWN_TYPE = "application/octet-stream";

/** How the report names a file: without folders and control characters, never empty; app/unscripted.py names those of the plain form alike. */
export function fileName(name: string): string {
  const last = name.split(/[/\\]/).pop() ?? "";
  const shown = last.replace(/[\u0000-\u001f\u007f]/g, "").replace(/[\ud800-\udfff]/gu, "\ufffd");
  return [...shown].slice(0, NAME_LENGTH).join("") || "file";
}

/** A name that tells several sealed files apart and says nothing else: the handle they begin with is public once they are handed in. */
export function sealedName(body: Uint8Array): string {
  return `sealed-${hex(body.subarray(0, 4))}.bin`;
}

/** The media type a device gave a file, when it is one. */
export function fileType(type: string): string {
  return /^[a-z0-9!#$&^_.+-]{1,64}\/[a-z0-9!#$&^_.+-]{1,64}$/.test(type) ? type : UNKNOWN_TYPE;
}

/** An attached file, read. */
export interface Attached {
  readonly name: string;
  readonly type: string;
  readonly bytes: Bytes;
}

function described(file: Attached): Json {
  return { name: file.name, type: file.type, size: file.bytes.length, sha256: hex(sha256(file.bytes)) };
}

/** The bytes of report.json for the n-th report of a receipt. Refuses (`report`) text that JSON cannot carry. */
export function reportBytes(
  call: Pick<Call, "call" | "callSha256">,
  testimony: Testimony,
  files: readonly Attached[],
  derived: Derived,
  n: number,
): Bytes {
  const { level, audiences, contact } = testimony.consent;
  return canonical({
    v: 1,
    call: call.call,
    call_sha256: call.callSha256,
    seq: n,
    handle: hex(derived.handle(n)),
    thread: hex(derived.thread),
    reply_key: hex(derived.replyKey),
    form: testimony.form ?? "web",
    lang: testimony.lang,
    consent: { level, audiences, contact },
    answers: testimony.answers,
    files: files.map(described),
  });
}
