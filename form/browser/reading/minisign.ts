/** Signatures of the call's signing key: minisign's prehashed kind under our first line (format.md F1.10). */
import { blake2b } from "@noble/hashes/blake2.js";
import { type Bytes, concat, fromBase64, same, utf8 } from "../bytes.js";
import { verifies } from "../ed25519.js";
import { Refusal } from "../errors.js";
import { fromUtf8 } from "./text.js";

export const UNTRUSTED_COMMENT = "untrusted comment: saksei/v1";
export const TRUSTED = "trusted comment: ";
const NOT_IN_COMMENT = /[\u0000-\u0008\u000a-\u001f\u007f]/;
const KEY_SIZE = 42;
const SIGNATURE_SIZE = 74;

/** The public half of a signing key; the number is only its name. */
export interface SigningKey {
  readonly number: Bytes;
  readonly key: Bytes;
}

/** Reads the line that call.json gives. Refuses `key-params`. */
export function parseSigningKey(line: string): SigningKey {
  const packed = fromBase64(line);
  if (packed?.length !== KEY_SIZE || !same(packed.slice(0, 2), utf8("Ed"))) throw new Refusal("key-params");
  return { number: packed.slice(2, 10), key: packed.slice(10) };
}

/** The trusted comment of a signature file over `message`. Refuses `key-params` for the key, `signature` for everything else. */
export function verifySignature(message: Uint8Array, file: Uint8Array, signingKey: string): string {
  const { number, key } = parseSigningKey(signingKey);
  const [first, packed = "", third = "", second = "", ...rest] = (fromUtf8(file) ?? "").split("\n");
  if (first !== UNTRUSTED_COMMENT || !third.startsWith(TRUSTED) || rest.length !== 1 || rest[0] !== "") throw new Refusal("signature");
  const [signed, over, comment] = [fromBase64(packed), fromBase64(second), third.slice(TRUSTED.length)];
  if (signed?.length !== SIGNATURE_SIZE || over?.length !== 64 || NOT_IN_COMMENT.test(comment)) throw new Refusal("signature");
  if (!same(signed.slice(0, 10), concat(utf8("ED"), number))) throw new Refusal("signature");
  const signature = signed.slice(10);
  const whole = verifies(signature, blake2b(message), key) && verifies(over, concat(signature, utf8(comment)), key);
  if (!whole) throw new Refusal("signature");
  return comment;
}
