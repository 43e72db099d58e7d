/** Canonical JSON read without mercy: one value has one spelling (format.md F0.3). */
import { isWritable } from "../canonical.js";
import { Refusal, type Word } from "../errors.js";
import { fromUtf8 } from "./text.js";

/** What was read. Objects are maps, so that no key of theirs means anything to the language. */
export type Parsed = null | boolean | number | string | readonly Parsed[] | JsonObject;
export type JsonObject = ReadonlyMap<string, Parsed>;

const DEEPEST = 64; // F0.3
const LITERALS = [["true", true], ["false", false], ["null", null]] as const;

/** Inside this module: the text is no JSON, or not the one spelling of its value. */
class NotCanonical extends Error {}

/** The value of canonical JSON. Refuses `json-duplicate` when an object names a key twice, otherwise `word`. */
export function parseCanonical(json: Uint8Array, word: Word = "report"): Parsed {
  const text = fromUtf8(json);
  try {
    if (text === null) throw new NotCanonical();
    const value = new Reader(text).whole();
    if (spelled(value) !== text) throw new NotCanonical();
    return value;
  } catch (error) {
    throw error instanceof NotCanonical ? new Refusal(word) : error;
  }
}

/** The spelling of a value whose keys ascend already. */
function spelled(value: Parsed): string {
  if (typeof value === "string") {
    if (!isWritable(value)) throw new NotCanonical();
    return JSON.stringify(value);
  }
  if (value instanceof Map) {
    return `{${[...(value as JsonObject)].map(([key, inner]) => `${spelled(key)}:${spelled(inner)}`).join(",")}}`;
  }
  return Array.isArray(value) ? `[${(value as readonly Parsed[]).map(spelled).join(",")}]` : String(value === 0 ? 0 : value);
}

/** Reads any JSON of whole numbers whose keys ascend; white space and needless escapes pass here, and fail when it is spelled again. */
class Reader {
  private at = 0;
  private depth = 0;

  constructor(private readonly text: string) {}

  whole(): Parsed {
    this.space();
    const value = this.value();
    this.space();
    if (this.at !== this.text.length) throw new NotCanonical();
    return value;
  }

  private value(): Parsed {
    const next = this.text[this.at];
    if (next === '"') return this.string();
    if (next === "{" || next === "[") {
      this.depth += 1;
      if (this.depth > DEEPEST) throw new NotCanonical();
      const value = next === "{" ? this.object() : this.array();
      this.depth -= 1;
      return value;
    }
    for (const [literal, value] of LITERALS) {
      if (this.takes(literal)) return value;
    }
    return this.number();
  }

  private object(): JsonObject {
    const members: (readonly [string, Parsed])[] = [];
    this.list("{", "}", () => {
      const key = this.string();
      this.space();
      if (!this.takes(":")) throw new NotCanonical();
      this.space();
      members.push([key, this.value()]);
    });
    const object = new Map(members);
    if (object.size !== members.length) throw new Refusal("json-duplicate");
    // RFC 8785 sorts by UTF-16 code units, which is what `<` on strings compares.
    if (members.some(([key], place) => place > 0 && key < (members[place - 1]?.[0] ?? ""))) throw new NotCanonical();
    return object;
  }

  private array(): readonly Parsed[] {
    const values: Parsed[] = [];
    this.list("[", "]", () => values.push(this.value()));
    return values;
  }

  private list(begin: string, end: string, member: () => unknown): void {
    this.takes(begin);
    this.space();
    if (this.takes(end)) return;
    do {
      this.space();
      member();
      this.space();
    } while (this.takes(","));
    if (!this.takes(end)) throw new NotCanonical();
  }

  private string(): string {
    if (this.text[this.at] !== '"') throw new NotCanonical();
    let end = this.at + 1;
    for (let code = this.text.charCodeAt(end); code !== 0x22; code = this.text.charCodeAt(end)) {
      if (!(code >= 0x20)) throw new NotCanonical(); // a control character, or NaN: the end of the text
      end += code === 0x5c ? 2 : 1;
    }
    const literal = this.text.slice(this.at, end + 1);
    this.at = end + 1;
    try {
      return JSON.parse(literal) as string;
    } catch {
      throw new NotCanonical();
    }
  }

  private number(): number {
    const number = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
    number.lastIndex = this.at;
    const [digits = ""] = number.exec(this.text) ?? [];
    if (!/^-?[0-9]{1,16}$/.test(digits) || !Number.isSafeInteger(Number(digits))) throw new NotCanonical();
    this.at += digits.length;
    return Number(digits);
  }

  private takes(literal: string): boolean {
    const taken = this.text.startsWith(literal, this.at);
    if (taken) this.at += literal.length;
    return taken;
  }

  private space(): void {
    while (/[ \t\n\r]/.test(this.text[this.at] ?? "")) this.at += 1;
  }
}

/** The object that `value` is. Refuses (`word`) another kind of value. */
export function objectOf(value: Parsed | undefined, word: Word): JsonObject {
  if (value instanceof Map) return value;
  throw new Refusal(word);
}

/** The array that `value` is. Refuses (`word`) another kind of value. */
export function arrayOf(value: Parsed | undefined, word: Word): readonly Parsed[] {
  if (Array.isArray(value)) return value as readonly Parsed[];
  throw new Refusal(word);
}

/** The text that `value` is, wholly of this form when one is asked for. Refuses (`word`) everything else. */
export function textOf(value: Parsed | undefined, word: Word, form?: RegExp): string {
  if (typeof value === "string" && (form === undefined || form.exec(value)?.[0] === value)) return value;
  throw new Refusal(word);
}

/** The integer that `value` is, within bounds. Refuses (`word`) everything else. */
export function integerOf(value: Parsed | undefined, word: Word, least: number, most = Number.MAX_SAFE_INTEGER): number {
  if (typeof value === "number" && value >= least && value <= most) return value;
  throw new Refusal(word);
}

