/** Whole rounds of replies, as the reviewers sign them and a server takes them (format.md F8.3, F8.4); pages read parts (../replies.ts). */
import { Refusal } from "../errors.js";
import { checkSignature } from "../minisign.js";
import { records } from "../replies.js";
import { fromUtf8 } from "./text.js";

/** Handles (hex) of the records of a round. Refuses `size`, and `handle-mismatch` when they do not ascend strictly. */
export function roundHandles(round: Uint8Array): readonly string[] {
  return [...records(round, "all", 0).keys()];
}

/** As `roundHandles`, and refuses `handle-mismatch` when they are not those of the live reports (hex, in any order). */
export function liveRound(round: Uint8Array, live: readonly string[]): readonly string[] {
  const handles = roundHandles(round);
  if (handles.join() !== [...live].sort().join()) throw new Refusal("handle-mismatch");
  return handles;
}

/** As `roundHandles`, for a round that the reviewers signed. Refuses `signature` first. */
export function signedRound(round: Uint8Array, signature: Uint8Array, signingKey: string): readonly string[] {
  checkSignature(round, fromUtf8(signature) ?? "", signingKey);
  return roundHandles(round);
}
