/** Work that a server under load asks for before it takes a report (format.md section 5). */
import { sha256 } from "@noble/hashes/sha2.js";
import { hex, utf8 } from "./bytes.js";
import { Refusal } from "./errors.js";

/** More than a phone does in an hour: whoever asks for it does not want an answer. */
const MOST_BITS = 28;
const REPORTED = 1 << 13;

function zeroBits(digest: Uint8Array): number {
  let bits = 0;
  for (const byte of digest) {
    if (byte !== 0) return bits + Math.clz32(byte) - 24;
    bits += 8;
  }
  return bits;
}

/**
 * The value of the header `Saksei-Work` for this handle (hex). Tells how likely it is that an answer was found by now.
 *
 * Refuses (`busy`) to work on what would take too long.
 */
export function solved(call: string, batch: number, handle: string, bits: number, progress: (part: number) => void = () => undefined): string {
  if (!Number.isSafeInteger(batch) || !Number.isInteger(bits) || bits < 0 || bits > MOST_BITS) throw new Refusal("busy");
  const begun = sha256.create().update(utf8(`saksei/v1 work\n${call}\n${batch}\n${handle}\n`));
  const nonce = new Uint8Array(8);
  const view = new DataView(nonce.buffer);
  for (let tried = 0; ; tried += 1) {
    view.setUint32(4, tried);
    const written = hex(nonce);
    if (zeroBits(begun.clone().update(utf8(written)).digest()) >= bits) return `${batch} ${handle} ${written}`;
    if (tried % REPORTED === 0) progress(1 - Math.exp(-tried / 2 ** bits));
  }
}
