"""The keys of a call that runs are never exchanged, and whoever tries is told why."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import pytest

from crypto import canonical
from crypto.errors import ManifestError, SignatureError
from crypto.opening import Identity
from reviewer.custody import sums_file
from reviewer.reissue import reissue_call
from reviewer.rotation import KEYS_STAY, saying_why
from tests.reviewer.world import HOST, PASSPHRASE, call_yaml

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.reviewer.conftest import Ran


def contents(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def with_other_key(built: Path) -> bytes:
    """call.json as it would be, had the reviewers another key; written into the folder."""
    path = built / "server" / "call.json"
    document = json.loads(path.read_bytes())
    with Identity.generate() as identity:
        document["recipients"] = [str(identity.recipient)]
    path.write_bytes(canonical.dumps(document))
    return path.read_bytes()


@pytest.mark.parametrize("inside", ["", "server"])
def test_build_into_a_call_says_why(run: Callable[..., Ran], built: Path, tmp_path: Path, inside: str) -> None:
    definition = tmp_path / "call.yaml"
    definition.write_text(call_yaml())
    before = contents(built)
    ran = run("call", "build", definition, "--host", HOST, "--out", built / inside, "--kdf-memory-mib", 64)
    assert (ran.code, ran.word) == (2, "usage")
    assert KEYS_STAY in ran.err
    assert contents(built) == before


def test_build_elsewhere_needs_no_reason(run: Callable[..., Ran], tmp_path: Path) -> None:
    """The twin: what is there is no call."""
    definition, there = tmp_path / "call.yaml", tmp_path / "there"
    definition.write_text(call_yaml())
    there.mkdir()
    ran = run("call", "build", definition, "--host", HOST, "--out", there, "--kdf-memory-mib", 64)
    assert (ran.code, ran.word) == (2, "usage")
    assert KEYS_STAY not in ran.err


def test_reissue_with_other_key_says_why(run: Callable[..., Ran], built: Path) -> None:
    with_other_key(built)
    before = contents(built)
    ran = run("call", "reissue", built)
    assert (ran.code, ran.word) == (1, "manifest")
    assert KEYS_STAY in ran.err
    assert contents(built) == before


def test_sums_for_the_other_key_do_not_help(built: Path) -> None:
    changed = with_other_key(built)
    (built / "server" / "SHA256SUMS").write_bytes(sums_file(changed, (built / "server" / "form.html").read_bytes()))
    with pytest.raises(SignatureError, match="never exchanged"):
        reissue_call(built, PASSPHRASE)


def test_same_key_is_reissued(built: Path, tmp_path: Path) -> None:
    """The twin: the folder as it was, moved by way of a copy."""
    assert reissue_call(shutil.copytree(built, tmp_path / "copy"), PASSPHRASE).call == "invented"


def test_other_errors_stay_as_they_are() -> None:
    with pytest.raises(ValueError, match=r"^else$"), saying_why():
        raise ValueError("else")
    with pytest.raises(ManifestError, match=r"^It is another\. The keys"), saying_why():
        raise ManifestError("It is another.")
