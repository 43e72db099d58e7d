/** A call's key as age writes it: the public half `age1pq1…`, the seed `AGE-SECRET-KEY-PQ-1…` (format.md F1.3 to F1.6). */
import { sha256 } from "@noble/hashes/sha2.js";
import { MLKEM768X25519 } from "@noble/post-quantum/hybrid.js";
import { bech32 } from "@scure/base";
import { type Bytes, hex } from "../bytes.js";
import { Refusal } from "../errors.js";

const PUBLIC_SIZE = 1216;
const SEED_SIZE = 32;
const COEFFICIENTS = 1152; // bytes of ML-KEM-768's 768 coefficients, 12 bits each
const MODULUS = 3329;
const LONGEST = 4096;

/** The 1216 bytes of a recipient. Refuses (`key-params`) every spelling but the one, and bytes that are no ML-KEM-768 public key. */
export function parseRecipient(text: string): Bytes {
  const key = decoded(text, "age1pq");
  if (key.length !== PUBLIC_SIZE || !isReduced(key)) throw new Refusal("key-params");
  return key;
}

/** The 32-byte seed of an identity. Refuses (`key-params`) every spelling but the one. */
export function parseIdentity(text: string): Bytes {
  if (!/^[0-9A-Z-]+$/.test(text)) throw new Refusal("key-params");
  const seed = decoded(text.toLowerCase(), "age-secret-key-pq-");
  if (seed.length !== SEED_SIZE) throw new Refusal("key-params");
  return seed;
}

/** The recipient that a seed belongs to, as text. Refuses (`key-params`) another length than 32. */
export function recipientOf(seed: Uint8Array): string {
  if (seed.length !== SEED_SIZE) throw new Refusal("key-params");
  return bech32.encode("age1pq", bech32.toWords(MLKEM768X25519.getPublicKey(seed)), false);
}

/** A seed as age reads it. */
export function identityText(seed: Uint8Array): string {
  return bech32.encode("age-secret-key-pq-", bech32.toWords(seed)).toUpperCase();
}

/** The 30 digits by which people compare public keys. */
export function fingerprint(key: Uint8Array): string {
  return (BigInt(`0x${hex(sha256(key))}`) % 10n ** 30n).toString().padStart(30, "0");
}

/** Content of lower-case Bech32 under this prefix. */
function decoded(text: string, prefix: string): Bytes {
  try {
    if (text.length > LONGEST || text !== text.toLowerCase()) throw new Refusal("key-params");
    const read = bech32.decode(text as `${string}1${string}`, false);
    const content = bech32.fromWords(read.words);
    if (read.prefix === prefix && bech32.encode(prefix, bech32.toWords(content), false) === text) return new Uint8Array(content);
  } catch {
    // Whatever the library has against it, it is no key of ours.
  }
  throw new Refusal("key-params");
}

/** Whether every coefficient is below the modulus, which FIPS 203 asks of a public key. */
function isReduced(key: Uint8Array): boolean {
  for (let at = 0; at < COEFFICIENTS; at += 3) {
    const [low = 0, middle = 0, high = 0] = key.subarray(at, at + 3);
    if ((low | ((middle & 15) << 8)) >= MODULUS || ((middle >> 4) | (high << 4)) >= MODULUS) return false;
  }
  return true;
}
