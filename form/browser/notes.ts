/** Signed notes of the call's log key: promises and checkpoints (format.md section 7, C2SP signed-note). */
import { sha256 } from "@noble/hashes/sha2.js";
import { type Bytes, concat, fromBase64, hex, same, utf8 } from "./bytes.js";
import { verifies } from "./ed25519.js";
import { isWritable } from "./canonical.js";
import { Refusal } from "./errors.js";

const ED25519 = 0x01;

const MOST_SIGNATURES = 100;
const CONTROL = /[\u0000-\u0009\u000b-\u001f]/;
const KEY_LINE = /^([^\p{White_Space}+]+)\+([0-9a-f]{8})\+([^\n]*)$/u;
const SIGNATURE_LINE = /^\u2014 ([^\p{White_Space}+]+) (\S+)$/u;

/** The half of the log key that everybody has. */
export interface Verifier {
  readonly name: string;
  readonly keyId: Bytes;
  readonly key: Bytes;
}

/** Reads `name+id+key`. Refuses `key-params` for what is no line of an Ed25519 key, `key-mismatch` for the id of another key. */
export function parseVerifier(vkey: string): Verifier {
  const [, name = "", id = "", encoded = ""] = KEY_LINE.exec(vkey) ?? [];
  const key = fromBase64(encoded);
  if (CONTROL.test(name) || !isWritable(name) || key?.length !== 33 || key[0] !== ED25519) throw new Refusal("key-params");
  const keyId = new Uint8Array(sha256(concat(utf8(`${name}\n`), key)).slice(0, 4));
  if (hex(keyId) !== id) throw new Refusal("key-mismatch");
  return { name, keyId, key: key.slice(1) };
}

/** The text of `note` when the key signed it, and signed it rightly each time. Refuses (`signature`) everything else. */
export function openNote(note: string, vkey: string): string {
  const { name, keyId, key } = parseVerifier(vkey);
  const split = note.lastIndexOf("\n\n");
  const text = note.slice(0, split + 1);
  const lines = note.slice(split + 2).split("\n");
  if (split < 0 || lines.pop() !== "" || lines.length > MOST_SIGNATURES || CONTROL.test(note)) throw new Refusal("signature");
  const own = lines.map(signatureLine).filter((signed) => signed.name === name && same(signed.signature.slice(0, 4), keyId));
  const verified = own.filter(({ signature }) => verifies(signature.slice(4), utf8(text), key));
  if (own.length === 0 || verified.length < own.length) throw new Refusal("signature");
  return text;
}

/** Whose signature a line says it is; key id and signature. */
function signatureLine(line: string): { readonly name: string; readonly signature: Bytes } {
  const [, name = "", encoded = ""] = SIGNATURE_LINE.exec(line) ?? [];
  const signature = fromBase64(encoded);
  if (signature === null || signature.length < 5) throw new Refusal("signature");
  return { name, signature };
}

/** The second and third line of a note of three, whose first line is `first`. */
function secondAndThird(note: string, vkey: string, first: string): readonly [string, string] {
  const [name, second = "", third = "", ...rest] = openNote(note, vkey).split("\n");
  if (name !== first || rest.length !== 1) throw new Refusal("signature");
  return [second, third];
}

function hash(encoded: string): Bytes {
  const bytes = fromBase64(encoded);
  if (bytes?.length !== 32) throw new Refusal("signature");
  return bytes;
}

function integer(digits: string): number {
  if (!/^(0|[1-9][0-9]{0,15})$/.test(digits) || !Number.isSafeInteger(Number(digits))) throw new Refusal("signature");
  return Number(digits);
}

/** A newest tree as its log signed it. */
export interface Checkpoint {
  readonly size: number;
  readonly root: Bytes;
}

/** Reads a checkpoint of `origin`. Refuses (`signature`) one of another log, and what is none. */
export function openCheckpoint(note: string, vkey: string, origin: string): Checkpoint {
  const [size, root] = secondAndThird(note, vkey, origin);
  return { size: integer(size), root: hash(root) };
}

/** What a log promises: the leaf, and when it will stand there, as unix seconds. */
export interface LogPromise {
  readonly leaf: Bytes;
  readonly publishBy: number;
}

/** Reads a promise of `origin`, whatever it is for. Refuses (`signature`) one of another log, and what is none. */
export function readPromise(note: string, vkey: string, origin: string): LogPromise {
  const [leaf, publishBy] = secondAndThird(note, vkey, `${origin}/promise`);
  return { leaf: hash(leaf), publishBy: integer(publishBy) };
}

/** When a promise is kept, as unix seconds. Refuses `signature` as `readPromise`, then `promise-broken` when it is for another leaf. */
export function openPromise(note: string, vkey: string, origin: string, leaf: Uint8Array): number {
  const promise = readPromise(note, vkey, origin);
  if (!same(promise.leaf, leaf)) throw new Refusal("promise-broken");
  return promise.publishBy;
}
