"""Whatever the writers of `crypto` write, its readers take and write again, for values that Hypothesis makes up; and any bytes at all.

Beside test_malleability.py, which changes good inputs and asks that they are refused or written again: here nothing may be refused that has
been written, and every reader is given bytes that have nothing to do with it.
"""

from __future__ import annotations

import base64
import hashlib
import io
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crypto import canonical, container, entries, envelope, keyfile, members, merkle, minisign, notes, replies, shares, zip64
from crypto.opening import Identity
from crypto.recipients import bech32_encode
from tests.crypto.test_malleability import keeps_one_spelling
from tests.fuzz.readers import MAX_K, READERS, Reader
from tests.vectors import world
from tests.vectors.written.call import changed as least_call
from tests.vectors.written.minisign import MESSAGE

hashes = st.binary(min_size=32, max_size=32)
texts = st.text(st.characters(exclude_characters="\0", codec="utf-8"), max_size=60)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-canonical.INTEGER_LIMIT, canonical.INTEGER_LIMIT) | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)
names = st.text(st.characters(codec="utf-8"), min_size=1, max_size=20).filter(
    lambda name: not any(char.isspace() or char < " " or char == "+" for char in name)
)
lines = st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), max_size=40)
call_ids = st.from_regex("[a-z0-9-]{1,40}", fullmatch=True)
sizes = st.integers(1, 10**16 - 1)
SHARES = world.fixture("shares.json")


@st.composite
def logs(draw: st.DrawFn) -> bytes:
    """Some reports, some of them withdrawn, perhaps the close, then perhaps late reports, withdrawals and the end."""
    before = draw(st.lists(st.integers(0, 9), unique=True))
    gone = draw(st.lists(st.sampled_from(before), unique=True)) if before else []
    log = [entries.call_entry(world.CALL, draw(hashes)), *map(world.reported, before), *map(world.withdrawn, gone)]
    if draw(st.booleans()):
        late = draw(st.lists(st.integers(10, 15), unique=True))
        log += [entries.close_entry(), *map(world.reported, late), *map(world.withdrawn, late[::2])]
        log += [entries.destroy_entry()] * draw(st.integers(0, 1))
    return entries.frame(log)


@st.composite
def frontiers(draw: st.DrawFn) -> bytes:
    frontier = merkle.Frontier()
    frontier.extend(draw(st.lists(hashes, max_size=40)))
    return frontier.to_bytes()


@st.composite
def key_files(draw: st.DrawFn) -> bytes:
    """A key file as it would be, but for what is sealed in it: sealing takes 64 MiB."""

    def encoded(size: int) -> str:
        return base64.b64encode(draw(st.binary(min_size=size, max_size=size))).decode()

    cost = {
        "m_kib": draw(st.integers(keyfile.MIN_M_KIB, keyfile.MAX_M_KIB)),
        "t": draw(st.integers(1, keyfile.MAX_PASSES)),
        "p": draw(st.integers(1, keyfile.MAX_LANES)),
    }
    kdf: dict[str, canonical.JsonValue] = {"name": "argon2id", "version": 19, "salt": encoded(16), **cost}
    public = str(Identity(draw(hashes)).recipient)
    written: dict[str, canonical.JsonValue] = {"format": keyfile.FORMAT, "call": draw(call_ids), "public": public, "kdf": kdf}
    return canonical.dumps({**written, "nonce": encoded(12), "sealed": encoded(48)})


@st.composite
def share_files(draw: st.DrawFn) -> bytes:
    words, threshold, count = draw(st.sampled_from([("printed", 2, 3), ("three_of_five", 3, 5), ("sixteen", 16, 16)]))
    index = draw(st.integers(1, count))
    count = draw(st.integers(count, shares.MAX_COUNT))  # the words do not know it
    fingerprint = draw(st.from_regex("[0-9]{30}", fullmatch=True))
    sentence = tuple(SHARES[words][index - 1].split(" "))
    return shares.Share(draw(call_ids), fingerprint, index, count, threshold, sentence).to_text().encode()


def zip_file(written: list[tuple[str, bytes]]) -> bytes:
    out = io.BytesIO()
    writer = zip64.Writer(out)
    for name, content in written:
        writer.add(name, len(content), (content,))
    writer.finish()
    return out.getvalue()


def reply(text: str) -> bytes:
    content = text.encode()
    return (len(content).to_bytes(2, "big") + content).ljust(replies.MAX_REPLY + 2, b"\0")


def sums(form: bytes | None) -> bytes:
    line = f"{hashlib.sha256(least_call()).hexdigest()}  call.json\n"
    return (line if form is None else f"{line}{form.hex()}  form.html\n").encode()


def report(answers: dict[str, Any]) -> bytes:
    return canonical.dumps(world.report_document(answers=answers))


stanzas = st.builds(
    envelope.Stanza,
    st.lists(st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1).map(str.encode), min_size=1, max_size=4).map(tuple),
    st.binary(max_size=150),
)
WRITTEN: dict[str, st.SearchStrategy[bytes]] = {
    "canonical": values.map(canonical.dumps),
    "report": st.dictionaries(
        texts.filter(bool), texts | st.integers(-9, 9) | st.lists(texts) | st.lists(st.integers(1, 99)), max_size=4
    ).map(report),
    "container": st.builds(container.pack, st.binary(max_size=2000), st.lists(st.binary(max_size=2000), max_size=4), max_k=st.just(MAX_K)),
    "header": st.builds(envelope.write_header, st.lists(stanzas, min_size=1, max_size=3), st.binary(min_size=16, max_size=16)),
    "base64": st.binary(max_size=100).map(envelope.encode_base64),
    "bech32": st.builds(bech32_encode, st.sampled_from(["age1pq", "a", "1x1"]), st.binary(max_size=100)).map(str.encode),
    "recipient": hashes.map(lambda seed: str(Identity(seed).recipient).encode()),
    "identity": hashes.map(lambda seed: Identity(seed).text().encode()),
    "entry": st.builds(entries.report_entry, hashes, hashes)
    | st.builds(entries.call_entry, st.just(world.CALL), hashes)
    | hashes.map(lambda secret: entries.withdraw_entry(hashlib.sha256(secret).digest(), secret))
    | st.sampled_from([entries.close_entry(), entries.destroy_entry()]),
    "log": logs(),
    "frontier": frontiers(),
    "vkey": st.builds(notes.VerifierKey, names, hashes).map(lambda key: str(key).encode()),
    "signer": st.builds(notes.SignerKey, names, hashes).map(lambda key: key.line().encode()),
    "note": st.lists(lines, min_size=1).map(lambda text: world.LOG_KEY.sign("".join(f"{line}\n" for line in text).encode())),
    "signed": st.builds(notes.Checkpoint, st.just(world.ORIGIN), st.integers(0, canonical.INTEGER_LIMIT), hashes).map(notes.Checkpoint.text)
    | st.builds(notes.Promise, st.just(world.ORIGIN), hashes, st.integers(0, canonical.INTEGER_LIMIT)).map(notes.Promise.text),
    "signature": lines.map(lambda comment: world.SIGNING.sign(MESSAGE, trusted_comment=comment).encode()),
    "public-key": st.builds(minisign.SecretKey, st.binary(min_size=8, max_size=8), hashes).map(lambda key: key.public_key.encode()),
    "reply": st.text(max_size=900).map(reply),
    "round": st.sets(hashes, max_size=4).map(lambda handles: replies.build_round(world.CALL, handles, {})),
    "key": key_files(),
    "share": share_files(),
    "call": st.dictionaries(texts.map(lambda key: f"x{key}"), values, max_size=3).map(lambda more: least_call(**more)),
    "sums": (st.none() | hashes).map(sums),
    "zip": st.lists(st.tuples(st.text(st.characters(max_codepoint=127), max_size=128), st.binary(max_size=200)), max_size=4).map(zip_file),
    "member": st.sampled_from([members.CALL, members.SUMS, members.SIGNATURE, members.FORM, members.ENTRIES, members.PENDING]).map(
        str.encode
    )
    | sizes.map(lambda size: members.checkpoint_name(size).encode())
    | st.builds(members.token_name, sizes, call_ids).map(str.encode)
    | hashes.map(lambda digest: members.envelope_name(digest).encode()),
}
"""What the writer of each reader writes."""


@pytest.mark.parametrize("name", READERS)
@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_written_is_read_and_written_again(name: str, data: st.DataObject) -> None:
    content = data.draw(WRITTEN[name])
    assert READERS[name].again(content) == content


@pytest.mark.parametrize("name", READERS)
@settings(max_examples=60)
@given(content=st.binary(max_size=600))
def test_any_bytes_are_written_again_or_refused(name: str, content: bytes) -> None:
    assert keeps_one_spelling(READERS[name], content)


def test_every_reader_has_a_writer() -> None:
    assert WRITTEN.keys() == READERS.keys()


def test_twin_a_reader_that_loses_something_is_noticed() -> None:
    careless = Reader((), (), lambda untrusted: untrusted.replace(b"\0", b""))
    assert careless.again(b"\0") != b"\0"
    assert not keeps_one_spelling(careless, b"\0")
