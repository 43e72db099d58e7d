/** The receipt: 32 digits from which everything a submitter may do later follows (format.md section 4). */
import { hkdf } from "@noble/hashes/hkdf.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { type Bytes, utf8 } from "./bytes.js";
import { Refusal } from "./errors.js";

const SALT = utf8("saksei/v1 receipt");
const DIGITS = 30;
const LIMIT = 10n ** BigInt(DIGITS);

/** Fills the bytes with fresh randomness. */
export type Random = (bytes: Bytes) => void;

const fromDevice: Random = (bytes) => {
  crypto.getRandomValues(bytes);
};

/** 30 uniform digits (100 random bits, drawn again when they are 10^30 or more) and their two check digits. */
export function newReceipt(random: Random = fromDevice): string {
  const drawn = new Uint8Array(13);
  for (;;) {
    random(drawn);
    drawn[0] = (drawn[0] ?? 0) & 0x0f;
    const number = drawn.reduce((sum, byte) => sum * 256n + BigInt(byte), 0n);
    if (number < LIMIT) return withCheck(number.toString().padStart(DIGITS, "0"));
  }
}

function withCheck(digits: string): string {
  const check = 98n - ((BigInt(digits) * 100n) % 97n);
  return digits + check.toString().padStart(2, "0");
}

const KHMER_ZERO = 0x17e0;

/** The 32 digits of what was typed, in either kind of digit and any grouping. Refuses (`receipt`) what does not add up. */
export function parseReceipt(typed: string): string {
  const digits = typed
    .normalize("NFKC")
    .replace(/[\u17e0-\u17e9]/g, (digit) => String(digit.charCodeAt(0) - KHMER_ZERO))
    .replace(/[\p{White_Space}\-.\u200b]/gu, ""); // not \s, which takes U+FEFF and leaves U+0085
  if (!/^[0-9]{32}$/.test(digits) || withCheck(digits.slice(0, DIGITS)) !== digits) throw new Refusal("receipt");
  return digits;
}

/** Shown 8 x 4. */
export function groups(code: string): readonly string[] {
  return code.match(/.{4}/g) ?? [];
}

/** What follows from a receipt for one call. */
export class Derived {
  private readonly secret: Bytes;

  constructor(
    code: string,
    private readonly call: string,
  ) {
    this.secret = utf8(code.slice(0, DIGITS));
  }

  private derive(label: string): Bytes {
    return new Uint8Array(hkdf(sha256, this.secret, SALT, utf8(`${label}\n${this.call}`), 32));
  }

  /** What withdraws the n-th report. */
  withdraw(n: number): Bytes {
    return this.derive(`withdraw ${n}`);
  }

  /** The public name of the n-th report. */
  handle(n: number): Bytes {
    return new Uint8Array(sha256(this.withdraw(n)));
  }

  /** What joins the reports of one person, inside the seal only (16 bytes). */
  get thread(): Bytes {
    return this.derive("thread").slice(0, 16);
  }

  /** What a reply is sealed with (32 bytes). */
  get replyKey(): Bytes {
    return this.derive("reply");
  }
}
