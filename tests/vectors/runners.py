"""What each op of each kind of vectors does in Python: bytes and values in, a dictionary of results out, or a CryptoError.

A runner asks for nothing but the public functions of `crypto`. It also requires that what was read is written again to the same bytes.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Mapping
from typing import Any

from crypto import callfile, canonical, container, entries, envelope, keyfile, merkle, minisign, notes, opening, replies, report, shares
from crypto.bundle import Trust, open_bundle
from crypto.errors import PromiseBrokenError, ReceiptError
from crypto.receipts import Receipt
from crypto.recipients import Recipient

Given = dict[str, Any]
Runner = Callable[[Given, Mapping[str, Any]], Given]
RUNNERS: dict[tuple[str, str], Runner] = {}
"""By kind and op. A runner takes the input of a vector and what its file shares among all, and returns the output."""


def runs(kind: str, op: str) -> Callable[[Runner], Runner]:
    """Register a runner."""

    def register(runner: Runner) -> Runner:
        RUNNERS[kind, op] = runner
        return runner

    return register


def same(one: object, other: object) -> None:
    """Require that what was read is written again."""
    if one != other:
        raise AssertionError("What was read is not written again.")


# --- canonical, report, container -----------------------------------------------------------------------------------------------------


@runs("canonical", "read")
def _(given: Given, _shared: Mapping[str, Any]) -> Given:
    same(canonical.dumps(canonical.loads(given["json"])), given["json"])
    return {}


@runs("canonical", "write")
def _(given: Given, _shared: Mapping[str, Any]) -> Given:
    return {"json": canonical.dumps(given["value"])}


@runs("report", "parse")
def _(given: Given, _shared: Mapping[str, Any]) -> Given:
    parsed = report.parse_report(given["json"])
    same(parsed.to_bytes(), given["json"])
    consent = parsed.consent
    return {
        "document": {
            "v": 1,
            "call": parsed.call,
            "call_sha256": parsed.call_sha256,
            "seq": parsed.seq,
            "handle": parsed.handle.hex(),
            "thread": parsed.thread.hex(),
            "reply_key": parsed.reply_key.hex(),
            "form": parsed.form,
            "lang": parsed.lang,
            "consent": {"level": consent.level, "audiences": list(consent.audiences), "contact": consent.contact},
            "answers": parsed.answers,
            "files": [{"name": each.name, "type": each.type, "size": each.size, "sha256": each.sha256} for each in parsed.files],
        }
    }


@runs("report", "check")
def _(given: Given, _shared: Mapping[str, Any]) -> Given:
    parsed = report.parse_report(given["json"])
    files = [memoryview(file) for file in given["files"]]
    report.check_report(parsed, files, call=given["call"], call_sha256=given["call_sha256"], handle=given["handle"])
    return {}


@runs("container", "pack")
def _(given: Given, _shared: Mapping[str, Any]) -> Given:
    return {"container": container.pack(given["report"], given["files"], max_k=given["max_k"])}


@runs("container", "unpack")
def _(given: Given, _shared: Mapping[str, Any]) -> Given:
    found = container.unpack(given["container"], max_k=given["max_k"])
    files = [bytes(file) for file in found.files]
    same(container.pack(found.report, files, max_k=given["max_k"]), given["container"])
    return {"report": found.report, "files": files}


@runs("container", "content-size")
def _(given: Given, _shared: Mapping[str, Any]) -> Given:
    return {"size": container.content_size(given["report"], given["files"])}


@runs("container", "padded-size")
def _(given: Given, _shared: Mapping[str, Any]) -> Given:
    return {"size": container.padded_size(given["content"], given["max_k"])}


# --- recipient, envelope, receipt -----------------------------------------------------------------------------------------------------


@runs("recipient", "recipient")
def _(given: Given, _shared: Mapping[str, Any]) -> Given:
    parsed = Recipient.parse(given["text"])
    same(str(parsed), given["text"])
    return {"public": parsed.public, "fingerprint": parsed.fingerprint(), "shown": parsed.fingerprint_groups()}


@runs("recipient", "identity")
def _(given: Given, _shared: Mapping[str, Any]) -> Given:
    with opening.Identity.parse(given["text"]) as identity:
        same(identity.text(), given["text"])
        return {"seed": bytes(identity.seed)}


@runs("recipient", "seed")
def _(given: Given, _shared: Mapping[str, Any]) -> Given:
    with opening.Identity.from_seed(given["seed"]) as identity:
        return {"recipient": str(identity.recipient)}


@runs("envelope", "size")
def _(given: Given, _shared: Mapping[str, Any]) -> Given:
    return {"size": envelope.sealed_size(given["recipients"], given["padded"])}


@runs("envelope", "check")
def _(given: Given, _shared: Mapping[str, Any]) -> Given:
    envelope.check_envelope(given["envelope"], recipients=given["recipients"], max_k=given["max_k"])
    return {}


@runs("envelope", "open")
def _(given: Given, shared: Mapping[str, Any]) -> Given:
    recipients = [shared["recipients"][number] for number in given["recipients"]]
    with opening.Identity.from_seed(given["identity"]) as identity:
        own = str(identity.recipient)
        opened = opening.open_report(
            given["envelope"],
            identity,
            recipients=len(recipients),
            # A stranger has no place among the recipients; any will do to find that out.
            place=recipients.index(own) if own in recipients else 0,
            max_k=given["max_k"],
            call=given["call"],
            call_sha256=given["call_sha256"],
            handle=given["handle"],
        )
    return {"report": opened.report_bytes, "files": [bytes(file) for file in opened.files]}


@runs("receipt", "parse")
def _(given: Given, _shared: Mapping[str, Any]) -> Given:
    return {"code": Receipt.parse(given["typed"]).code}


@runs("receipt", "check")
def _(given: Given, _shared: Mapping[str, Any]) -> Given:
    fitting = [code for check in range(100) if (code := f"{given['digits']}{check:02d}") and _is_receipt(code)]
    return {"code": fitting[0], "shown": Receipt(fitting[0]).groups()} if len(fitting) == 1 else {}


def _is_receipt(code: str) -> bool:
    try:
        Receipt(code)
    except ReceiptError:
        return False
    return True


@runs("receipt", "derive")
def _(given: Given, _shared: Mapping[str, Any]) -> Given:
    receipt, call, n = Receipt(given["code"]), given["call"], given["n"]
    return {
        "withdraw": receipt.withdraw(call, n),
        "handle": receipt.handle(call, n),
        "thread": receipt.thread(call),
        "reply_key": receipt.reply_key(call),
    }


# --- entries, merkle, note ------------------------------------------------------------------------------------------------------------


@runs("entries", "parse")
def _(given: Given, _shared: Mapping[str, Any]) -> Given:
    entry = entries.parse_entry(given["entry"])
    return {"kind": entry.kind} | {name: value for name in ("digest", "handle", "withdraw") if (value := getattr(entry, name))}


@runs("entries", "unframe")
def _(given: Given, _shared: Mapping[str, Any]) -> Given:
    read = entries.unframe(given["framed"])
    same(entries.frame(read), given["framed"])
    return {"entries": read}


@runs("entries", "log")
def _(given: Given, _shared: Mapping[str, Any]) -> Given:
    log = entries.check_entries(given["entries"], call=given["call"], call_sha256=given["call_sha256"])
    reports = [
        {"index": each.index, "digest": each.digest, "handle": each.handle, "late": each.late, "withdrawn": each.withdrawn}
        for each in log.reports
    ]
    return {"reports": reports, "close": log.close, "destroyed": log.destroyed, "root": merkle.root(log.leaf_hashes)}


@runs("merkle", "leaf")
def _(given: Given, _shared: Mapping[str, Any]) -> Given:
    return {"hash": merkle.leaf_hash(given["entry"])}


@runs("merkle", "root")
def _(given: Given, _shared: Mapping[str, Any]) -> Given:
    return {"root": merkle.root(given["leaves"])}


@runs("merkle", "inclusion")
def _(given: Given, _shared: Mapping[str, Any]) -> Given:
    merkle.verify_inclusion(given["leaf"], given["index"], given["size"], given["proof"], given["root"])
    return {}


@runs("merkle", "consistency")
def _(given: Given, _shared: Mapping[str, Any]) -> Given:
    merkle.verify_consistency(given["old"], given["old_root"], given["new"], given["new_root"], given["proof"])
    return {}


@runs("merkle", "prove-inclusion")
def _(given: Given, _shared: Mapping[str, Any]) -> Given:
    return {"proof": merkle.inclusion_proof(given["leaves"], given["index"])}


@runs("merkle", "prove-consistency")
def _(given: Given, _shared: Mapping[str, Any]) -> Given:
    return {"proof": merkle.consistency_proof(given["leaves"], given["old"])}


@runs("note", "vkey")
def _(given: Given, _shared: Mapping[str, Any]) -> Given:
    key = notes.VerifierKey.parse(given["line"])
    same(str(key), given["line"])
    return {"name": key.name, "key_id": key.key_id, "public": key.public}


@runs("note", "signer")
def _(given: Given, _shared: Mapping[str, Any]) -> Given:
    key = notes.SignerKey.parse(given["line"])
    same(key.line(), given["line"])
    return {"vkey": str(key.vkey)}


@runs("note", "sign")
def _(given: Given, _shared: Mapping[str, Any]) -> Given:
    return {"note": notes.SignerKey.parse(given["signer"]).sign(given["text"])}


@runs("note", "open")
def _(given: Given, _shared: Mapping[str, Any]) -> Given:
    return {"text": notes.VerifierKey.parse(given["vkey"]).open(given["note"])}


@runs("note", "checkpoint")
def _(given: Given, _shared: Mapping[str, Any]) -> Given:
    key = notes.VerifierKey.parse(given["vkey"])
    checkpoint = notes.parse_checkpoint(given["note"], key, given["origin"])
    same(checkpoint.text(), key.open(given["note"]))
    return {"size": checkpoint.size, "root": checkpoint.root}


@runs("note", "promise")
def _(given: Given, _shared: Mapping[str, Any]) -> Given:
    key = notes.VerifierKey.parse(given["vkey"])
    promise = notes.parse_promise(given["note"], key, given["origin"])
    same(promise.text(), key.open(given["note"]))
    return {"leaf": promise.leaf_hash, "publish_by": promise.publish_by}


@runs("note", "promise-of")
def _(given: Given, _shared: Mapping[str, Any]) -> Given:
    """Do what a client does with the answer to a submission (F5.8); in Python nothing but tests is such a client."""
    promise = notes.parse_promise(given["note"], notes.VerifierKey.parse(given["vkey"]), given["origin"])
    if promise.leaf_hash != given["leaf"]:
        raise PromiseBrokenError("The promise is not for what was sent.")
    return {"publish_by": promise.publish_by}


# --- minisign, reply, key, share ------------------------------------------------------------------------------------------------------


@runs("minisign", "verify")
def _(given: Given, _shared: Mapping[str, Any]) -> Given:
    return {"trusted_comment": minisign.verify(given["message"], given["signature"], given["public_key"])}


@runs("minisign", "sign")
def _(given: Given, _shared: Mapping[str, Any]) -> Given:
    key = minisign.SecretKey(given["number"], given["seed"])
    return {"signature": key.sign(given["message"], trusted_comment=given["trusted_comment"]).encode()}


@runs("minisign", "public-key")
def _(given: Given, _shared: Mapping[str, Any]) -> Given:
    number, key = minisign.parse_public_key(given["line"])
    return {"number": number, "public": key.public_bytes_raw()}


@runs("minisign", "secret-key")
def _(given: Given, _shared: Mapping[str, Any]) -> Given:
    return {"public_key": minisign.SecretKey.parse(given["text"], given["passphrase"]).public_key}


@runs("reply", "open")
def _(given: Given, _shared: Mapping[str, Any]) -> Given:
    return {"reply": replies.open_reply(given["record"], call=given["call"], reply_key=given["reply_key"])}


@runs("reply", "round")
def _(given: Given, _shared: Mapping[str, Any]) -> Given:
    parsed = replies.Round.parse(given["round"])
    parsed.require_live(given["live"])
    return {"handles": list(parsed.handles())}


@runs("reply", "signed")
def _(given: Given, _shared: Mapping[str, Any]) -> Given:
    return {"handles": list(replies.verify_round(given["round"], given["signature"], given["signing_key"]).handles())}


@runs("reply", "prefix")
def _(given: Given, _shared: Mapping[str, Any]) -> Given:
    return {"prefix": replies.prefix(given["handle"], given["live"])}


@runs("reply", "fetched")
def _(given: Given, _shared: Mapping[str, Any]) -> Given:
    return {"count": len(replies.check_fetched(given["answer"], asked=given["asked"], live=given["live"]))}


@runs("key", "read")
def _(given: Given, _shared: Mapping[str, Any]) -> Given:
    return {"call": keyfile.key_call(given["file"]), "public": str(keyfile.key_recipient(given["file"]))}


@runs("key", "open")
def _(given: Given, _shared: Mapping[str, Any]) -> Given:
    with keyfile.open_key(given["file"], given["passphrase"]) as identity:
        return {"seed": bytes(identity.seed)}


@runs("share", "parse")
def _(given: Given, _shared: Mapping[str, Any]) -> Given:
    share = shares.parse_share(given["share"])
    same(share.to_text().encode(), given["share"])
    return {name: getattr(share, name) for name in ("call", "fingerprint", "index", "count", "threshold")}


@runs("share", "combine")
def _(given: Given, _shared: Mapping[str, Any]) -> Given:
    return {"seed": bytes(shares.combine([shares.parse_share(share) for share in given["shares"]]))}


# --- call, bundle ---------------------------------------------------------------------------------------------------------------------


@runs("call", "read")
def _(given: Given, _shared: Mapping[str, Any]) -> Given:
    call = callfile.parse_call_file(given["json"])
    same(canonical.dumps(call.document), given["json"])
    return {"call": call.call, "origin": call.origin, "close": call.close, "authorities": list(call.authorities)}


@runs("call", "signed")
def _(given: Given, _shared: Mapping[str, Any]) -> Given:
    return {"form": callfile.check_signed(given["call_json"], given["sums"], given["signature"], given["signing_key"])}


@runs("bundle", "open")
def _(given: Given, _shared: Mapping[str, Any]) -> Given:
    expect = Trust(given["call_sha256"], given["signing_key"])
    found = open_bundle(io.BytesIO(given["bundle"]), expect=expect, checkpoints=given["checkpoints"], promises=given["promises"])
    outcomes = [{"index": each.index, "digest": each.digest, "handle": each.handle, "outcome": each.outcome} for each in found.outcomes]
    for each in found.outcomes:
        if each.outcome in ("late", "on-time-proven", "time-unproven"):
            same(hashlib.sha256(found.read_envelope(each.digest)).digest(), each.digest)
    return {"origin": found.origin, "call_sha256": found.call_sha256, "size": found.log.size, "outcomes": outcomes}
