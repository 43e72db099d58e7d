"""RFC 3161 tokens of a local authority, made by the openssl command line."""

from __future__ import annotations

import base64
import datetime
import hashlib
import io
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto import bundle, canonical, entries, merkle, timestamps
from crypto.errors import SignatureError
from crypto.minisign import SecretKey
from crypto.notes import Checkpoint, SignerKey
from tests.crypto.authority import NEW_KEY, Authority

if TYPE_CHECKING:
    from pathlib import Path

MESSAGE = b"the bytes of a checkpoint\n"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority.found(tmp_path_factory.mktemp("authority") / "tsa")


@pytest.fixture(scope="module")
def token(authority: Authority) -> bytes:
    return authority.token(MESSAGE)


@pytest.mark.parametrize("hashed", ["-sha256", "-sha512"])
def test_token_tells_its_time(authority: Authority, hashed: str) -> None:
    before = datetime.datetime.now(datetime.UTC).timestamp()
    time = timestamps.token_time(authority.token(MESSAGE, hashed=hashed), MESSAGE, authority.certificate)
    assert before - 2 < time < before + 60


def test_certificate_may_be_base64(authority: Authority, token: bytes) -> None:
    lines = authority.certificate.strip().split("\n")[1:-1]
    one_line = "".join(lines)
    assert base64.b64decode(one_line)
    assert timestamps.token_time(token, MESSAGE, one_line) == timestamps.token_time(token, MESSAGE, authority.certificate)


@pytest.mark.parametrize("junk", ["!", "\n", " ", "-"])
def test_base64_of_a_certificate_has_no_junk(authority: Authority, token: bytes, junk: str) -> None:
    one_line = "".join(authority.certificate.strip().split("\n")[1:-1])
    with pytest.raises(SignatureError):
        timestamps.token_time(token, MESSAGE, one_line[:40] + junk + one_line[40:])


@pytest.mark.parametrize("certificate", ["", "x", "AAAA", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "ក"])
def test_unreadable_certificate_is_refused(token: bytes, certificate: str) -> None:
    with pytest.raises(SignatureError):
        timestamps.token_time(token, MESSAGE, certificate)


def test_token_over_other_bytes_is_refused(authority: Authority, token: bytes) -> None:
    with pytest.raises(SignatureError):
        timestamps.token_time(token, MESSAGE + b"\n", authority.certificate)


def test_token_of_another_authority_is_refused(tmp_path: Path, token: bytes) -> None:
    with pytest.raises(SignatureError):
        timestamps.token_time(token, MESSAGE, Authority.found(tmp_path / "other").certificate)


def test_trust_is_in_a_root(authority: Authority, token: bytes) -> None:
    # The signer's own certificate is not one that a chain ends in.
    with pytest.raises(SignatureError):
        timestamps.token_time(token, MESSAGE, (authority.folder / "tsa.pem").read_text())


def test_only_a_root_is_a_root(authority: Authority) -> None:
    timestamps.require_root(authority.certificate)
    authority.openssl("req", "-x509", *NEW_KEY, "-keyout", "own.key", "-out", "own.pem", "-days", "9", "-extensions", "tsa")
    authority.openssl("req", "-x509", *NEW_KEY, "-keyout", "bare.key", "-out", "bare.pem", "-days", "9", "-extensions", "bare")
    for name in ("tsa.pem", "own.pem", "bare.pem"):
        with pytest.raises(SignatureError):
            timestamps.require_root((authority.folder / name).read_text())


@given(cut=st.integers(0, 900), flip=st.integers(0, 7))
def test_damaged_token_is_refused_or_the_same(authority: Authority, token: bytes, cut: int, flip: int) -> None:
    true = timestamps.token_time(token, MESSAGE, authority.certificate)
    at = cut % len(token)
    damaged = token[:at] + bytes([token[at] ^ (1 << flip)]) + token[at + 1 :]
    try:
        # A few bytes stand outside what is signed; changing them changes nothing that is believed.
        assert timestamps.token_time(damaged, MESSAGE, authority.certificate) == true
    except SignatureError:
        assert damaged != token


@given(token=st.binary(max_size=300))
def test_any_bytes_are_refused_with_a_word(authority: Authority, token: bytes) -> None:
    with pytest.raises(SignatureError):
        timestamps.token_time(token, MESSAGE, authority.certificate)


def test_query_is_the_one_openssl_answers(authority: Authority, tmp_path: Path) -> None:
    """It asks for the certificates, so that the answer verifies with the root alone; and the same bytes give the same query."""
    query = timestamps.token_query(MESSAGE)
    assert query == timestamps.token_query(MESSAGE) != timestamps.token_query(MESSAGE + b"x")
    token = authority.answer(query)
    assert timestamps.token_time(token, MESSAGE, authority.certificate) > 0
    assert timestamps.stamped(token, [b"another", MESSAGE]) == MESSAGE


@pytest.mark.parametrize("hashed", ["-sha256", "-sha384", "-sha512"])
def test_token_tells_what_it_is_over(authority: Authority, hashed: str) -> None:
    token = authority.token(MESSAGE, hashed=hashed)
    assert timestamps.stamped(token, [MESSAGE + b"x", MESSAGE]) == MESSAGE
    assert timestamps.stamped(token, [MESSAGE + b"x"]) is None


@given(token=st.binary(max_size=300))
def test_any_bytes_are_over_nothing(token: bytes) -> None:
    with pytest.raises(SignatureError):
        timestamps.stamped(token, [MESSAGE])


def test_refused_query_is_no_token(authority: Authority) -> None:
    """An authority that answers, and says no: a response without a token."""
    refusal = authority.answer(
        timestamps.token_query(MESSAGE).replace(bytes.fromhex("0609608648016503040201"), bytes.fromhex("0609608648016503040204"))
    )
    for read in (lambda: timestamps.stamped(refusal, [MESSAGE]), lambda: timestamps.token_time(refusal, MESSAGE, authority.certificate)):
        with pytest.raises(SignatureError):
            read()


def test_bundle_with_a_token_proves_the_time(authority: Authority) -> None:
    signing, key = SecretKey.generate(), SignerKey.generate("intake.example/demo")
    now = int(datetime.datetime.now(datetime.UTC).timestamp())
    definition: dict[str, canonical.JsonValue] = {
        "v": 1,
        "call": "demo",
        "host": "intake.example",
        "deadline": now,
        "grace_seconds": 600,
        "log_vkey": str(key.vkey),
    }
    trusted: list[canonical.JsonValue] = [{"name": "tsa", "url": "http://tsa.example", "certificate": authority.certificate}]
    call_json = canonical.dumps({**definition, "signing_key": signing.public_key, "timestamp_authorities": trusted})
    digest = hashlib.sha256(b"sealed").digest()
    call_entry = entries.call_entry("demo", hashlib.sha256(call_json).digest())
    log = [call_entry, entries.report_entry(digest, hashlib.sha256(bytes(32)).digest())]
    note = key.sign(Checkpoint("intake.example/demo", 2, merkle.root(list(map(merkle.leaf_hash, log)))).text())
    sums = f"{hashlib.sha256(call_json).hexdigest()}  call.json\n".encode()
    content = {
        "call.json": call_json,
        "SHA256SUMS": sums,
        "SHA256SUMS.minisig": signing.sign(sums).encode(),
        "log/entries": entries.frame(log),
        "log/pending": b"",
        bundle.checkpoint_name(2): note,
        bundle.token_name(2, "tsa"): authority.token(note),
        bundle.envelope_name(digest): b"sealed",
    }
    out = io.BytesIO()
    bundle.write_bundle(out, [bundle.Member.of(*member) for member in content.items()], key, "intake.example/demo")
    result = bundle.open_bundle(out)
    assert [found.outcome for found in result.outcomes] == ["on-time-proven"]
    assert [(proof.size, proof.authority, proof.time is not None) for proof in result.tokens] == [(2, "tsa", True)]
