/** Replies of the reviewers, fetched with many others so that nobody learns whose was looked for (format.md section 8). */
import { chacha20poly1305 } from "@noble/ciphers/chacha.js";
import { type Bytes, hex, utf8 } from "./bytes.js";
import { Refusal } from "./errors.js";

const RECORD = 4096;
const HANDLE = 32;
const NONCE = 12;
const MOST_TEXT = 4034;
const FEWEST = 256;
const IN_ONE_PREFIX = 512;

/** Which prefix of the handle (hex) to ask for, so that at least 512 live reports are expected to share it; `all` for fewer. */
export function replyPrefix(handle: string, live: number): string {
  let digits = 0;
  while (IN_ONE_PREFIX * 16 ** (digits + 1) <= live) digits += 1;
  return digits === 0 ? "all" : handle.slice(0, digits);
}

/** The records of a round under a prefix, by handle (hex), without it. Refuses `size` (cut, or too few to hide among) and `handle-mismatch` (out of place). */
export function records(round: Uint8Array, prefix: string, live: number): ReadonlyMap<string, Uint8Array> {
  const count = round.length / RECORD;
  if (!Number.isInteger(count) || count < Math.min(FEWEST, live)) throw new Refusal("size");
  const found = new Map<string, Uint8Array>();
  let before = "";
  for (let at = 0; at < round.length; at += RECORD) {
    const handle = hex(round.subarray(at, at + HANDLE));
    if (handle <= before || (prefix !== "all" && !handle.startsWith(prefix))) throw new Refusal("handle-mismatch");
    found.set(handle, round.subarray(at + HANDLE, at + RECORD));
    before = handle;
  }
  return found;
}

/** The words inside an opened record. Refuses `padding` and `payload`. */
function words(plain: Uint8Array): string {
  const size = ((plain[0] ?? 0) << 8) | (plain[1] ?? 0);
  if (size > MOST_TEXT || plain.subarray(2 + size).some((byte) => byte !== 0)) throw new Refusal("padding");
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(plain.subarray(2, 2 + size));
  } catch {
    throw new Refusal("payload");
  }
}

/** The reply to the report with this handle (hex), null while there is none. Refuses what `records` and `words` refuse. */
export function openReply(round: Uint8Array, prefix: string, live: number, call: string, handle: string, key: Bytes): string | null {
  const record = records(round, prefix, live).get(handle);
  if (record === undefined) return null;
  const about = utf8(`saksei/v1 reply\n${call}\n${handle}\n`);
  let plain: Uint8Array;
  try {
    plain = chacha20poly1305(key, record.subarray(0, NONCE), about).decrypt(record.subarray(NONCE));
  } catch {
    return null; // random bytes stand where there is no reply, and only the holder of the receipt can tell
  }
  return words(plain);
}
