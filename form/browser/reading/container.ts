/** The container read: every byte that is not content is compared with the one it must be (format.md F2.5). */
import { BLOCK, END, MOST_FILES, header, paddedSize, rounded } from "../container.js";
import { same } from "../bytes.js";
import { Refusal } from "../errors.js";

/** What a container holds; all parts are views of it. */
export interface Unpacked {
  readonly report: Uint8Array;
  readonly files: readonly Uint8Array[];
}

const SIZE = 124;
const SIZE_DIGITS = 11;

/** The content of a container. Refuses `container` for a header that is not the one of its place, `padding` for what is not zero or not least. */
export function unpack(container: Uint8Array, maxK: number): Unpacked {
  const members: Uint8Array[] = [];
  let at = 0;
  while (at + BLOCK <= container.length && !isZero(container.subarray(at, at + BLOCK))) {
    const size = sizeIn(container.subarray(at, at + BLOCK), members.length);
    const start = at + BLOCK;
    at = start + rounded(size);
    if (at > container.length) throw new Refusal("container");
    requireZero(container.subarray(start + size, at));
    members.push(container.subarray(start, start + size));
  }
  const [report, ...files] = members;
  if (report === undefined) throw new Refusal("container");
  if (leastSize(at + END, maxK) !== container.length) throw new Refusal("padding");
  requireZero(container.subarray(at));
  return { report, files };
}

/** The size in a header that is, byte for byte, the one of its place. */
function sizeIn(block: Uint8Array, place: number): number {
  const digits = String.fromCharCode(...block.subarray(SIZE, SIZE + SIZE_DIGITS));
  if (place > MOST_FILES || !/^[0-7]{11}$/.test(digits)) throw new Refusal("container");
  const size = parseInt(digits, 8);
  if (!same(block, header(place, size))) throw new Refusal("container");
  return size;
}

/** The padded size, 0 for content that this call could not have taken. */
function leastSize(content: number, maxK: number): number {
  try {
    return paddedSize(content, maxK);
  } catch {
    return 0;
  }
}

function isZero(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte === 0);
}

function requireZero(padding: Uint8Array): void {
  if (!isZero(padding)) throw new Refusal("padding");
}
