import assert from "node:assert/strict";
import { test } from "node:test";
import { crc32, deflateSync, inflateSync } from "node:zlib";
import { cleanPicture, orientation } from "../../../form/browser/pictures.js";

type Bytes = Uint8Array<ArrayBuffer>;

const latin = (text: string): number[] => [...text].map((letter) => letter.charCodeAt(0));
const bytes = (...parts: readonly (readonly number[] | Uint8Array | string)[]): Bytes =>
  new Uint8Array(parts.flatMap((part) => (typeof part === "string" ? latin(part) : [...part])));
const holds = (whole: Uint8Array, text: string): boolean => Buffer.from(whole).includes(Buffer.from(text, "latin1"));

const SECRET = "SECRET";

function segment(marker: number, ...content: readonly (readonly number[] | Uint8Array | string)[]): Bytes {
  const inside = bytes(...content);
  return bytes([0xff, marker, (inside.length + 2) >> 8, (inside.length + 2) & 0xff], inside);
}

function tiff(way: number, little = true): Bytes {
  const short = (value: number): number[] => (little ? [value & 0xff, value >> 8] : [value >> 8, value & 0xff]);
  const long = (value: number): number[] => (little ? [...short(value), 0, 0] : [0, 0, ...short(value)]);
  const entry = [...short(0x0112), ...short(3), ...long(1), ...short(way), 0, 0];
  const maker = [...short(0x010f), ...short(2), ...long(6), ...long(38)];
  return bytes(little ? "II" : "MM", short(42), long(8), short(2), maker, entry, long(0), SECRET);
}

/** Colours of a profile, as fixed point numbers; a name and a serial number as some systems write them. */
function profile(...colours: readonly (readonly number[])[]): Bytes {
  const fixed = (value: number): number[] => [24, 16, 8, 0].map((shift) => (Math.round(value * 65536) >> shift) & 0xff);
  const whole = [0, 0, 0, 0, ...latin("appl"), ...Array.from({ length: 120 }, () => 7)];
  const tags = [...["rXYZ", "gXYZ", "bXYZ"].map((name, at) => [name, [...latin("XYZ "), 0, 0, 0, 0, ...(colours[at] ?? []).flatMap(fixed)]]), ["mmod", latin(SECRET)]] as [string, number[]][];
  let offset = 132 + 12 * tags.length;
  const table = tags.flatMap(([name, content]) => {
    const row = [...latin(name), 0, 0, offset >> 8, offset & 0xff, 0, 0, 0, content.length];
    offset += content.length;
    return row;
  });
  return bytes(whole, [0, 0, 0, tags.length], table, ...tags.map(([, content]) => content));
}

const P3 = profile([0.5151, 0.2412, -0.0011], [0.292, 0.6922, 0.0419], [0.1571, 0.0666, 0.7841]);
const SRGB = profile([0.4361, 0.2225, 0.0139], [0.3851, 0.7169, 0.0971], [0.1431, 0.0606, 0.7141]);
const SCREEN = profile([0.4861, 0.2425, 0.0539], [0.3551, 0.6869, 0.0471], [0.1231, 0.0706, 0.7241]);

const DRAWN = [
  segment(0xdb, [0], new Uint8Array(64).fill(1)),
  segment(0xc0, [8, 0, 8, 0, 8, 1, 1, 0x11, 0]),
  segment(0xc4, [0], new Uint8Array(17)),
  bytes(segment(0xda, [1, 1, 0, 0, 63, 0]), [1, 2, 0xff, 0, 3, 0xff, 0xd0, 4]),
];

function jpeg(...said: readonly Uint8Array[]): Bytes {
  return bytes([0xff, 0xd8], ...said, ...DRAWN, [0xff, 0xd9]);
}

const hidden = [
  segment(0xe0, "JFIF\u0000", [1, 2, 1, 0, 72, 0, 72, 1, 1], SECRET.slice(0, 3)),
  segment(0xe1, "http://ns.adobe.com/xap/1.0/\u0000", SECRET),
  segment(0xe2, "MPF\u0000", SECRET),
  segment(0xed, "Photoshop 3.0\u0000", SECRET),
  segment(0xee, "Adobe", [0, 101, 1, 2, 3, 4, 1]),
  segment(0xfe, SECRET),
];

async function cleaned(picture: Bytes): Promise<Bytes> {
  const found = await cleanPicture(picture);
  assert.ok(found !== null);
  return found.bytes;
}

test("a JPEG keeps what draws it, to the byte", async () => {
  const clean = await cleaned(bytes(jpeg(...hidden), SECRET));
  const head = bytes([0xff, 0xd8], segment(0xe0, "JFIF\u0000", [1, 1, 0, 0, 1, 0, 1, 0, 0]), segment(0xee, "Adobe", [0, 100, 0, 0, 0, 0, 1]));
  assert.deepEqual(clean, bytes(head, ...DRAWN, [0xff, 0xd9]));
  assert.equal(holds(clean, SECRET), false);
});

test("a plain JPEG stays as it is", async () => {
  assert.deepEqual(await cleaned(jpeg()), jpeg());
});

test("the way up is kept, and nothing beside it", async () => {
  for (const little of [true, false]) {
    for (const way of [1, 3, 6, 8]) {
      assert.equal(orientation(tiff(way, little)), way);
      const clean = await cleaned(jpeg(segment(0xe1, "Exif\u0000\u0000", tiff(way, little))));
      assert.equal(holds(clean, SECRET), false);
      const at = Buffer.from(clean).indexOf("Exif");
      assert.equal(at < 0 ? 1 : orientation(clean.slice(at + 6)), way);
    }
  }
  for (const broken of [bytes(), bytes("II*\u0000"), bytes("II", [42, 0, 255, 255, 0, 0]), tiff(9)]) assert.equal(orientation(broken), 1);
});

test("a known colour space is written anew, a screen's own is not kept", async () => {
  const icc = (content: Uint8Array): Uint8Array => segment(0xe2, "ICC_PROFILE\u0000", [1, 1], content);
  const wide = await cleaned(jpeg(icc(P3)));
  assert.equal(holds(wide, SECRET), false);
  assert.equal(holds(wide, "ICC_PROFILE"), true);
  for (const other of [SRGB, SCREEN, bytes("x")]) assert.deepEqual(await cleaned(jpeg(icc(other))), jpeg());
  const parts = jpeg(segment(0xe2, "ICC_PROFILE\u0000", [1, 2], P3.slice(0, 150)), segment(0xe2, "ICC_PROFILE\u0000", [2, 2], P3.slice(150)));
  assert.deepEqual(await cleaned(parts), wide);
  assert.deepEqual(await cleaned(wide), wide);
});

test("what is cut short is no picture", async () => {
  const whole = jpeg(...hidden);
  for (let end = 3; end < whole.length; end += 1) assert.equal(await cleanPicture(whole.slice(0, end)), null);
  for (const other of [bytes(), bytes("GIF89a"), bytes([0xff, 0xd8, 0xff, 0xd9]), jpeg(segment(0xf7, "x"))]) {
    assert.equal(await cleanPicture(other), null);
  }
});

function chunk(name: string, ...content: readonly (readonly number[] | Uint8Array | string)[]): Bytes {
  const inside = bytes(...content);
  const named = bytes(name, inside);
  const number = (value: number): number[] => [value >>> 24, (value >> 16) & 0xff, (value >> 8) & 0xff, value & 0xff];
  return bytes(number(inside.length), named, number(crc32(named)));
}

const SIGN = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
const HEAD = chunk("IHDR", [0, 0, 0, 1, 0, 0, 0, 1, 8, 2, 0, 0, 0]);
const PIXELS = [chunk("gAMA", [0, 0, 0xb1, 0x8f]), chunk("tRNS", [0, 1, 0, 1, 0, 1]), chunk("IDAT", deflateSync(bytes([0, 1, 2, 3])))];
const END = chunk("IEND");
const png = (...said: readonly Uint8Array[]): Bytes => bytes(SIGN, HEAD, ...said, ...PIXELS, END);

test("a PNG keeps what draws it, to the byte", async () => {
  const texts = [chunk("tEXt", "Author\u0000", SECRET), chunk("iTXt", SECRET), chunk("tIME", new Uint8Array(7)), chunk("pHYs", new Uint8Array(9)), chunk("prVt", SECRET)];
  assert.deepEqual(await cleaned(bytes(png(...texts, chunk("eXIf", tiff(1))), SECRET)), png());
});

test("a PNG keeps its way up and its colours", async () => {
  const turned = await cleaned(png(chunk("eXIf", tiff(6))));
  assert.equal(holds(turned, SECRET), false);
  assert.equal(orientation(turned.slice(Buffer.from(turned).indexOf("eXIf") + 4)), 6);
  const wide = await cleaned(png(chunk("iCCP", "Color LCD\u0000\u0000", deflateSync(P3))));
  const at = Buffer.from(wide).indexOf("iCCP");
  assert.equal(holds(wide, "Color LCD"), false);
  const size = new DataView(wide.buffer).getUint32(at - 4);
  assert.equal(new DataView(wide.buffer).getUint32(at + 4 + size), crc32(wide.slice(at, at + 4 + size)));
  const inside = inflateSync(wide.slice(at + 7, at + 4 + size));
  assert.equal(new DataView(inside.buffer, inside.byteOffset).getUint32(0), inside.length);
  for (const other of [deflateSync(SRGB), deflateSync(SCREEN), bytes("not packed")]) {
    assert.deepEqual(await cleaned(png(chunk("iCCP", "x\u0000\u0000", other))), png());
  }
});

test("a PNG that is cut short is no picture", async () => {
  const whole = png(chunk("tEXt", SECRET));
  for (let end = 8; end < whole.length; end += 1) assert.equal(await cleanPicture(whole.slice(0, end)), null);
});
