/** Ed25519 by the one equation that Python's library also computes. */
import { ed25519 } from "@noble/curves/ed25519.js";
import { bytesToNumberLE } from "@noble/curves/utils.js";
import { sha512 } from "@noble/hashes/sha2.js";
import { concat, same } from "./bytes.js";

const { Point } = ed25519;
const HALF = 32;

/**
 * Whether `signature` (64 bytes) is by `key` (32) over `message`: S·B - k·A, written out, is the signature's first half.
 *
 * The library's own `verify` multiplies both sides by 8 first. It so accepts some signatures that others refuse (tests/vectors:
 * moved by the point of order two), and a kept promise must be worth the same to everybody.
 */
export function verifies(signature: Uint8Array, message: Uint8Array, key: Uint8Array): boolean {
  if (signature.length !== 2 * HALF) return false;
  const half = signature.subarray(0, HALF);
  const k = Point.Fn.create(bytesToNumberLE(sha512(concat(half, key, message))));
  try {
    const scaled = Point.BASE.multiplyUnsafe(bytesToNumberLE(signature.subarray(HALF))); // throws unless 0 <= S < the group's order
    return same(scaled.subtract(Point.fromBytes(key).multiplyUnsafe(k)).toBytes(), half);
  } catch {
    return false;
  }
}
