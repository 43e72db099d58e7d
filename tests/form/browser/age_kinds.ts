/** What the age vectors need and no call has: identities for X25519 and for a passphrase, and the vectors out of npm cctv-age. */
import { inflateSync } from "node:zlib";
import { chacha20poly1305 } from "@noble/ciphers/chacha.js";
import { x25519 } from "@noble/curves/ed25519.js";
import { hkdf } from "@noble/hashes/hkdf.js";
import { scrypt } from "@noble/hashes/scrypt.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { bech32 } from "@scure/base";
import * as files from "cctv-age";
import { type Bytes, concat, utf8 } from "../../../form/browser/bytes.js";
import { Refusal } from "../../../form/browser/errors.js";
import { HybridOpener, type Opener } from "../../../form/browser/reading/envelope.js";
import { type Stanza, unpadded } from "../../../form/browser/reading/header.js";
import { parseIdentity } from "../../../form/browser/reading/recipient.js";

/** age's classical identity, `AGE-SECRET-KEY-1…`. */
class X25519Opener implements Opener {
  private readonly secret: Uint8Array;

  constructor(text: string) {
    this.secret = bech32.decodeToBytes(text).bytes;
  }

  unwrap(stanzas: readonly Stanza[]): Bytes | null {
    return firstOf(stanzas, "X25519", ({ args, body }) => {
      const share = unpadded(args[1] ?? "");
      if (args.length !== 2 || share.length !== 32) throw new Refusal("header");
      const salt = concat(share, x25519.getPublicKey(this.secret));
      return unwrapped(hkdf(sha256, this.exchanged(share), salt, utf8("age-encryption.org/v1/X25519"), 32), body);
    });
  }

  private exchanged(share: Uint8Array): Uint8Array {
    try {
      return x25519.getSharedSecret(this.secret, share);
    } catch {
      throw new Refusal("header"); // a share of low order
    }
  }
}

/** age's passphrase, with the work factor limited to 2^20 as npm age-encryption does. */
class ScryptOpener implements Opener {
  constructor(private readonly passphrase: string) {}

  unwrap(stanzas: readonly Stanza[]): Bytes | null {
    return firstOf(stanzas, "scrypt", ({ args, body }) => {
      const [, salt = "", factor = ""] = args;
      const salted = concat(utf8("age-encryption.org/v1/scrypt"), unpadded(salt));
      if (args.length !== 3 || salted.length !== 28 + 16 || !/^[1-9][0-9]?$/.test(factor) || Number(factor) > 20) throw new Refusal("header");
      return unwrapped(scrypt(this.passphrase, salted, { N: 2 ** Number(factor), r: 8, p: 1, dkLen: 32 }), body);
    });
  }
}

function firstOf(stanzas: readonly Stanza[], type: string, unwrap: (stanza: Stanza) => Bytes | null): Bytes | null {
  for (const stanza of stanzas.filter(({ args }) => args[0] === type)) {
    const fileKey = unwrap(stanza);
    if (fileKey !== null) return fileKey;
  }
  return null;
}

function unwrapped(key: Uint8Array, body: Uint8Array): Bytes | null {
  if (body.length !== 32) throw new Refusal("header");
  try {
    return new Uint8Array(chacha20poly1305(key, new Uint8Array(12)).decrypt(body));
  } catch {
    return null;
  }
}

/** One file of C2SP/CCTV age: what to open, with what, and what must come of it. */
export interface AgeVector {
  readonly name: string;
  readonly expect: string;
  readonly armored: boolean;
  readonly identities: readonly string[];
  readonly passphrases: readonly string[];
  readonly payload: string;
  readonly age: Bytes;
}

/** What opens a vector, by our reading module. */
export function openers({ identities, passphrases }: AgeVector): readonly Opener[] {
  const keys = identities.map((text) => (text.startsWith("AGE-SECRET-KEY-PQ-1") ? new HybridOpener(parseIdentity(text)) : new X25519Opener(text)));
  return [...keys, ...passphrases.map((passphrase) => new ScryptOpener(passphrase))];
}

/** Every vector of the package. */
export const AGE_VECTORS: readonly AgeVector[] = Object.entries(files as unknown as Record<string, Uint8Array>).map(([name, file]) => parsed(name, file));

function parsed(name: string, file: Uint8Array): AgeVector {
  const text = new TextDecoder("latin1").decode(file);
  const end = text.indexOf("\n\n");
  const fields = text.slice(0, end).split("\n").map((line) => line.split(/: (.*)/s) as [string, string]);
  const every = (kind: string): readonly string[] => fields.filter(([field]) => field === kind).map(([, value]) => value);
  const content = file.slice(end + 2);
  return {
    name,
    expect: every("expect")[0] ?? "",
    armored: every("armored").length > 0,
    identities: every("identity"),
    passphrases: every("passphrase"),
    payload: every("payload")[0] ?? "",
    age: new Uint8Array(every("compressed").length > 0 ? inflateSync(content) : content),
  };
}
