/** Replies in rounds: equal records, from which nobody but the holder of a receipt can tell who was answered (format.md F8.3 to F8.6). */
import { chacha20poly1305 } from "@noble/ciphers/chacha.js";
import { hex, utf8 } from "../bytes.js";
import { Refusal } from "../errors.js";
import { verifySignature } from "./minisign.js";
import { fromUtf8 } from "./text.js";

const RECORD = 4096;
const HANDLE = 32;
const TEXT = HANDLE + 12;
const LEAST_RECORDS = 256;
const CLASS = 512;

/** The reply in one record, null when this key opens none in it. Refuses `size`, `padding`, `payload`. */
export function openReply(record: Uint8Array, call: string, replyKey: Uint8Array): string | null {
  if (record.length !== RECORD) throw new Refusal("size");
  const plain = decrypted(record, utf8(`saksei/v1 reply\n${call}\n${hex(record.subarray(0, HANDLE))}\n`), replyKey);
  if (plain === null) return null;
  const end = 2 + new DataView(plain.buffer, plain.byteOffset).getUint16(0);
  if (end > plain.length || plain.subarray(end).some((byte) => byte !== 0)) throw new Refusal("padding");
  const text = fromUtf8(plain.subarray(2, end));
  if (text === null) throw new Refusal("payload");
  return text;
}

function decrypted(record: Uint8Array, associated: Uint8Array, replyKey: Uint8Array): Uint8Array | null {
  try {
    return chacha20poly1305(replyKey, record.subarray(HANDLE, TEXT), associated).decrypt(record.subarray(TEXT));
  } catch {
    return null;
  }
}

/** Handles (hex) of whole records. Refuses `size`, and `handle-mismatch` when they do not ascend strictly. */
export function roundHandles(round: Uint8Array): readonly string[] {
  if (round.length % RECORD !== 0) throw new Refusal("size");
  const handles = Array.from({ length: round.length / RECORD }, (_, n) => hex(round.subarray(n * RECORD, n * RECORD + HANDLE)));
  if (handles.some((handle, n) => n > 0 && handle <= (handles[n - 1] ?? ""))) throw new Refusal("handle-mismatch");
  return handles;
}

/** As `roundHandles`, and refuses `handle-mismatch` when they are not those of the live reports (hex, in any order). */
export function liveRound(round: Uint8Array, live: readonly string[]): readonly string[] {
  const handles = roundHandles(round);
  if (handles.join() !== [...live].sort().join()) throw new Refusal("handle-mismatch");
  return handles;
}

/** As `roundHandles`, for a round that the reviewers signed. Refuses `signature` first. */
export function signedRound(round: Uint8Array, signature: Uint8Array, signingKey: string): readonly string[] {
  verifySignature(round, signature, signingKey);
  return roundHandles(round);
}

/** What the holder of a handle (hex) asks for when so many reports are live: the first digits, or `all`. */
export function replyPrefix(handle: string, live: number): string {
  let length = 0;
  while (CLASS * 16 ** (length + 1) <= live) length += 1;
  return handle.slice(0, length) || "all";
}

/**
 * Handles (hex) of what a server answered with. Refuses `size` when they are so few that it would learn which one is asked for,
 * `handle-mismatch` when they are others than those asked for.
 */
export function fetchedHandles(answer: Uint8Array, asked: string, live: number): readonly string[] {
  if (answer.length < RECORD * Math.min(LEAST_RECORDS, live)) throw new Refusal("size");
  const handles = roundHandles(answer);
  if (asked !== "all" && !handles.every((handle) => handle.startsWith(asked))) throw new Refusal("handle-mismatch");
  return handles;
}
