/**
 * Colour profiles of pictures, told apart and written anew.
 *
 * A profile carries names, dates and serial numbers, and the measured colours of one single screen are a fingerprint. So nothing of the
 * profile in a file goes on: one that is of a known space is replaced by a profile written here; sRGB, which every reader assumes, and
 * all others by none.
 */
import { type Bytes, concat, utf8 } from "./bytes.js";

type Triple = readonly [number, number, number];

interface Space {
  readonly name: string;
  readonly red: Triple;
  readonly green: Triple;
  readonly blue: Triple;
  readonly gamma: readonly number[];
}

const SRGB_CURVE = [2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045];

/** Red, green and blue as profiles give them (XYZ under D50). sRGB first: it needs no profile. */
const SPACES: readonly Space[] = [
  { name: "", red: [0.4361, 0.2225, 0.0139], green: [0.3851, 0.7169, 0.0971], blue: [0.1431, 0.0606, 0.7141], gamma: SRGB_CURVE },
  { name: "P3", red: [0.5151, 0.2412, -0.0011], green: [0.292, 0.6922, 0.0419], blue: [0.1571, 0.0666, 0.7841], gamma: SRGB_CURVE },
  { name: "A98", red: [0.6097, 0.3111, 0.0195], green: [0.2053, 0.6257, 0.0609], blue: [0.1492, 0.0632, 0.7446], gamma: [563 / 256] },
];
const D50: Triple = [0.9642, 1, 0.8249];
const NEAR = 0.01;
const HEADER = 128;

/** The tags of a profile with their content. Empty for what is no profile. */
function tags(profile: Uint8Array): ReadonlyMap<string, Uint8Array> {
  const found = new Map<string, Uint8Array>();
  if (profile.length < HEADER + 4) return found;
  const view = new DataView(profile.buffer, profile.byteOffset, profile.byteLength);
  const count = Math.min(view.getUint32(HEADER), 100);
  for (let at = HEADER + 4; at < HEADER + 4 + 12 * count && at + 12 <= profile.length; at += 12) {
    const name = String.fromCharCode(...profile.subarray(at, at + 4));
    const offset = view.getUint32(at + 4);
    found.set(name, profile.subarray(offset, offset + view.getUint32(at + 8)));
  }
  return found;
}

function triple(tag: Uint8Array | undefined): Triple | null {
  if (tag === undefined || tag.length < 20) return null;
  const view = new DataView(tag.buffer, tag.byteOffset, tag.byteLength);
  return [view.getInt32(8) / 65536, view.getInt32(12) / 65536, view.getInt32(16) / 65536];
}

function near(one: Triple | null, other: Triple): boolean {
  return one !== null && one.every((value, index) => Math.abs(value - (other[index] ?? 0)) < NEAR);
}

/** The known space that a profile describes. */
function spaceOf(profile: Uint8Array): Space | undefined {
  const found = tags(profile);
  const [red, green, blue] = ["rXYZ", "gXYZ", "bXYZ"].map((name) => triple(found.get(name))) as [Triple | null, Triple | null, Triple | null];
  return SPACES.find((space) => near(red, space.red) && near(green, space.green) && near(blue, space.blue));
}

function uint32(...numbers: readonly number[]): Bytes {
  const bytes = new Uint8Array(4 * numbers.length);
  const view = new DataView(bytes.buffer);
  numbers.forEach((number, index) => view.setInt32(4 * index, number));
  return bytes;
}

function fixed(...numbers: readonly number[]): Bytes {
  return uint32(...numbers.map((number) => Math.round(number * 65536)));
}

/** A text of a profile: one record, in no particular language. */
function text(said: string): Bytes {
  const letters = concat(...[...said].map((letter) => Uint8Array.of(0, letter.charCodeAt(0))));
  return concat(utf8("mluc"), uint32(0, 1, 12), utf8("enUS"), uint32(letters.length, 28), letters);
}

/** The smallest profile (ICC version 4) of a space. */
function written(space: Space): Bytes {
  const curve = concat(utf8("para"), uint32(0, space.gamma.length > 1 ? 3 << 16 : 0), fixed(...space.gamma));
  const colour = (point: Triple): Bytes => concat(utf8("XYZ "), uint32(0), fixed(...point));
  const parts: readonly (readonly [string, Bytes])[] = [
    ["desc", text(space.name)],
    ["cprt", text("CC0")],
    ["wtpt", colour(D50)],
    ["rXYZ", colour(space.red)],
    ["gXYZ", colour(space.green)],
    ["bXYZ", colour(space.blue)],
    ["rTRC", curve],
    ["gTRC", curve],
    ["bTRC", curve],
  ];
  let at = HEADER + 4 + 12 * parts.length;
  const table: Uint8Array[] = [uint32(parts.length)];
  const content: Uint8Array[] = [];
  for (const [name, bytes] of parts) {
    const padded = concat(bytes, new Uint8Array((4 - (bytes.length % 4)) % 4));
    table.push(utf8(name), uint32(at, bytes.length));
    content.push(padded);
    at += padded.length;
  }
  const header = new Uint8Array(HEADER);
  const put = (offset: number, bytes: Uint8Array): void => header.set(bytes, offset);
  put(0, uint32(at));
  put(8, uint32(0x04000000));
  put(12, utf8("mntrRGB XYZ "));
  put(36, utf8("acsp"));
  put(68, fixed(...D50));
  return concat(header, ...table, ...content);
}

/** What stands in for the profile of a picture: one written here, or null where none is needed or none can be told. */
export function plainProfile(profile: Uint8Array): Bytes | null {
  const space = spaceOf(profile);
  return space === undefined || space.name === "" ? null : written(space);
}
