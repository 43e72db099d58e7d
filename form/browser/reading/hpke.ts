/** HPKE of a stanza, base mode: MLKEM768-X25519, HKDF-SHA256, ChaCha20-Poly1305 (RFC 9180; format.md F3.4). */
import { chacha20poly1305 } from "@noble/ciphers/chacha.js";
import { expand, extract } from "@noble/hashes/hkdf.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { MLKEM768X25519 } from "@noble/post-quantum/hybrid.js";
import { type Bytes, concat, utf8 } from "../bytes.js";
import { Refusal } from "../errors.js";

const SUITE = concat(utf8("HPKE"), Uint8Array.of(0x64, 0x7a, 0, 1, 0, 3));
const INFO = utf8("age-encryption.org/mlkem768x25519");
const NOTHING = new Uint8Array();

function labeledExtract(salt: Uint8Array, label: string, secret: Uint8Array): Uint8Array {
  return extract(sha256, concat(utf8("HPKE-v1"), SUITE, utf8(label), secret), salt);
}

function labeledExpand(key: Uint8Array, label: string, context: Uint8Array, size: number): Uint8Array {
  return expand(sha256, key, concat(Uint8Array.of(size >> 8, size & 255), utf8("HPKE-v1"), SUITE, utf8(label), context), size);
}

/** The file key that a stanza wraps for the key of this seed, or null. Refuses (`header`) an X25519 share of low order. */
export function openStanza(enc: Uint8Array, wrapped: Uint8Array, seed: Uint8Array): Bytes | null {
  const shared = decapsulated(enc, seed);
  const context = concat(
    Uint8Array.of(0),
    labeledExtract(NOTHING, "psk_id_hash", NOTHING),
    labeledExtract(NOTHING, "info_hash", INFO),
  );
  const secret = labeledExtract(shared, "secret", NOTHING);
  const cipher = chacha20poly1305(labeledExpand(secret, "key", context, 32), labeledExpand(secret, "base_nonce", context, 12));
  try {
    return new Uint8Array(cipher.decrypt(wrapped));
  } catch {
    return null;
  }
}

function decapsulated(enc: Uint8Array, seed: Uint8Array): Uint8Array {
  try {
    return MLKEM768X25519.decapsulate(enc, seed);
  } catch {
    throw new Refusal("header"); // enc has its length, and ML-KEM never fails: what is left is a shared secret of zeros
  }
}
