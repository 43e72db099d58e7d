/** Proofs of the log's tree: RFC 6962, verified as RFC 9162 says (format.md F7.2). Sizes are integers up to 2^53 - 1. */
import { sha256 } from "@noble/hashes/sha2.js";
import { concat, same } from "../bytes.js";
import { Refusal } from "../errors.js";
import { root } from "../log.js";

const HASH_SIZE = 32;
const half = (position: number): number => Math.floor(position / 2);
const isOdd = (position: number): boolean => position % 2 === 1;
const isSize = (size: number): boolean => Number.isSafeInteger(size) && size >= 0;

function node(left: Uint8Array, right: Uint8Array): Uint8Array {
  return sha256(concat(Uint8Array.of(1), left, right));
}

/** The greatest power of two below `size`, where a tree of so many leaves parts. */
function split(size: number): number {
  let part = 1;
  while (2 * part < size) part *= 2;
  return part;
}

/** PATH of RFC 6962, 2.1.1, for a leaf that is there. */
export function inclusionProof(leaves: readonly Uint8Array[], index: number): readonly Uint8Array[] {
  if (leaves.length <= 1) return [];
  const part = split(leaves.length);
  return index < part
    ? [...inclusionProof(leaves.slice(0, part), index), root(leaves.slice(part))]
    : [...inclusionProof(leaves.slice(part), index - part), root(leaves.slice(0, part))];
}

/** PROOF of RFC 6962, 2.1.2, for an earlier size of this tree; empty for 0 and for all leaves. */
export function consistencyProof(leaves: readonly Uint8Array[], old: number): readonly Uint8Array[] {
  return old === 0 ? [] : subproof(leaves, old, true);
}

function subproof(leaves: readonly Uint8Array[], old: number, known: boolean): readonly Uint8Array[] {
  if (old === leaves.length) return known ? [] : [root(leaves)];
  const part = split(leaves.length);
  return old <= part
    ? [...subproof(leaves.slice(0, part), old, known), root(leaves.slice(part))]
    : [...subproof(leaves.slice(part), old - part, false), root(leaves.slice(0, part))];
}

/** A walk from a leaf, or from the last node of an older tree, up to the root of a tree of `size` leaves. */
class Ascent {
  private last: number;

  constructor(
    private position: number,
    size: number,
  ) {
    this.last = size - 1;
  }

  /** On which side the next node of the proof stands. Refuses a node above the root. */
  step(): "left" | "right" {
    if (this.last === 0) throw new Refusal("log-inconsistent");
    const left = isOdd(this.position) || this.position === this.last;
    if (left) while (!isOdd(this.position) && this.position !== 0) this.up();
    this.up();
    return left ? "left" : "right";
  }

  up(): void {
    this.position = half(this.position);
    this.last = half(this.last);
  }

  get onTheRight(): boolean {
    return isOdd(this.position);
  }

  get done(): boolean {
    return this.last === 0;
  }
}

/** Refuses (`log-inconsistent`) unless the leaf hash stands at `index` in the tree of `size` leaves with this root. */
export function verifyInclusion(leaf: Uint8Array, index: number, size: number, proof: readonly Uint8Array[], expected: Uint8Array): void {
  if (!isSize(index) || !isSize(size) || index >= size || proof.some(({ length }) => length !== HASH_SIZE)) throw new Refusal("log-inconsistent");
  const ascent = new Ascent(index, size);
  let result = leaf;
  for (const step of proof) result = ascent.step() === "left" ? node(step, result) : node(result, step);
  if (!ascent.done || !same(result, expected)) throw new Refusal("log-inconsistent");
}

/** A tree at one size. */
export interface Tree {
  readonly size: number;
  readonly root: Uint8Array;
}

/** Refuses (`log-inconsistent`) unless the old tree is a prefix of the new one. From size 0 everything follows, with an empty proof. */
export function verifyConsistency(old: Tree, now: Tree, proof: readonly Uint8Array[]): void {
  const wellFormed = isSize(old.size) && isSize(now.size) && old.size <= now.size && proof.every(({ length }) => length === HASH_SIZE);
  if (!wellFormed) throw new Refusal("log-inconsistent");
  if (old.size === 0 || old.size === now.size) {
    if (proof.length > 0 || !same(old.root, old.size === 0 ? root([]) : now.root)) throw new Refusal("log-inconsistent");
    return;
  }
  // A perfect old tree is its own first node, and the proof leaves it out.
  const [first, ...steps] = split(old.size) * 2 === old.size || old.size === 1 ? [old.root, ...proof] : proof;
  if (first === undefined) throw new Refusal("log-inconsistent");
  const ascent = new Ascent(old.size - 1, now.size);
  while (ascent.onTheRight) ascent.up();
  let [before, after] = [first, first];
  for (const step of steps) {
    if (ascent.step() === "left") [before, after] = [node(step, before), node(step, after)];
    else after = node(after, step);
  }
  if (!ascent.done || !same(before, old.root) || !same(after, now.root)) throw new Refusal("log-inconsistent");
}
