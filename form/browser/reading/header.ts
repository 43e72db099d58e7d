/** The syntax of age v1 headers, and what the header of an envelope must be on top (format.md F3.1 to F3.3, F3.6). */
import { type Bytes, base64, fromBase64, same, utf8 } from "../bytes.js";
import { Refusal } from "../errors.js";
import { envelopeSize } from "../sealing.js";

const VERSION_LINE = utf8("age-encryption.org/v1\n");
const PREFIX = utf8("age-encryption.org/v1\n-> mlkem768x25519 ");
export const HYBRID = "mlkem768x25519";
const COLUMNS = 64;
const LEAST_K = 16;
const ENC_SIZE = 1120;
const WRAPPED_SIZE = 32;
const LF = 10;

/** One recipient stanza: its arguments, the first of which is the type, and its decoded body. */
export interface Stanza {
  readonly args: readonly string[];
  readonly body: Bytes;
}

/** A header; what follows it begins at offset `size`. */
export interface Header {
  readonly stanzas: readonly Stanza[];
  readonly size: number;
}

/** Reads the header at the beginning of any binary age v1 file. Refuses (`header`). */
export function parseHeader(file: Uint8Array): Header {
  if (!startsWith(file, VERSION_LINE)) throw new Refusal("header");
  const stanzas: Stanza[] = [];
  let { line, next } = lineAt(file, VERSION_LINE.length);
  for (let args = argsOf(line); args !== null; args = argsOf(line)) {
    const { body, after } = bodyAt(file, next);
    stanzas.push({ args, body });
    ({ line, next } = lineAt(file, after));
  }
  const [, mac] = /^--- ([A-Za-z0-9+/]{43})$/.exec(line) ?? [];
  if (mac === undefined || stanzas.length === 0) throw new Refusal("header");
  unpadded(mac);
  return { stanzas, size: next };
}

/** What anybody without a key can see of an envelope. Refuses `size`, `prefix`, `header`, in this order. */
export function profileHeader(envelope: Uint8Array, recipients: number, maxK: number): Header {
  const sizes = Array.from({ length: maxK - LEAST_K + 1 }, (_, more) => envelopeSize(recipients, 2 ** (LEAST_K + more)));
  if (!sizes.includes(envelope.length)) throw new Refusal("size");
  if (!startsWith(envelope, PREFIX)) throw new Refusal("prefix");
  const header = parseHeader(envelope);
  if (header.stanzas.length !== recipients || header.stanzas.some(({ args }) => args[0] !== HYBRID)) throw new Refusal("header");
  header.stanzas.forEach(encapsulated);
  return header;
}

/** enc of a hybrid stanza. Refuses (`header`) another number of arguments, and other lengths of enc and body than HPKE gives. */
export function encapsulated({ args, body }: Stanza): Bytes {
  const enc = unpadded(args[1] ?? "");
  if (args.length !== 2 || enc.length !== ENC_SIZE || body.length !== WRAPPED_SIZE) throw new Refusal("header");
  return enc;
}

/** What base64 without padding encodes, when it is the one spelling of it. Refuses (`header`). */
export function unpadded(text: string): Bytes {
  const bytes = text.includes("=") ? null : fromBase64(text + "=".repeat((4 - (text.length % 4)) % 4));
  if (bytes === null) throw new Refusal("header");
  return bytes;
}

/** A header of these stanzas as age writes it, up to and with `---`: what its MAC covers. */
export function authenticated(stanzas: readonly Stanza[]): string {
  const written = stanzas.map(({ args, body }) => {
    const encoded = base64(body).replace(/=+$/, "");
    const lines = Array.from({ length: Math.floor(encoded.length / COLUMNS) + 1 }, (_, n) => encoded.slice(n * COLUMNS, (n + 1) * COLUMNS));
    return `-> ${args.join(" ")}\n${lines.join("\n")}\n`; // a body ends with a short line, even an empty one
  });
  return `age-encryption.org/v1\n${written.join("")}---`;
}

function argsOf(line: string): readonly string[] | null {
  const [, args] = /^-> ([!-~]+(?: [!-~]+)*)$/.exec(line) ?? [];
  return args?.split(" ") ?? null;
}

/** The body of a stanza: full lines and a shorter last one. */
function bodyAt(file: Uint8Array, start: number): { readonly body: Bytes; readonly after: number } {
  let encoded = "";
  let { line, next } = lineAt(file, start);
  for (; line.length === COLUMNS; { line, next } = lineAt(file, next)) encoded += line;
  if (line.length > COLUMNS) throw new Refusal("header");
  return { body: unpadded(encoded + line), after: next };
}

/** The line at `start` without its end, and the offset after it; bytes beyond ASCII become what no header has. */
function lineAt(file: Uint8Array, start: number): { readonly line: string; readonly next: number } {
  const end = file.indexOf(LF, start);
  if (end < 0) throw new Refusal("header");
  return { line: new TextDecoder("latin1").decode(file.subarray(start, end)), next: end + 1 };
}

function startsWith(bytes: Uint8Array, prefix: Uint8Array): boolean {
  return same(bytes.subarray(0, prefix.length), prefix);
}
