/** What the page and its worker say to each other. The receipt leaves the worker only with a promise that was verified. */
import type { Word } from "./errors.js";
import type { Standing } from "./log.js";
import type { Call, Testimony } from "./report.js";
import type { WorkAsked } from "./sending.js";

/** `addition` seals under the receipt of the submission before, or of the holder who looked it up, as its next report. */
export interface SealAsked {
  readonly kind: "seal";
  readonly call: Call;
  readonly testimony: Testimony;
  readonly files: readonly File[];
  readonly addition: boolean;
}

/** What the public lists say, as they were fetched; an empty buffer is a list that is not there yet. `promise` is a kept one, or empty. */
export interface LookAsked {
  readonly kind: "look";
  readonly call: Call;
  readonly receipt: string;
  readonly signingKey: string;
  readonly entries: ArrayBuffer;
  readonly checkpoint: ArrayBuffer;
  readonly received: ArrayBuffer;
  readonly receivedSignature: ArrayBuffer;
  readonly promise: string;
}

/** Asks for a rehearsal (sealing.ts), before there is anything to seal. Nobody waits for it, so that a seal asked meanwhile is not held up. */
export interface RehearseAsked {
  readonly kind: "rehearse";
  readonly recipients: readonly string[];
}

export type Asked =
  | SealAsked
  | LookAsked
  | { readonly kind: "again" }
  | { readonly kind: "saved" }
  | { readonly kind: "work"; readonly work: WorkAsked }
  | { readonly kind: "verify"; readonly promise: string }
  | { readonly kind: "replies"; readonly n: number; readonly records: ArrayBuffer }
  | { readonly kind: "withdraw"; readonly n: number }
  | { readonly kind: "withdrawn"; readonly n: number; readonly promise: string };

/**
 * Where one report of a receipt stands: `unknown` is not in the log, or not in it yet. `held`: the reviewers' countersignature covers it.
 * `prefix` is what to ask for to read a reply to it, empty when there can be none.
 */
export interface Found {
  readonly n: number;
  readonly standing: Standing;
  readonly held: boolean;
  readonly prefix: string;
}

/** What became of a kept promise: in the log, not due yet (by this device's clock), or broken; `other`: of another log or report. */
export type PromiseState = "none" | "kept" | "due" | "broken" | "other";

/** What the reviewers' countersignature is: not there yet, right, or not theirs. */
export type Countersigned = "none" | "right" | "forged";

/** Everything that a look tells. */
export interface Looked {
  readonly reports: readonly Found[];
  readonly countersigned: Countersigned;
  readonly promise: PromiseState;
  readonly publishBy: number;
}

export type Answered =
  | { readonly kind: "rehearsed" }
  | { readonly kind: "progress"; readonly part: number }
  | { readonly kind: "sealed"; readonly body: Blob }
  | { readonly kind: "saved"; readonly receipt: readonly string[] }
  | { readonly kind: "worked"; readonly header: string }
  | { readonly kind: "kept"; readonly receipt: readonly string[]; readonly publishBy: number }
  | ({ readonly kind: "found" } & Looked)
  | { readonly kind: "reply"; readonly text: string | null }
  | { readonly kind: "withdrawal"; readonly body: ArrayBuffer }
  | { readonly kind: "withdrawn" }
  | { readonly kind: "refused"; readonly word: Word; readonly member: number };

/** What to call a failure that nobody foresaw: only while sealing may it be said that nothing left the device. */
export function unforeseen({ kind }: Asked): Word {
  if (kind === "seal" || kind === "again") return "sealing";
  return kind === "look" ? "log-entry" : "signature";
}
