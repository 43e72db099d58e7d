/** The container: a ustar file whose every byte follows from its content (format.md section 2). */
import { type Bytes, utf8 } from "./bytes.js";
import { Refusal } from "./errors.js";

const BLOCK = 512;
const END = 2 * BLOCK;
const LEAST_K = 16;
const MOST_FILES = 99;
export const MOST_REPORT = 1 << 20;

function rounded(size: number): number {
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

/** The one header that a member of this name and size has. */
function header(name: string, size: number): Bytes {
  const block = new Uint8Array(BLOCK);
  const put = (at: number, text: string): void => block.set(utf8(text), at);
  put(0, name);
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
  const put = (name: string, member: Uint8Array): void => {
    container.set(header(name, member.length), at);
    container.set(member, at + BLOCK);
    at += BLOCK + rounded(member.length);
  };
  put("report.json", report);
  files.forEach((file, index) => put(`files/${String(index + 1).padStart(3, "0")}`, file));
  return container;
}
