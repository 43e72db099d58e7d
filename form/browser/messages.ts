/** What the page and its worker say to each other. The receipt leaves the worker only with a promise that was verified. */
import type { Word } from "./errors.js";
import type { Call, Testimony } from "./report.js";

/** `addition` seals under the receipt of the submission before, as its next report. */
export interface SealAsked {
  readonly kind: "seal";
  readonly call: Call;
  readonly testimony: Testimony;
  readonly files: readonly File[];
  readonly addition: boolean;
}

export type Asked =
  | SealAsked
  | { readonly kind: "again" }
  | { readonly kind: "verify"; readonly promise: string }
  | { readonly kind: "look"; readonly call: Call; readonly receipt: string; readonly entries: ArrayBuffer; readonly checkpoint: string }
  | { readonly kind: "withdraw"; readonly n: number }
  | { readonly kind: "withdrawn"; readonly n: number; readonly promise: string };

/** Where one report of a receipt stands: `unknown` is not in the log, or not in it yet. */
export interface Found {
  readonly n: number;
  readonly standing: "published" | "withdrawn" | "unknown";
}

export type Answered =
  | { readonly kind: "progress"; readonly part: number }
  | { readonly kind: "sealed"; readonly body: ArrayBuffer }
  | { readonly kind: "kept"; readonly receipt: readonly string[]; readonly publishBy: number }
  | { readonly kind: "found"; readonly reports: readonly Found[] }
  | { readonly kind: "withdrawal"; readonly body: ArrayBuffer }
  | { readonly kind: "refused"; readonly word: Word };

/** What to call a failure that nobody foresaw: only while sealing may it be said that nothing left the device. */
export function unforeseen({ kind }: Asked): Word {
  if (kind === "seal" || kind === "again") return "sealing";
  return kind === "look" ? "log-entry" : "signature";
}
