import { type Bytes, utf8 } from "./bytes.js";
import { Refusal } from "./errors.js";

/** What our JSON may hold: no floats, no null. */
export type Json = string | number | boolean | readonly Json[] | { readonly [key: string]: Json };

const LONE_SURROGATE = /[\ud800-\udfff]/u; // with the u flag, a whole pair is one character and does not match

/** Whether a reader can take `text`: no U+0000, no half of a surrogate pair (format.md section 2). */
export function isWritable(text: string): boolean {
  return !text.includes("\u0000") && !LONE_SURROGATE.test(text);
}

function written(value: Json): string {
  if (typeof value === "string") {
    if (!isWritable(value)) throw new Refusal("report");
    return JSON.stringify(value);
  }
  if (typeof value === "number") {
    if (!Number.isSafeInteger(value)) throw new Refusal("report");
    return String(value === 0 ? 0 : value);
  }
  if (typeof value === "boolean") return value ? "true" : "false";
  if (Array.isArray(value)) return `[${(value as readonly Json[]).map(written).join(",")}]`;
  const entries = Object.entries(value as { readonly [key: string]: Json });
  // RFC 8785 sorts by UTF-16 code units, which is what `<` on strings compares.
  entries.sort(([left], [right]) => (left < right ? -1 : left > right ? 1 : 0));
  return `{${entries.map(([key, inner]) => `${written(key)}:${written(inner)}`).join(",")}}`;
}

/** RFC 8785 bytes of `value`. Refuses (`report`) what format.md section 2 forbids. */
export function canonical(value: Json): Bytes {
  return utf8(written(value));
}
