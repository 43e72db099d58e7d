/** Bytes out of text and text out of bytes, strictly. */
import type { Bytes } from "../bytes.js";

/** The text of UTF-8, every byte of it; null for what is none. */
export function fromUtf8(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return null;
  }
}

/** The bytes of lower-case hex, of which there are whole ones. */
export function fromHex(hex: string): Bytes {
  return Uint8Array.from(hex.match(/[0-9a-f]{2}/g) ?? [], (pair) => parseInt(pair, 16));
}
