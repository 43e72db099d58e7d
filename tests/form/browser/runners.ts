/** What each op of each kind of tests/vectors does here; what was read is also written again where it has one spelling. */
import { type Bytes, concat, hex, same, utf8 } from "../../../form/browser/bytes.js";
import { type Json, canonical } from "../../../form/browser/canonical.js";
import { contentSize, pack, paddedSize } from "../../../form/browser/container.js";
import { Refusal } from "../../../form/browser/errors.js";
import { Entries, leafHash, parseEntry, root, unframe } from "../../../form/browser/log.js";
import { checkSignature, parseSigningKey } from "../../../form/browser/minisign.js";
import { openCheckpoint, openNote, openPromise, parseVerifier, readPromise } from "../../../form/browser/notes.js";
import { checkSigned, readCall } from "../../../form/browser/reading/call.js";
import { unpack } from "../../../form/browser/reading/container.js";
import { HybridOpener, openReport } from "../../../form/browser/reading/envelope.js";
import { profileHeader } from "../../../form/browser/reading/header.js";
import { parseCanonical } from "../../../form/browser/reading/json.js";
import { consistencyProof, inclusionProof, verifyConsistency, verifyInclusion } from "../../../form/browser/reading/merkle.js";
import { fingerprint, identityText, parseIdentity, parseRecipient, recipientOf } from "../../../form/browser/reading/recipient.js";
import { liveRound, signedRound } from "../../../form/browser/reading/replies.js";
import { type ReadReport, checkReport, parseReport } from "../../../form/browser/reading/report.js";
import { fromHex, fromUtf8 } from "../../../form/browser/reading/text.js";
import { Derived, groups, newReceipt, parseReceipt } from "../../../form/browser/receipt.js";
import { openReply, records, replyPrefix } from "../../../form/browser/replies.js";
import { envelopeSize } from "../../../form/browser/sealing.js";
import { parseSigner, signFile, signNote } from "./signing.js";
import type { Value } from "./spelling.js";

/** The input or the output of a vector. */
export type Given = Readonly<Record<string, Value>>;
// A vector's input has the types that its op asks for (tests/vectors/README.md); a runner that is given others throws, and the test fails.
type Input = any;

/** Kinds, and ops, that no browser runs, each with the reason. */
export const NOT_HERE: Readonly<Record<string, string>> = {
  key: "A key file is made and opened by the reviewers' desk alone: 1 GiB of Argon2id belongs into no page.",
  share: "Shares are split and combined by the reviewers' desk alone, and never typed into a page.",
  bundle: "A bundle goes from the server to the reviewers; no page reads one, and its stamps need RFC 3161.",
  "minisign.secret-key": "The file of the signing key stays with the reviewers; scrypt is left out of everything built here (absent.ts).",
};

/** By `kind.op`. */
export const RUNNERS: Readonly<Record<string, (given: Input, shared: Input) => Given | Promise<Given>>> = {
  "canonical.read": ({ json }) => {
    parseCanonical(json);
    return {};
  },
  "canonical.write": ({ value }) => ({ json: canonical(value) }),

  "report.parse": ({ json }) => {
    const document = documentOf(parseReport(json));
    spelledSo(canonical(document as Json), json);
    return { document };
  },
  "report.check": ({ json, files, call, call_sha256, handle }) => {
    checkReport(parseReport(json), files, { call, callSha256: call_sha256, handle });
    return {};
  },

  "container.pack": ({ report, files, max_k }) => ({ container: pack(report, files, max_k) }),
  "container.unpack": ({ container, max_k }) => {
    const { report, files } = unpack(container, max_k);
    spelledSo(pack(report, files, max_k), container);
    return { report: copied(report), files: files.map(copied) };
  },
  "container.content-size": ({ report, files }) => ({ size: contentSize(report, files) }),
  "container.padded-size": ({ content, max_k }) => ({ size: paddedSize(content, max_k) }),

  "recipient.recipient": ({ text }) => {
    const key = parseRecipient(text);
    const digits = fingerprint(key);
    return { public: key, fingerprint: digits, shown: (digits.match(/.{5}/g) ?? []).join(" ") };
  },
  "recipient.identity": ({ text }) => {
    const seed = parseIdentity(text);
    spelledSo(utf8(identityText(seed)), utf8(text));
    return { seed };
  },
  "recipient.seed": ({ seed }) => ({ recipient: recipientOf(seed) }),

  "envelope.size": ({ recipients, padded }) => ({ size: envelopeSize(recipients, padded) }),
  "envelope.check": ({ envelope, recipients, max_k }) => {
    profileHeader(envelope, recipients, max_k);
    return {};
  },
  "envelope.open": async ({ envelope, identity, recipients, max_k, call, call_sha256, handle }, shared) => {
    const named: readonly string[] = recipients.map((number: number) => shared.recipients[number]);
    // A stranger has no place among the recipients; any will do to find that out.
    const place = Math.max(0, named.indexOf(recipientOf(identity)));
    const profile = { recipients: named.length, place, maxK: max_k, call, callSha256: call_sha256, handle };
    const { report, files } = await openReport(envelope, new HybridOpener(identity), profile);
    return { report: copied(report), files: files.map(copied) };
  },

  "receipt.parse": ({ typed }) => ({ code: parseReceipt(typed) }),
  "receipt.check": ({ digits }) => {
    const drawn = fromHex(BigInt(digits).toString(16).padStart(26, "0"));
    const code = newReceipt((bytes) => bytes.set(drawn));
    return { code, shown: groups(code).join(" ") };
  },
  "receipt.derive": ({ code, call, n }) => {
    const derived = new Derived(code, call);
    return { withdraw: derived.withdraw(n), handle: derived.handle(n), thread: derived.thread, reply_key: derived.replyKey };
  },

  "entries.parse": ({ entry }) => {
    const { kind, ...hashes } = parseEntry(entry);
    return { kind, ...Object.fromEntries(Object.entries(hashes).map(([name, value]) => [name, fromHex(value)])) };
  },
  "entries.unframe": ({ framed }) => {
    const entries = unframe(framed);
    spelledSo(concat(...entries.map((entry) => concat(Uint8Array.of(entry.length >> 8, entry.length & 255), entry))), framed);
    return { entries: entries.map(copied) };
  },
  "entries.log": ({ entries, call_sha256 }) => {
    const log = new Entries(entries, hex(call_sha256));
    const reports = [...log.reports.values()].map((report) => ({ ...report, digest: fromHex(report.digest), handle: fromHex(report.handle) }));
    return { reports, close: log.close, destroyed: log.destroyed, root: root(entries.map(leafHash)) };
  },

  "merkle.leaf": ({ entry }) => ({ hash: leafHash(entry) }),
  "merkle.root": ({ leaves }) => ({ root: root(leaves) }),
  "merkle.inclusion": ({ leaf, index, size, proof, root: expected }) => {
    verifyInclusion(leaf, index, size, proof, expected);
    return {};
  },
  "merkle.consistency": ({ old, old_root, new: size, new_root, proof }) => {
    verifyConsistency({ size: old, root: old_root }, { size, root: new_root }, proof);
    return {};
  },
  "merkle.prove-inclusion": ({ leaves, index }) => ({ proof: inclusionProof(leaves, index).map(copied) }),
  "merkle.prove-consistency": ({ leaves, old }) => ({ proof: consistencyProof(leaves, old).map(copied) }),

  "note.vkey": ({ line }) => {
    const { name, keyId, key } = parseVerifier(line);
    return { name, key_id: keyId, public: key };
  },
  "note.signer": ({ line }) => ({ vkey: parseSigner(line).vkey }),
  "note.sign": ({ signer, text }) => ({ note: signNote(parseSigner(signer), text) }),
  "note.open": ({ note, vkey }) => ({ text: utf8(openNote(noteText(note), vkey)) }),
  "note.checkpoint": ({ note, vkey, origin }) => ({ ...openCheckpoint(noteText(note), vkey, origin) }),
  "note.promise": ({ note, vkey, origin }) => {
    const { leaf, publishBy } = readPromise(noteText(note), vkey, origin);
    return { leaf, publish_by: publishBy };
  },
  "note.promise-of": ({ note, vkey, origin, leaf }) => ({ publish_by: openPromise(noteText(note), vkey, origin, leaf) }),

  "minisign.verify": ({ message, signature, public_key }) => ({
    trusted_comment: checkSignature(message, fromUtf8(signature) ?? "", public_key),
  }),
  "minisign.sign": ({ number, seed, message, trusted_comment }) => ({ signature: signFile(number, seed, message, trusted_comment) }),
  "minisign.public-key": ({ line }) => {
    const { number, key } = parseSigningKey(line);
    return { number, public: key };
  },

  "reply.open": ({ record, call, reply_key }) => ({
    reply: openReply(record, "all", 1, call, hex(record.subarray(0, 32)), reply_key),
  }),
  "reply.round": ({ round, live }) => ({ handles: liveRound(round, live.map(hex)).map(fromHex) }),
  "reply.signed": ({ round, signature, signing_key }) => ({ handles: signedRound(round, signature, signing_key).map(fromHex) }),
  "reply.prefix": ({ handle, live }) => ({ prefix: replyPrefix(hex(handle), live) }),
  "reply.fetched": ({ answer, asked, live }) => ({ count: records(answer, asked, live).size }),

  "call.read": ({ json }) => {
    const { call, origin, close, authorities } = readCall(json);
    return { call, origin, close, authorities: [...authorities.keys()] };
  },
  "call.signed": ({ call_json, sums, signature, signing_key }) => {
    const form = checkSigned(call_json, sums, signature, signing_key);
    return { form: form === null ? null : fromHex(form) };
  },
};

/** Requires that what was read is written again. */
function spelledSo(again: Uint8Array, given: Uint8Array): void {
  if (!same(again, given)) throw new Error("what was read is not written again");
}

function copied(view: Uint8Array): Bytes {
  return new Uint8Array(view);
}

/** A note as a page has it: text. */
function noteText(note: Uint8Array): string {
  const text = fromUtf8(note);
  if (text === null) throw new Refusal("signature");
  return text;
}

/** report.json as the value it was. */
function documentOf(report: ReadReport): Value {
  return {
    v: 1,
    call: report.call,
    call_sha256: report.callSha256,
    seq: report.seq,
    handle: hex(report.handle),
    thread: hex(report.thread),
    reply_key: hex(report.replyKey),
    form: report.form,
    lang: report.lang,
    consent: { ...report.consent },
    answers: Object.fromEntries(report.answers),
    files: report.files.map((file) => ({ ...file })),
  };
}
