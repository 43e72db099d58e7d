/** call.json as far as everybody must read it, and the signed list that vouches for it (format.md F1.7 to F1.9, F10.5). */
import { sha256 } from "@noble/hashes/sha2.js";
import { hex } from "../bytes.js";
import { Refusal } from "../errors.js";
import { checkSignature, parseSigningKey } from "../minisign.js";
import { parseVerifier } from "../notes.js";
import { type JsonObject, type Parsed, arrayOf, integerOf, objectOf, parseCanonical, textOf } from "./json.js";
import { fromUtf8 } from "./text.js";

/** What call.json says of a call's log and keys; `close` in unix seconds. */
export interface CallFile {
  readonly call: string;
  readonly origin: string;
  readonly close: number;
  readonly logVkey: string;
  readonly signingKey: string;
  /** Name of each timestamp authority, and its certificate. */
  readonly authorities: ReadonlyMap<string, string>;
}

const ID = /^[a-z0-9-]{1,40}$/;
const HOST = /^[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?(?::[1-9][0-9]{0,4})?$/;
const SUMS = /^([0-9a-f]{64})  call\.json\n(?:([0-9a-f]{64})  form\.html\n)?$/;

const text = (object: JsonObject, key: string, form?: RegExp): string => textOf(object.get(key), "manifest", form);
const seconds = (object: JsonObject, key: string): number => integerOf(object.get(key), "manifest", 0);

/** Reads call.json. Refuses `version` for another `v` than 1, `json-duplicate`, and `manifest` for all else. */
export function readCall(json: Uint8Array): CallFile {
  const document = objectOf(parseCanonical(json, "manifest"), "manifest");
  if (document.get("v") !== 1) throw new Refusal("version");
  const origin = `${text(document, "host", HOST)}/${text(document, "call", ID)}`;
  const [logVkey, signingKey] = [text(document, "log_vkey"), text(document, "signing_key")];
  if (keyName(logVkey, signingKey) !== origin) throw new Refusal("manifest");
  return {
    call: text(document, "call"),
    origin,
    close: seconds(document, "deadline") + seconds(document, "grace_seconds"),
    logVkey,
    signingKey,
    authorities: authoritiesOf(arrayOf(document.get("timestamp_authorities"), "manifest")),
  };
}

/** The name in the log's key line; null when one of the keys is not well formed. */
function keyName(logVkey: string, signingKey: string): string | null {
  try {
    parseSigningKey(signingKey);
    return parseVerifier(logVkey).name;
  } catch {
    return null;
  }
}

function authoritiesOf(listed: readonly Parsed[]): ReadonlyMap<string, string> {
  const authorities = new Map<string, string>();
  for (const value of listed) {
    const authority = objectOf(value, "manifest");
    const name = text(authority, "name", ID);
    if (authorities.has(name)) throw new Refusal("manifest");
    authorities.set(name, text(authority, "certificate"));
  }
  return authorities;
}

/** SHA-256 (hex) of form.html, null when the signed list names none. Refuses `signature`, `manifest` when it names another call.json. */
export function checkSigned(json: Uint8Array, sums: Uint8Array, signature: Uint8Array, signingKey: string): string | null {
  checkSignature(sums, fromUtf8(signature) ?? "", signingKey);
  const [, call, form] = SUMS.exec(fromUtf8(sums) ?? "") ?? [];
  if (call !== hex(sha256(json))) throw new Refusal("manifest");
  return form ?? null;
}
