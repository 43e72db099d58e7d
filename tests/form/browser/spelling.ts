/** Reads the byte strings of tests/vectors (its README says how they are spelled). */
import { type Bytes, concat, fromBase64, utf8 } from "../../../form/browser/bytes.js";
import { fromHex } from "../../../form/browser/reading/text.js";

/** What a vector holds: values of JSON, and byte strings. */
export type Value = null | boolean | number | string | Bytes | readonly Value[] | { readonly [key: string]: Value };
export type Bases = ReadonlyMap<string, Bytes>;
type Spelled = any;

/** `spelled` with every byte string in it as bytes. */
export function read(spelled: Spelled, bases: Bases): Value {
  if (Array.isArray(spelled)) return spelled.map((each) => read(each, bases));
  if (typeof spelled !== "object" || spelled === null) return spelled;
  const members = Object.entries(spelled);
  if (members.some(([key]) => key.startsWith("$"))) return bytes(spelled, bases);
  return Object.fromEntries(members.map(([key, value]) => [key, read(value, bases)]));
}

/** The bases of a file, each of which may be built from those before it. */
export function readBases(spelled: Readonly<Record<string, Spelled>>): Bases {
  const bases = new Map<string, Bytes>();
  for (const [name, base] of Object.entries(spelled)) bases.set(name, bytes(base, bases));
  return bases;
}

const SIMPLE: Readonly<Record<string, (content: string) => Bytes | null>> = { $text: utf8, $hex: fromHex, $base64: fromBase64Long };

function bytes(spelled: Spelled, bases: Bases): Bytes {
  const [kind = "", other = "", ...more] = Object.keys(spelled);
  const content = spelled[kind];
  if (kind === "$base" && more.length === 0) return ofBase(bases.get(content), other, spelled[other], bases);
  if (other !== "") throw new Error("no spelling of a byte string");
  if (kind === "$parts") return concat(...content.map((part: Spelled) => (typeof part === "number" ? new Uint8Array(part) : bytes(part, bases))));
  if (kind === "$repeat") return repeated(bytes(content[0], bases), content[1]);
  const simple = SIMPLE[kind]?.(content) ?? null;
  if (simple === null) throw new Error("no spelling of a byte string");
  return simple;
}

function repeated(content: Bytes, times: number): Bytes {
  const whole = new Uint8Array(content.length * times);
  for (let time = 0; time < times; time += 1) whole.set(content, time * content.length);
  return whole;
}

function ofBase(base: Bytes | undefined, how: string, spelled: Spelled, bases: Bases): Bytes {
  if (base === undefined) throw new Error("no such base");
  if (how === "$slice") return base.slice(spelled[0], spelled[1]);
  if (how !== "$edits") throw new Error("no spelling of a byte string");
  const pieces: Uint8Array[] = [];
  let done = 0;
  for (const [at, drop, content] of spelled) {
    if (at < done) throw new Error("edits ascend and do not overlap");
    pieces.push(base.subarray(done, at), bytes(content, bases));
    done = at + drop;
  }
  return concat(...pieces, base.subarray(done));
}

/** As `fromBase64`, in pieces: some vectors are long. */
function fromBase64Long(text: string): Bytes | null {
  const pieces = text.match(/.{1,4096}/g) ?? [];
  const read = pieces.map(fromBase64);
  return read.includes(null) ? null : concat(...(read as Bytes[]));
}
