"""Every reader of `crypto` beside its writer: what is accepted is written again to the same bytes (F0.5), everything else is a CryptoError.

`again` reads untrusted bytes and returns what the writer makes of them. It raises CryptoError for what is refused and nothing else.
"""

from __future__ import annotations

import base64
import hashlib
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from crypto import (
    callfile,
    canonical,
    container,
    entries,
    envelope,
    keyfile,
    members,
    merkle,
    minisign,
    notes,
    replies,
    report,
    shares,
    zip64,
)
from crypto.errors import ReportError
from crypto.opening import Identity
from crypto.recipients import Recipient, bech32_decode, bech32_encode
from tests.vectors import world
from tests.vectors.written.call import changed as least_call
from tests.vectors.written.minisign import MESSAGE

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_K = 17


@dataclass(frozen=True, slots=True)
class Reader:
    """One reader.

    Attributes:
        covers: The functions of `crypto` that it is about, as `module.name`.
        fields: Where in the vectors inputs for it stand: kind, op and name of the field.
        again: Reads, and writes again.
    """

    covers: tuple[str, ...]
    fields: tuple[tuple[str, str, str], ...]
    again: Callable[[bytes], bytes]


def as_text(untrusted: bytes) -> str:
    """Return bytes as the text that a reader of text could be given, lone surrogates among it."""
    try:
        return untrusted.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return untrusted.decode("latin-1")


def as_bytes(text: str, untrusted: bytes) -> bytes:
    """Return text as it was given to `as_text`."""
    return untrusted if text == as_text(untrusted) else text.encode("utf-8", "surrogatepass")


def _container(untrusted: bytes) -> bytes:
    found = container.unpack(untrusted, max_k=MAX_K)
    return container.pack(found.report, found.files, max_k=MAX_K)


def _header(untrusted: bytes) -> bytes:
    header = envelope.parse_header(untrusted)
    written = envelope.write_header(header.stanzas, bytes(16))[: len(header.authenticated)]
    return written + b" " + envelope.encode_base64(header.mac) + b"\n" + untrusted[header.size :]


def _base64(untrusted: bytes) -> bytes:
    return envelope.encode_base64(envelope.decode_base64(untrusted))


def _bech32(untrusted: bytes) -> bytes:
    return as_bytes(bech32_encode(*bech32_decode(as_text(untrusted))), untrusted)


def _recipient(untrusted: bytes) -> bytes:
    return as_bytes(str(Recipient.parse(as_text(untrusted))), untrusted)


def _identity(untrusted: bytes) -> bytes:
    return as_bytes(Identity.parse(as_text(untrusted)).text(), untrusted)


def write_entry(entry: entries.Entry) -> bytes:
    """Return the entry that says this."""
    if entry.kind == "call":
        return entries.call_entry(world.CALL, entry.digest)
    if entry.kind == "report":
        return entries.report_entry(entry.digest, entry.handle)
    if entry.kind == "withdraw":
        entries.check_withdraw(entry)
        return entries.withdraw_entry(entry.handle, entry.withdraw)
    return entries.close_entry() if entry.kind == "close" else entries.destroy_entry()


def _entry(untrusted: bytes) -> bytes:
    return write_entry(entries.parse_entry(untrusted))


def _log(untrusted: bytes) -> bytes:
    read = entries.unframe(untrusted)
    call = entries.parse_entry(read[0]).digest if read else b""
    log = entries.check_entries(read, call=world.CALL, call_sha256=call or bytes(32))
    if log.size != len(read):
        raise AssertionError("The log has another size than its entries.")
    return entries.frame(write_entry(entries.parse_entry(entry)) for entry in read)


def _frontier(untrusted: bytes) -> bytes:
    return merkle.Frontier.from_bytes(untrusted).to_bytes()


def _vkey(untrusted: bytes) -> bytes:
    return as_bytes(str(notes.VerifierKey.parse(as_text(untrusted))), untrusted)


def _signer(untrusted: bytes) -> bytes:
    """A private key stands in a file, which ends in a line end or does not."""
    line = notes.SignerKey.parse(as_text(untrusted)).line()
    return as_bytes(line + "\n" if untrusted.endswith(b"\n") else line, untrusted)


def _note(untrusted: bytes) -> bytes:
    return world.LOG_KEY.sign(world.LOG_KEY.vkey.open(untrusted, alone=True))


def _signed_text(untrusted: bytes) -> bytes:
    """Take the bytes as a text that the log key signs: a server can sign whatever it likes."""
    try:
        note = world.LOG_KEY.sign(untrusted)
    except ValueError:
        raise ReportError("No note can have this text.") from None
    vkey = world.LOG_KEY.vkey
    if untrusted.startswith(f"{world.ORIGIN}/promise".encode()):
        return notes.parse_promise(note, vkey, world.ORIGIN).text()
    return notes.parse_checkpoint(note, vkey, world.ORIGIN).text()


def _signature(untrusted: bytes) -> bytes:
    comment = minisign.verify(MESSAGE, untrusted, world.SIGNING.public_key)
    return world.SIGNING.sign(MESSAGE, trusted_comment=comment).encode()


def _public_key(untrusted: bytes) -> bytes:
    number, key = minisign.parse_public_key(as_text(untrusted))
    return as_bytes(base64.b64encode(b"Ed" + number + key.public_bytes_raw()).decode(), untrusted)


def _reply(untrusted: bytes) -> bytes:
    """Take the bytes as what is sealed in a record: reviewers could seal whatever they like."""
    cipher, associated = ChaCha20Poly1305(world.REPLY_KEY), f"saksei/v1 reply\n{world.CALL}\n{world.HANDLE.hex()}\n".encode()
    record = world.HANDLE + bytes(12) + cipher.encrypt(bytes(12), untrusted, associated)
    reply = replies.open_reply(record, call=world.CALL, reply_key=world.REPLY_KEY)
    written = replies.seal_reply(reply or "", call=world.CALL, handle=world.HANDLE, reply_key=world.REPLY_KEY)
    return cipher.decrypt(written[32:44], written[44:], associated)


def _round(untrusted: bytes) -> bytes:
    return bytes(replies.Round.parse(untrusted).records)


def _key(untrusted: bytes) -> bytes:
    """White space around a key file is let pass (F11.8), and what is inside is canonical JSON."""
    keyfile.key_call(untrusted)
    keyfile.key_recipient(untrusted)
    return untrusted.replace(untrusted.strip(), canonical.dumps(canonical.loads(untrusted.strip())), 1)


def _share(untrusted: bytes) -> bytes:
    return shares.parse_share(untrusted).to_text().encode()


def _call(untrusted: bytes) -> bytes:
    return canonical.dumps(callfile.parse_call_file(untrusted).document)


def _sums(untrusted: bytes) -> bytes:
    signing, call_json = world.SIGNING, least_call()
    form = callfile.check_signed(call_json, untrusted, signing.sign(untrusted).encode(), signing.public_key)
    line = f"{hashlib.sha256(call_json).hexdigest()}  call.json\n".encode()
    return line if form is None else line + f"{form.hex()}  form.html\n".encode()


def _zip(untrusted: bytes) -> bytes:
    reader, out = zip64.Reader(io.BytesIO(untrusted)), io.BytesIO()
    writer = zip64.Writer(out)
    while (member := reader.next()) is not None:
        content = b"".join(map(bytes, reader.chunks(member)))
        writer.add(member.name, member.size, (content,))
    writer.finish()
    return out.getvalue()


def _member(untrusted: bytes) -> bytes:
    name = as_text(untrusted)
    kind, size, rest = members.place(name)
    if kind == members.CHECKPOINTS:
        return members.checkpoint_name(size).encode()
    if kind == members.TOKENS:
        return members.token_name(size, rest).encode()
    if kind == members.ENVELOPES:
        return members.envelope_name(bytes.fromhex(rest)).encode()
    return as_bytes(name, untrusted)


READERS = {
    "canonical": Reader(("canonical.loads",), (("canonical", "read", "json"),), lambda data: canonical.dumps(canonical.loads(data))),
    "report": Reader(("report.parse_report",), (("report", "parse", "json"),), lambda data: report.parse_report(data).to_bytes()),
    "container": Reader(("container.unpack",), (("container", "unpack", "container"),), _container),
    "header": Reader(("envelope.parse_header",), (("envelope", "check", "envelope"),), _header),
    "base64": Reader(("envelope.decode_base64",), (), _base64),
    "bech32": Reader(("recipients.bech32_decode",), (("recipient", "recipient", "text"),), _bech32),
    "recipient": Reader(("recipients.Recipient.parse",), (("recipient", "recipient", "text"),), _recipient),
    "identity": Reader(("opening.Identity.parse",), (("recipient", "identity", "text"),), _identity),
    "entry": Reader(("entries.parse_entry",), (("entries", "parse", "entry"),), _entry),
    "log": Reader(("entries.unframe", "entries.check_entries"), (("entries", "unframe", "framed"),), _log),
    "frontier": Reader(("merkle.Frontier.from_bytes",), (), _frontier),
    "vkey": Reader(("notes.VerifierKey.parse",), (("note", "vkey", "line"),), _vkey),
    "signer": Reader(("notes.SignerKey.parse",), (("note", "signer", "line"),), _signer),
    "note": Reader(("notes.VerifierKey.open",), (("note", "open", "note"), ("note", "checkpoint", "note")), _note),
    "signed": Reader(("notes.parse_checkpoint", "notes.parse_promise"), (("note", "sign", "text"),), _signed_text),
    "signature": Reader(("minisign.verify",), (("minisign", "verify", "signature"),), _signature),
    "public-key": Reader(("minisign.parse_public_key",), (("minisign", "public-key", "line"),), _public_key),
    "reply": Reader(("replies.open_reply",), (), _reply),
    "round": Reader(("replies.Round.parse",), (("reply", "round", "round"),), _round),
    "key": Reader(("keyfile.key_call", "keyfile.key_recipient", "keyfile.open_key"), (("key", "read", "file"),), _key),
    "share": Reader(("shares.parse_share",), (("share", "parse", "share"),), _share),
    "call": Reader(("callfile.parse_call_file",), (("call", "read", "json"),), _call),
    "sums": Reader(("callfile.check_signed",), (("call", "signed", "sums"),), _sums),
    "zip": Reader(("zip64.Reader.next",), (("bundle", "open", "bundle"),), _zip),
    "member": Reader(("members.place",), (), _member),
}
"""By name."""
