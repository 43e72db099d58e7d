/**
 * Photographs without what is hidden in them, by segments (JPEG) and chunks (PNG): no pixel is decoded, so none can change.
 *
 * What stays is what a reader needs to draw the same picture, written anew where it could say more than that: tables, coded pixels, size,
 * palette, transparency, animation, the way up (as the one field of an EXIF of its own) and the colour space (colours.ts). Everything else
 * goes: EXIF with place, time and device, XMP, IPTC, comments, text, times, thumbnails (which may show what was cut away), pictures and
 * films appended behind the end. What cannot be taken out: faces, and the way a camera compresses.
 */
import { type Bytes, concat, utf8 } from "./bytes.js";
import { plainProfile } from "./colours.js";

const JFIF = "JFIF\u0000";
const EXIF = "Exif\u0000\u0000";
const ICC = "ICC_PROFILE\u0000";
const ADOBE = "Adobe";
const PNG = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);
const KEPT_CHUNKS = new Set(["IHDR", "PLTE", "IDAT", "IEND", "tRNS", "gAMA", "sRGB", "cICP", "sBIT", "bKGD", "acTL", "fcTL", "fdAT"]);
const MOST_PROFILE = 4 << 20;

/** A file that only looks like a picture. */
class Unreadable extends Error {}

function begins(bytes: Uint8Array, text: string): boolean {
  return bytes.length >= text.length && [...text].every((letter, at) => bytes[at] === letter.charCodeAt(0));
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Which way up an EXIF block says the picture is: 2 to 8, or 1 where it says nothing else. */
export function orientation(tiff: Uint8Array): number {
  if (tiff.length < 8) return 1;
  const view = viewOf(tiff);
  const little = view.getUint16(0) === 0x4949;
  const directory = view.getUint32(4, little);
  if (directory + 2 > tiff.length) return 1;
  const count = view.getUint16(directory, little);
  for (let at = directory + 2; at < directory + 2 + 12 * count && at + 12 <= tiff.length; at += 12) {
    if (view.getUint16(at, little) !== 0x0112) continue;
    const way = view.getUint16(at + 8, little);
    return way >= 1 && way <= 8 ? way : 1;
  }
  return 1;
}

/** An EXIF block that says which way up and nothing else. */
function upright(way: number): Bytes {
  return concat(utf8("MM\u0000*"), Uint8Array.of(0, 0, 0, 8, 0, 1, 0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, way, 0, 0, 0, 0, 0, 0));
}

function segment(marker: number, ...parts: readonly Uint8Array[]): Bytes {
  const content = concat(...parts);
  return concat(Uint8Array.of(0xff, marker, (content.length + 2) >> 8, (content.length + 2) & 0xff), content);
}

/** What a JPEG's own segments said, as far as drawing it needs. */
interface Said {
  jfif: Uint8Array | null;
  way: number;
  profile: Uint8Array[];
  adobe: number | null;
}

function hear(said: Said, marker: number, content: Uint8Array): void {
  if (marker === 0xe0 && begins(content, JFIF)) said.jfif = content;
  else if (marker === 0xe1 && begins(content, EXIF)) said.way = orientation(content.subarray(EXIF.length));
  else if (marker === 0xe2 && begins(content, ICC)) said.profile[content[ICC.length] ?? 0] = content.subarray(ICC.length + 2);
  else if (marker === 0xee && begins(content, ADOBE)) said.adobe = content[11] ?? 0;
}

/** JFIF without a thumbnail; the shape of a pixel only where it is no square. */
function plainJfif(content: Uint8Array): Bytes {
  const square = content[8] === content[10] && content[9] === content[11];
  const shape = square ? Uint8Array.of(0, 0, 1, 0, 1) : content.subarray(7, 12);
  return segment(0xe0, utf8(JFIF), Uint8Array.of(1, 1), shape, Uint8Array.of(0, 0));
}

function jpegHead({ jfif, way, profile, adobe }: Said): readonly Bytes[] {
  const head: Bytes[] = [Uint8Array.of(0xff, 0xd8)];
  if (jfif !== null) head.push(plainJfif(jfif));
  if (way > 1) head.push(segment(0xe1, utf8(EXIF), upright(way)));
  const plain = plainProfile(concat(...profile.filter((piece) => piece !== undefined)));
  if (plain !== null) head.push(segment(0xe2, utf8(ICC), Uint8Array.of(1, 1), plain));
  if (adobe !== null) head.push(segment(0xee, utf8(ADOBE), Uint8Array.of(0, 100, 0, 0, 0, 0, adobe)));
  return head;
}

/** Where the coded pixels that begin at `at` end: before the next marker that is neither stuffing nor a restart. */
function endOfScan(bytes: Uint8Array, at: number): number {
  for (let end = bytes.indexOf(0xff, at); end >= 0; end = bytes.indexOf(0xff, end + 1)) {
    const next = bytes[end + 1] ?? 0;
    if (next !== 0 && next !== 0xff && !(next >= 0xd0 && next <= 0xd7)) return end;
  }
  throw new Unreadable();
}

function isDrawn(marker: number): boolean {
  return (marker >= 0xc0 && marker <= 0xcf && marker !== 0xc8) || (marker >= 0xda && marker <= 0xdf);
}

function cleanJpeg(bytes: Bytes): Bytes {
  const said: Said = { jfif: null, way: 1, profile: [], adobe: null };
  const body: Uint8Array[] = [];
  for (let at = 2; ; ) {
    if (bytes[at] !== 0xff) throw new Unreadable();
    while (bytes[at + 1] === 0xff) at += 1;
    const marker = bytes[at + 1] ?? 0;
    if (marker === 0xd9) break;
    const size = ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0);
    const end = at + 2 + size;
    if (size < 2 || end > bytes.length) throw new Unreadable();
    const known = isDrawn(marker) || marker === 0xdb;
    if (!known && !(marker >= 0xe0 && marker <= 0xef) && marker !== 0xfe) throw new Unreadable();
    const rest = marker === 0xda ? endOfScan(bytes, end) : end;
    if (known) body.push(bytes.subarray(at, rest));
    else hear(said, marker, bytes.subarray(at + 4, end));
    at = rest;
  }
  if (body.length === 0) throw new Unreadable();
  return concat(...jpegHead(said), ...body, Uint8Array.of(0xff, 0xd9));
}

function crc32(bytes: Uint8Array): number {
  let crc = -1;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit += 1) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc;
}

function chunk(name: string, content: Uint8Array): Bytes {
  const named = concat(utf8(name), content);
  const made = concat(new Uint8Array(4), named, new Uint8Array(4));
  viewOf(made).setUint32(0, content.length);
  viewOf(made).setInt32(made.length - 4, crc32(named));
  return made;
}

/** zlib without compressing. */
function stored(content: Bytes): Bytes {
  let [low, high] = [1, 0];
  for (const byte of content) {
    low = (low + byte) % 65521;
    high = (high + low) % 65521;
  }
  const [size, rest] = [content.length & 0xff, content.length >> 8];
  const block = Uint8Array.of(0x78, 0x01, 1, size, rest, ~size & 0xff, ~rest & 0xff);
  return concat(block, content, Uint8Array.of(high >> 8, high & 0xff, low >> 8, low & 0xff));
}

/** What zlib packed, up to a size no profile has; nothing where it cannot be unpacked here: then the picture has no profile. */
async function unpacked(packed: Bytes): Promise<Uint8Array> {
  try {
    const reader = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate")).getReader();
    const pieces: Uint8Array[] = [];
    let size = 0;
    for (let read = await reader.read(); !read.done && size < MOST_PROFILE; read = await reader.read()) {
      pieces.push(read.value);
      size += read.value.length;
    }
    return concat(...pieces);
  } catch {
    return new Uint8Array();
  }
}

async function profileChunk(content: Bytes): Promise<Bytes | null> {
  const name = content.indexOf(0);
  const plain = plainProfile(await unpacked(content.slice(name + 2)));
  return plain === null ? null : chunk("iCCP", concat(utf8("p\u0000\u0000"), stored(plain)));
}

/** The chunk that goes on instead of this one, if any. */
async function plainChunk(name: string, whole: Bytes): Promise<Uint8Array | null> {
  const content = whole.slice(8, -4);
  if (KEPT_CHUNKS.has(name)) return whole;
  if (name === "iCCP") return profileChunk(content);
  if (name !== "eXIf") return null;
  const way = orientation(content);
  return way > 1 ? chunk("eXIf", upright(way)) : null;
}

async function cleanPng(bytes: Bytes): Promise<Bytes> {
  const kept: Uint8Array[] = [PNG];
  const view = viewOf(bytes);
  for (let at = PNG.length; ; ) {
    if (at + 12 > bytes.length) throw new Unreadable();
    const end = at + 12 + view.getUint32(at);
    if (end > bytes.length) throw new Unreadable();
    const name = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    const plain = await plainChunk(name, bytes.subarray(at, end));
    if (plain !== null) kept.push(plain);
    if (name === "IEND") return concat(...kept);
    at = end;
  }
}

/** The picture without what is hidden in it, and its type; null for any other file, and for one that is broken. */
export async function cleanPicture(bytes: Bytes): Promise<{ readonly bytes: Bytes; readonly type: string } | null> {
  try {
    if (bytes[0] === 0xff && bytes[1] === 0xd8) return { bytes: cleanJpeg(bytes), type: "image/jpeg" };
    if (PNG.every((byte, at) => bytes[at] === byte)) return { bytes: await cleanPng(bytes), type: "image/png" };
    return null;
  } catch (error) {
    if (error instanceof Unreadable || error instanceof RangeError) return null;
    throw error;
  }
}
