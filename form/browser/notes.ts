/** Signed notes of the call's log key: promises and checkpoints (format.md section 7, C2SP signed-note). */
import { ed25519 } from "@noble/curves/ed25519.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { type Bytes, base64, concat, fromBase64, hex, same, utf8 } from "./bytes.js";
import { Refusal } from "./errors.js";

const ED25519 = 0x01;

/** The half of the log key that everybody has. */
interface Verifier {
  readonly name: string;
  readonly keyId: Bytes;
  readonly key: Bytes;
}

/** Reads `name+hash+key`. Refuses (`signature`) a key whose hash is not its own, or that is not Ed25519. */
function parseVerifier(vkey: string): Verifier {
  const [, name = "", id = "", encoded = ""] = /^([^\s+]+)\+([0-9a-f]{8})\+(.+)$/.exec(vkey) ?? [];
  const key = fromBase64(encoded);
  if (key === null || key.length !== 33 || key[0] !== ED25519) throw new Refusal("signature");
  const keyId = new Uint8Array(sha256(concat(utf8(`${name}\n`), key)).slice(0, 4));
  if (hex(keyId) !== id) throw new Refusal("signature");
  return { name, keyId, key: key.slice(1) };
}

/** The text of `note` when the key signed it. Refuses (`signature`) everything else. */
export function openNote(note: string, vkey: string): string {
  const verifier = parseVerifier(vkey);
  const split = note.lastIndexOf("\n\n");
  if (split < 0 || !note.endsWith("\n")) throw new Refusal("signature");
  const text = note.slice(0, split + 1);
  for (const line of note.slice(split + 2, -1).split("\n")) {
    const [, name = "", encoded = ""] = /^\u2014 ([^\s+]+) (\S+)$/.exec(line) ?? [];
    if (name === "") throw new Refusal("signature");
    const signed = fromBase64(encoded);
    if (name !== verifier.name || signed === null || !same(signed.slice(0, 4), verifier.keyId)) continue;
    if (signed.length === 68 && verifies(signed.slice(4), utf8(text), verifier.key)) return text;
    throw new Refusal("signature");
  }
  throw new Refusal("signature");
}

function verifies(signature: Bytes, message: Bytes, key: Bytes): boolean {
  try {
    // Strict RFC 8032: what this accepts, every other verifier of a kept promise accepts too.
    return ed25519.verify(signature, message, key, { zip215: false });
  } catch {
    return false;
  }
}

/** A newest tree as its log signed it. */
export interface Checkpoint {
  readonly size: number;
  readonly root: Bytes;
}

/** Reads a checkpoint of `origin`. Refuses `signature`, or `log-call` for another log. */
export function openCheckpoint(note: string, vkey: string, origin: string): Checkpoint {
  const [name, size = "", encoded = "", ...rest] = openNote(note, vkey).split("\n");
  const root = fromBase64(encoded);
  if (name !== origin) throw new Refusal("log-call");
  if (!/^(0|[1-9][0-9]{0,14})$/.test(size) || root?.length !== 32 || rest.length !== 1) throw new Refusal("signature");
  return { size: Number(size), root };
}

/** When a promise is kept, as unix seconds. Refuses `signature`, or `promise-broken` when it is for another leaf or log. */
export function openPromise(note: string, vkey: string, origin: string, leaf: Uint8Array): number {
  const [name, encoded, publishBy = "", ...rest] = openNote(note, vkey).split("\n");
  if (name !== `${origin}/promise` || encoded !== base64(leaf)) throw new Refusal("promise-broken");
  if (!/^[1-9][0-9]{0,14}$/.test(publishBy) || rest.length !== 1) throw new Refusal("signature");
  return Number(publishBy);
}
