/** The container: a ustar file whose every byte follows from its content (format.md section 2). */
import { type Bytes, utf8 } from "./bytes.js";
import { Refusal } from "./errors.js";

export const BLOCK = 512;
export const END = 2 * BLOCK;
const LEAST_K = 16;
export const MOST_FILES = 99;
export const MOST_REPORT = 1 << 20;

/** `size` up to the end of its last block. */
export function rounded(size: number): number {
  return Math.ceil(size / BLOCK) * BLOCK;
}

/** Bytes that a report of `report` bytes and files of these sizes take before padding. */
export function contentSize(report: number, files: readonly number[]): number {
  return [report, ...files].reduce((size, member) => size + BLOCK + rounded(member), END);
}

/** The padded size P = 2^k, k the least in 16..maxK that fits. Refuses (`too-large`) what fits in none. */
export function paddedSize(content: number, maxK: number): number {
  for (let k = LEAST_K; k <= maxK; k += 1) {
    if (content <= 2 ** k) return 2 ** k;
  }
  throw new Refusal("too-large");
}

/** What the member at this place is called: report.json at 0, then the files. */
function memberName(place: number): string {
  return place === 0 ? "report.json" : `files/${String(place).padStart(3, "0")}`;
}

/** The one header that the member at this place has with this size. */
export function header(place: number, size: number): Bytes {
  const block = new Uint8Array(BLOCK);
  const put = (at: number, text: string): void => block.set(utf8(text), at);
  put(0, memberName(place));
  put(100, "0000600");
  put(108, "0000000");
  put(116, "0000000");
  put(124, size.toString(8).padStart(11, "0"));
  put(136, "00000000000");
  put(148, "        ");
  put(156, "0");
  put(257, "ustar\u000000");
  const checksum = block.reduce((sum, byte) => sum + byte, 0);
  put(148, `${checksum.toString(8).padStart(6, "0")}\u0000 `);
  return block;
}

/** The padded container of a report and its files, in that order. Refuses (`too-large`) more than it can hold. */
export function pack(report: Uint8Array, files: readonly Uint8Array[], maxK: number): Bytes {
  if (report.length > MOST_REPORT || files.length > MOST_FILES) throw new Refusal("too-large");
  const container = new Uint8Array(paddedSize(contentSize(report.length, files.map((file) => file.length)), maxK));
  let at = 0;
  [report, ...files].forEach((member, place) => {
    container.set(header(place, member.length), at);
    container.set(member, at + BLOCK);
    at += BLOCK + rounded(member.length);
  });
  return container;
}
