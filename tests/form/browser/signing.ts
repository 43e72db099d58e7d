/** What only a server and the reviewers do: sign with the log key (format.md F7.8, F7.9) and with the signing key (F1.10). */
import { ed25519 } from "@noble/curves/ed25519.js";
import { blake2b } from "@noble/hashes/blake2.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { type Bytes, base64, concat, fromBase64, hex, utf8 } from "../../../form/browser/bytes.js";
import { Refusal } from "../../../form/browser/errors.js";

const ED25519 = Uint8Array.of(1);

/** The private half of a log key, and its public line. */
export interface Signer {
  readonly name: string;
  readonly keyId: Bytes;
  readonly seed: Bytes;
  readonly vkey: string;
}

/** Reads `PRIVATE+KEY+name+id+key`. Refuses `key-params` and `key-mismatch`. */
export function parseSigner(line: string): Signer {
  const [, name = "", id = "", encoded = ""] = /^PRIVATE\+KEY\+([^\s+]+)\+([0-9a-f]{8})\+(.+)$/.exec(line) ?? [];
  const key = fromBase64(encoded);
  if (key?.length !== 33 || key[0] !== ED25519[0]) throw new Refusal("key-params");
  const seed = key.slice(1);
  const typed = concat(ED25519, ed25519.getPublicKey(seed));
  const keyId = new Uint8Array(sha256(concat(utf8(`${name}\n`), typed)).slice(0, 4));
  if (hex(keyId) !== id) throw new Refusal("key-mismatch");
  return { name, keyId, seed, vkey: `${name}+${id}+${base64(typed)}` };
}

/** The note of a text, with one signature. */
export function signNote({ name, keyId, seed }: Signer, text: Uint8Array): Bytes {
  return concat(text, utf8(`\n\u2014 ${name} ${base64(concat(keyId, ed25519.sign(text, seed)))}\n`));
}

/** The signature file of a message. */
export function signFile(number: Uint8Array, seed: Uint8Array, message: Uint8Array, comment: string): Bytes {
  const signature = ed25519.sign(blake2b(message), seed);
  const both = ed25519.sign(concat(signature, utf8(comment)), seed);
  const packed = base64(concat(utf8("ED"), number, signature));
  return utf8(`untrusted comment: saksei/v1\n${packed}\ntrusted comment: ${comment}\n${base64(both)}\n`);
}
