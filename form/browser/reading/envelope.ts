/** Opening: any age v1 file, its MAC and payload by npm age-encryption, and what an envelope must be on top (format.md F3.6, F2.8). */
import { type Identity, Decrypter } from "age-encryption";
import type { Bytes } from "../bytes.js";
import { Refusal } from "../errors.js";
import { type Unpacked, unpack } from "./container.js";
import { HYBRID, type Header, type Stanza, encapsulated, parseHeader, profileHeader } from "./header.js";
import { openStanza } from "./hpke.js";
import { type Expected, type ReadReport, checkReport, parseReport } from "./report.js";

const NONCE_SIZE = 16;

/** What can unwrap the file key of an age file. */
export interface Opener {
  /** The 16-byte file key, null when no stanza is for it. Refuses (`header`) a malformed stanza of its type. */
  unwrap(stanzas: readonly Stanza[]): Bytes | null;
}

/** The private half of a call's key. */
export class HybridOpener implements Opener {
  constructor(private readonly seed: Uint8Array) {}

  unwrap(stanzas: readonly Stanza[]): Bytes | null {
    for (const stanza of stanzas.filter(({ args }) => args[0] === HYBRID)) {
      const fileKey = openStanza(encapsulated(stanza), stanza.body, this.seed);
      if (fileKey !== null) return fileKey;
    }
    return null;
  }
}

/** What the envelope of a call must be: how many recipients, where the opener's stands among them, and the call's `max_k`. */
export interface Profile extends Expected {
  readonly recipients: number;
  readonly place: number;
  readonly maxK: number;
}

/** A report that verified whole. */
export interface OpenedReport extends Unpacked {
  readonly parsed: ReadReport;
}

/** The plaintext of any binary age v1 file that one of the openers opens. Refuses `header`, `no-match`, `mac`, `payload`. */
export async function openAge(file: Uint8Array, openers: readonly Opener[]): Promise<Bytes> {
  const header = parseHeader(file);
  return decrypted(file, header, fileKeyOf(header.stanzas, openers));
}

/** Opens, unpacks, reads and checks one sealed report. Refuses with the words of F3.6 and F2.8, in their order. */
export async function openReport(envelope: Uint8Array, opener: Opener, profile: Profile): Promise<OpenedReport> {
  const header = profileHeader(envelope, profile.recipients, profile.maxK);
  const container = await decrypted(envelope, header, fileKeyAt(profile.place, header.stanzas, opener));
  const { report, files } = unpack(container, profile.maxK);
  const parsed = parseReport(report);
  checkReport(parsed, files, profile);
  return { report, files, parsed };
}

function fileKeyOf(stanzas: readonly Stanza[], openers: readonly Opener[]): Bytes {
  if (stanzas.length > 1 && stanzas.some(({ args }) => args[0] === "scrypt")) throw new Refusal("header");
  for (const opener of openers) {
    const fileKey = opener.unwrap(stanzas);
    if (fileKey !== null) return fileKey;
  }
  throw new Refusal("no-match");
}

function fileKeyAt(place: number, stanzas: readonly Stanza[], opener: Opener): Bytes {
  const fileKey = opener.unwrap(stanzas.slice(place, place + 1));
  if (fileKey !== null) return fileKey;
  fileKeyOf(stanzas, [opener]);
  throw new Refusal("header"); // it opens another stanza than the one at its recipient's place
}

/** MAC and payload. The library's sentences are never looked at: which of its two steps failed tells the word. */
async function decrypted(file: Uint8Array, header: Header, fileKey: Bytes): Promise<Bytes> {
  const known: Identity = { unwrapFileKey: () => fileKey };
  const decrypter = new Decrypter();
  decrypter.addIdentity(known);
  try {
    await decrypter.decryptHeader(file.slice(0, header.size));
  } catch {
    throw new Refusal("mac");
  }
  if (file.length < header.size + NONCE_SIZE) throw new Refusal("header");
  try {
    return new Uint8Array(await decrypter.decrypt(new Uint8Array(file)));
  } catch {
    throw new Refusal("payload");
  }
}
