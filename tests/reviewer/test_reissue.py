"""`call reissue`: another form.html for the same call, and nothing else signed by mistake."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from crypto import minisign
from crypto.errors import KeyOpenError, ManifestError, SignatureError
from form.offline import offline_form
from questionnaire.loader import parse_definition
from questionnaire.models import load_call
from reviewer.custody import build_call, sums_file
from reviewer.errors import OtherCallError, UsageError
from reviewer.reissue import reissue_call
from tests.reviewer.conftest import SMALL, Ran
from tests.reviewer.world import HOST, PASSPHRASE, call_yaml

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

OLD_FORM = b"<!doctype html>the form of last year"


def signing_key(built: Path) -> minisign.SecretKey:
    return minisign.SecretKey.parse((built / "private" / "signing.key").read_text(), PASSPHRASE)


def sign(built: Path, sums: bytes) -> None:
    """Let SHA256SUMS be these bytes, signed by the call's own key."""
    (built / "server" / "SHA256SUMS").write_bytes(sums)
    (built / "server" / "SHA256SUMS.minisig").write_text(signing_key(built).sign(sums))


@pytest.fixture
def aged(built: Path) -> Path:
    """The folder as older software made it: another form.html, signed."""
    (built / "server" / "form.html").write_bytes(OLD_FORM)
    sign(built, sums_file((built / "server" / "call.json").read_bytes(), OLD_FORM))
    return built


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_mended_form_is_signed(run: Callable[..., Ran], aged: Path) -> None:
    before = contents(aged)
    ran = run("call", "reissue", aged)
    after, server = contents(aged), aged / "server"
    assert ran.code == 0
    assert {name for name in after if after[name] != before[name]} == {"server/form.html", "server/SHA256SUMS", "server/SHA256SUMS.minisig"}
    assert after.keys() == before.keys()
    assert after["server/form.html"] == offline_form(before["server/call.json"])
    assert hashlib.sha256(after["server/form.html"]).hexdigest() in ran.out
    minisign.verify(after["server/SHA256SUMS"], after["server/SHA256SUMS.minisig"], load_call(before["server/call.json"]).signing_key)
    for program, *arguments in (
        ("minisign", "-V", "-H", "-p", aged / "private" / "signing.pub", "-m", "SHA256SUMS"),
        ("sha256sum", "--check", "--strict", "SHA256SUMS"),
    ):
        found = shutil.which(program)
        assert found is not None, f"{program} is needed"
        assert subprocess.run([found, *arguments], cwd=server, capture_output=True, check=False).returncode == 0


def test_same_form_stays_as_it_is(run: Callable[..., Ran], built: Path) -> None:
    before = contents(built)
    ran = run("call", "reissue", built, "--json")
    assert ran.document["mended"] is False
    assert set(ran.document) == {"call", "call_sha256", "form_sha256", "mended"}
    assert contents(built) == before


def test_form_can_be_added_later(built: Path) -> None:
    """A call that was made without form.html is given one."""
    call_bytes = (built / "server" / "call.json").read_bytes()
    (built / "server" / "form.html").unlink()
    sign(built, f"{hashlib.sha256(call_bytes).hexdigest()}  call.json\n".encode())
    assert reissue_call(built, PASSPHRASE).mended
    assert (built / "server" / "form.html").read_bytes() == offline_form(call_bytes)


@pytest.mark.parametrize("done", [("form.html",), ("form.html", "SHA256SUMS.minisig")], ids=["form", "form and signature"])
def test_cut_off_reissue_is_finished(aged: Path, tmp_path: Path, done: tuple[str, ...]) -> None:
    whole = tmp_path / "whole"
    shutil.copytree(aged, whole)
    reissue_call(whole, PASSPHRASE)
    for name in done:
        shutil.copy(whole / "server" / name, aged / "server" / name)
    reissue_call(aged, PASSPHRASE)
    assert contents(aged) == contents(whole)


def test_modes_stay_private(aged: Path) -> None:
    reissue_call(aged, PASSPHRASE)
    assert {path.stat().st_mode & 0o777 for path in (aged / "server").iterdir()} == {0o600}


@pytest.fixture
def other(tmp_path: Path) -> Path:
    """Another call, by other keys under the same passphrase."""
    out = tmp_path / "other"
    build_call(parse_definition(call_yaml(), "call.yaml"), host=HOST, out=out, passphrase=PASSPHRASE, cost=SMALL)
    return out


def test_other_signing_key_is_refused(aged: Path, other: Path) -> None:
    shutil.copy(other / "private" / "signing.key", aged / "private" / "signing.key")
    before = contents(aged)
    with pytest.raises(OtherCallError):
        reissue_call(aged, PASSPHRASE)
    assert contents(aged) == before


def test_changed_call_json_is_refused(aged: Path) -> None:
    """The twin of test_mended_form_is_signed: the same folder with one letter of the call changed."""
    path = aged / "server" / "call.json"
    path.write_bytes(path.read_bytes().replace(b"Tell us.", b"Tell me."))
    before = contents(aged)
    with pytest.raises(ManifestError):
        reissue_call(aged, PASSPHRASE)
    assert contents(aged) == before


def test_exchanged_call_is_refused(aged: Path, other: Path) -> None:
    """A whole call of somebody else, signed by them, laid in the place of ours."""
    for path in (other / "server").iterdir():
        shutil.copy(path, aged / "server" / path.name)
    with pytest.raises(OtherCallError):
        reissue_call(aged, PASSPHRASE)


def test_unsigned_sums_are_refused(aged: Path, other: Path) -> None:
    sums = sums_file((aged / "server" / "call.json").read_bytes(), OLD_FORM)
    (aged / "server" / "SHA256SUMS.minisig").write_text(signing_key(other).sign(sums))
    with pytest.raises(SignatureError):
        reissue_call(aged, PASSPHRASE)


def test_changed_call_with_new_sums(aged: Path) -> None:
    """Sums made to fit a changed call are not what the key signed."""
    path = aged / "server" / "call.json"
    path.write_bytes(path.read_bytes().replace(b"Tell us.", b"Tell me."))
    (aged / "server" / "SHA256SUMS").write_bytes(sums_file(path.read_bytes(), OLD_FORM))
    with pytest.raises(SignatureError):
        reissue_call(aged, PASSPHRASE)


def test_wrong_passphrase_is_refused(aged: Path) -> None:
    before = contents(aged)
    with pytest.raises(KeyOpenError):
        reissue_call(aged, "not this one")
    assert contents(aged) == before


@pytest.mark.parametrize("name", ["server/call.json", "server/SHA256SUMS", "server/SHA256SUMS.minisig", "private/signing.key"])
def test_missing_file_is_told(aged: Path, name: str) -> None:
    (aged / name).unlink()
    with pytest.raises(UsageError):
        reissue_call(aged, PASSPHRASE)
