/** Signatures of the call's signing key, in minisign's format with prehashed Ed25519 (format.md section 1). */
import { ed25519 } from "@noble/curves/ed25519.js";
import { blake2b } from "@noble/hashes/blake2.js";
import { type Bytes, concat, fromBase64, same, utf8 } from "./bytes.js";
import { Refusal } from "./errors.js";

const FILE = /^untrusted comment: saksei\/v1\n([^\n]*)\ntrusted comment: ([^\u0000-\u0008\u000a-\u001f\u007f]*)\n([^\n]*)\n$/;

/** The bytes of canonical base64 that are this long and begin with these letters. Refuses with `word` what is not. */
function packed(encoded: string, size: number, letters: string, word: "key-params" | "signature"): Bytes {
  const bytes = fromBase64(encoded);
  if (bytes?.length !== size || !same(bytes.slice(0, letters.length), utf8(letters))) throw new Refusal(word);
  return bytes;
}

function verifies(signature: Bytes, message: Bytes, key: Bytes): boolean {
  try {
    return ed25519.verify(signature, message, key, { zip215: false });
  } catch {
    return false;
  }
}

/** Checks that `signature` (a .minisig file) is by this key (a minisign public key) over `message`. Refuses `signature` or `key-params`. */
export function checkSignature(message: Uint8Array, signature: string, publicKey: string): void {
  const key = packed(publicKey, 42, "Ed", "key-params");
  const [, first = "", comment = "", second = ""] = FILE.exec(signature) ?? [];
  const signed = packed(first, 74, "ED", "signature");
  const both = packed(second, 64, "", "signature");
  if (!same(signed.slice(2, 10), key.slice(2, 10))) throw new Refusal("signature");
  const own = signed.slice(10);
  const whole = new Uint8Array(blake2b(message));
  if (!verifies(own, whole, key.slice(10)) || !verifies(both, concat(own, utf8(comment)), key.slice(10))) throw new Refusal("signature");
}
