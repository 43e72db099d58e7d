/** Signatures of the call's signing key, in minisign's format with prehashed Ed25519 (format.md section 1). */
import { blake2b } from "@noble/hashes/blake2.js";
import { type Bytes, concat, fromBase64, same, utf8 } from "./bytes.js";
import { verifies } from "./ed25519.js";
import { Refusal } from "./errors.js";

const FILE = /^untrusted comment: saksei\/v1\n([^\n]*)\ntrusted comment: ([^\u0000-\u0008\u000a-\u001f\u007f]*)\n([^\n]*)\n$/;

/** The public half of a signing key; the number is only its name. */
export interface SigningKey {
  readonly number: Bytes;
  readonly key: Bytes;
}

/** The bytes of canonical base64 that are this long and begin with these letters. Refuses with `word` what is not. */
function packed(encoded: string, size: number, letters: string, word: "key-params" | "signature"): Bytes {
  const bytes = fromBase64(encoded);
  if (bytes?.length !== size || !same(bytes.slice(0, letters.length), utf8(letters))) throw new Refusal(word);
  return bytes;
}

/** Reads a minisign public key, the line that call.json gives. Refuses `key-params`. */
export function parseSigningKey(line: string): SigningKey {
  const key = packed(line, 42, "Ed", "key-params");
  return { number: key.slice(2, 10), key: key.slice(10) };
}

/** The trusted comment of `signature` (a .minisig file), which is by this key over `message`. Refuses `signature` or `key-params`. */
export function checkSignature(message: Uint8Array, signature: string, publicKey: string): string {
  const { number, key } = parseSigningKey(publicKey);
  const [, first = "", comment = "", second = ""] = FILE.exec(signature) ?? [];
  const signed = packed(first, 74, "ED", "signature");
  const both = packed(second, 64, "", "signature");
  const own = signed.slice(10);
  const whole = same(signed.slice(2, 10), number) && verifies(own, blake2b(message), key);
  if (!whole || !verifies(both, concat(own, utf8(comment)), key)) throw new Refusal("signature");
  return comment;
}
