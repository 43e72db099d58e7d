/** report.json read, and held against call, log and files (format.md F2.6 to F2.8). Consent and answers are for the desk to judge. */
import { sha256 } from "@noble/hashes/sha2.js";
import { type Bytes, hex, same } from "../bytes.js";
import { MOST_FILES, MOST_REPORT } from "../container.js";
import { Refusal } from "../errors.js";
import type { Consent, Value } from "../report.js";
import { type JsonObject, type Parsed, arrayOf, integerOf, objectOf, parseCanonical, textOf } from "./json.js";
import { fromHex } from "./text.js";

/** A file as the report names it: the name is shown, never a path; size in bytes, sha256 in hex. */
export interface NamedFile {
  readonly name: string;
  readonly type: string;
  readonly size: number;
  readonly sha256: string;
}

/** One report, well formed and nothing more. */
export interface ReadReport {
  readonly call: string;
  readonly callSha256: string;
  readonly seq: number;
  readonly handle: Bytes;
  readonly thread: Bytes;
  readonly replyKey: Bytes;
  readonly form: string;
  readonly lang: string;
  readonly consent: Consent;
  readonly answers: ReadonlyMap<string, Value>;
  readonly files: readonly NamedFile[];
}

/** What a report is held against: the call, its hash in hex, and the handle that the log gives the envelope's digest. */
export interface Expected {
  readonly call: string;
  readonly callSha256: string;
  readonly handle: Uint8Array;
}

const MOST_ADDITIONS = 99;
const CALL = /^[a-z0-9-]{1,40}$/;
const HASH = /^[0-9a-f]{64}$/;
const REPORT_KEYS = ["v", "call", "call_sha256", "seq", "handle", "thread", "reply_key", "form", "lang", "consent", "answers", "files"];

const text = (value: Parsed | undefined, form?: RegExp): string => textOf(value, "report", form);

/** Reads report.json. Refuses `version` for another `v` than 1, `json-duplicate`, and `report` for all else that F2.6 and F2.7 do not allow. */
export function parseReport(json: Uint8Array): ReadReport {
  if (json.length > MOST_REPORT) throw new Refusal("report");
  const document = objectOf(parseCanonical(json), "report");
  if (document.get("v") !== 1) throw new Refusal("version");
  requireKeys(document, REPORT_KEYS);
  return {
    call: text(document.get("call"), CALL),
    callSha256: text(document.get("call_sha256"), HASH),
    seq: integerOf(document.get("seq"), "report", 0, MOST_ADDITIONS),
    handle: fromHex(text(document.get("handle"), HASH)),
    thread: fromHex(text(document.get("thread"), /^[0-9a-f]{32}$/)),
    replyKey: fromHex(text(document.get("reply_key"), HASH)),
    form: text(document.get("form"), /^(?:web|offline|server)$/),
    lang: text(document.get("lang"), /^[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8}){0,4}$/),
    consent: consentOf(objectOf(document.get("consent"), "report")),
    answers: new Map([...objectOf(document.get("answers"), "report")].map(([question, value]) => [text(question, /^[^]+$/), answerOf(value)])),
    files: filesOf(arrayOf(document.get("files"), "report")),
  };
}

/** Refuses `wrong-call`, `handle-mismatch`, or `container` when number, sizes or digests of the files are not those the report names. */
export function checkReport(report: ReadReport, files: readonly Uint8Array[], expected: Expected): void {
  if (report.call !== expected.call || report.callSha256 !== expected.callSha256) throw new Refusal("wrong-call");
  if (!same(report.handle, expected.handle)) throw new Refusal("handle-mismatch");
  const fits = (file: Uint8Array, place: number): boolean => {
    const named = report.files[place];
    return named?.size === file.length && named.sha256 === hex(sha256(file));
  };
  if (report.files.length !== files.length || !files.every(fits)) throw new Refusal("container");
}

function requireKeys(object: JsonObject, keys: readonly string[]): void {
  if (object.size !== keys.length || !keys.every((key) => object.has(key))) throw new Refusal("report");
}

function consentOf(consent: JsonObject): Consent {
  requireKeys(consent, ["level", "audiences", "contact"]);
  const audiences = arrayOf(consent.get("audiences"), "report").map((audience) => text(audience, /^[^]+$/));
  const contact = consent.get("contact");
  if (new Set(audiences).size !== audiences.length || typeof contact !== "boolean") throw new Refusal("report");
  return { level: text(consent.get("level"), /^C[0-3]$/), audiences, contact };
}

function answerOf(value: Parsed): Value {
  if (typeof value === "string") return value;
  if (!Array.isArray(value)) return integerOf(value, "report", Number.MIN_SAFE_INTEGER);
  const members = value as readonly Parsed[];
  return typeof members[0] === "number"
    ? members.map((member) => integerOf(member, "report", 1, MOST_FILES))
    : members.map((member) => text(member));
}

function filesOf(files: readonly Parsed[]): readonly NamedFile[] {
  if (files.length > MOST_FILES) throw new Refusal("report");
  return files.map((value) => {
    const file = objectOf(value, "report");
    requireKeys(file, ["name", "type", "size", "sha256"]);
    return {
      name: text(file.get("name")),
      type: text(file.get("type")),
      size: integerOf(file.get("size"), "report", 0),
      sha256: text(file.get("sha256"), HASH),
    };
  });
}
