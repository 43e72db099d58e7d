"""`call build --shares`, `combine`, `rehearse`: a key that nobody has alone, and the way back to it."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from crypto import shares
from crypto.errors import ShareError
from crypto.keyfile import key_recipient
from crypto.opening import Identity
from crypto.receipts import Receipt
from crypto.recipients import Recipient
from questionnaire.loader import parse_definition
from questionnaire.models import load_call
from reviewer import sharing
from reviewer.custody import build_call
from reviewer.errors import UsageError
from reviewer.sharing import Scheme
from tests.reviewer.conftest import SMALL, Ran
from tests.reviewer.world import CALL_ID, HOST, PASSPHRASE, Server, call_yaml

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Command = Callable[..., Ran]


@pytest.fixture(scope="session")
def shared_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("shared") / "call"
    scheme = Scheme(2, 3)
    build_call(parse_definition(call_yaml(), "call.yaml"), host=HOST, out=out, passphrase=PASSPHRASE, cost=SMALL, shares=scheme)
    return out


@pytest.fixture
def shared(shared_once: Path, tmp_path: Path) -> Path:
    """The folder of a call whose key is in three shares, any two of which bring it back."""
    return shutil.copytree(shared_once, tmp_path / "shared")


def share(folder: Path, number: int) -> Path:
    return folder / "private" / f"share-{number}-of-3.txt"


def recipient(folder: Path) -> Recipient:
    return Recipient.parse(load_call((folder / "server" / "call.json").read_bytes()).recipients[0])


@pytest.fixture
def foreign(tmp_path: Path) -> Path:
    """Share 2 of 3 of another key of the same call id."""
    with Identity.generate() as identity:
        files = sharing.share_files(identity, call=CALL_ID, scheme=Scheme(2, 3))
    path = tmp_path / "foreign.txt"
    path.write_bytes(files["share-2-of-3.txt"])
    return path


def test_shares_stand_in_place_of_the_key(shared: Path) -> None:
    assert sorted(path.name for path in (shared / "private").iterdir()) == [
        *(f"share-{number}-of-3.txt" for number in (1, 2, 3)),
        "signing.key",
        "signing.pub",
    ]
    assert {path.stat().st_mode & 0o777 for path in (shared / "private").iterdir()} == {0o600}


def test_share_names_call_and_fingerprint(shared: Path) -> None:
    first, call, fingerprint, place, _ = share(shared, 2).read_text().splitlines()
    assert (first, call, fingerprint) == ("saksei/v1 share", CALL_ID, recipient(shared).fingerprint())
    assert place == "share 2 of 3, any 2"


def test_share_prints_anywhere(shared: Path) -> None:
    text = share(shared, 1).read_bytes().decode("ascii")
    assert all(" " <= character <= "~" or character == "\n" for character in text)


def test_build_takes_the_option(run: Command, tmp_path: Path) -> None:
    definition, out = tmp_path / "call.yaml", tmp_path / "out"
    definition.write_text(call_yaml())
    ran = run("call", "build", definition, "--host", HOST, "--out", out, "--kdf-memory-mib", 64, "--shares", "3-of-5")
    assert ran.code == 0
    assert "any 3 of the 5" in ran.out
    assert len(list((out / "private").glob("share-?-of-5.txt"))) == 5
    assert not (out / "private" / "call.key").exists()
    words = (out / "private" / "share-1-of-5.txt").read_text().splitlines()[4]
    assert words not in ran.out + ran.err


@pytest.mark.parametrize("text", ["3", "3of5", "3-of-", "1-of-5", "6-of-5", "2-of-17", "03-of-5", "three-of-five", "٣-of-5"])
def test_bad_scheme_is_usage(run: Command, tmp_path: Path, text: str) -> None:
    with pytest.raises(UsageError):
        Scheme.parse(text)
    definition = tmp_path / "call.yaml"
    definition.write_text(call_yaml())
    ran = run("call", "build", definition, "--host", HOST, "--out", tmp_path / "out", "--shares", text)
    assert (ran.code, ran.word) == (2, "usage")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("numbers", [(1, 2), (3, 1), (2, 3)])
def test_any_two_open_what_was_sealed(run: Command, shared: Path, tmp_path: Path, numbers: tuple[int, int]) -> None:
    server = Server(shared / "server")
    server.submit(Receipt.generate(), answers={"story": "They came at night."})
    key, out = shared / "private" / "call.key", tmp_path / "opened"
    ran = run("combine", *(share(shared, number) for number in numbers), "--out", key, "--kdf-memory-mib", 64, "--json")
    assert ran.code == 0
    assert ran.document["fingerprint"] == recipient(shared).fingerprint_groups()
    assert ran.document["indices"] == sorted(numbers)
    assert key_recipient(key.read_bytes()) == recipient(shared)
    assert key.stat().st_mode & 0o777 == 0o600
    envelope = tmp_path / "one.age"
    envelope.write_bytes(server.envelope(1))
    assert run("open", envelope, "--key", key, "--out", out).code == 0
    assert "They came at night." in (out / "report.json").read_text()


def test_combined_key_imports(run: Command, shared: Path, tmp_path: Path) -> None:
    server = Server(shared / "server")
    server.submit(Receipt.generate())
    key = shared / "private" / "call.key"
    run("combine", share(shared, 1), share(shared, 3), "--out", key, "--kdf-memory-mib", 64)
    bundle = server.export(tmp_path / "bundle.zip")
    assert run("import", bundle, "--key", key, "--workspace", tmp_path / "work", "--json").document["opened"] == 1


def test_combine_needs_its_passphrase(run: Command, shared: Path, tmp_path: Path, passphrase_file: Path) -> None:
    key = tmp_path / "new.key"
    run("combine", share(shared, 1), share(shared, 3), "--out", key, "--kdf-memory-mib", 64)
    passphrase_file.write_text("another passphrase altogether")
    envelope = tmp_path / "one.age"
    envelope.write_bytes(b"")
    assert run("open", envelope, "--key", key, "--out", tmp_path / "opened").word == "key-open"


def test_rehearsal_works_and_writes_nothing(run: Command, shared: Path, tmp_path: Path) -> None:
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    ran = run("rehearse", share(shared, 1), share(shared, 2), passphrase=False)
    assert ran.code == 0
    assert recipient(shared).fingerprint_groups() in ran.out
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


def test_rehearsal_shows_nothing_secret(run: Command, shared: Path) -> None:
    given = [share(shared, 1), share(shared, 2)]
    seed = shares.combine([shares.parse_share(path.read_bytes()) for path in given])
    with Identity.from_seed(seed) as identity:
        secrets = [seed.hex(), identity.text(), *(path.read_text().splitlines()[4] for path in given)]
    for machine in ([], ["--json"]):
        ran = run("rehearse", *given, *machine, passphrase=False)
        assert [secret for secret in secrets if secret.lower() in (ran.out + ran.err).lower()] == []


def wrong_shares(folder: Path, foreign: Path, tmp_path: Path) -> dict[str, list[Path]]:
    """Lists of files that bring nothing back, each for one reason."""
    crlf, word, last = tmp_path / "crlf.txt", tmp_path / "word.txt", tmp_path / "last.txt"
    crlf.write_bytes(share(folder, 2).read_bytes().replace(b"\n", b"\r\n"))
    text = share(folder, 2).read_text()
    words = text.splitlines()[4].split(" ")
    word.write_text(text.replace(words[20], "academic" if words[20] != "academic" else "acid"))
    last.write_text(text.removesuffix("\n"))
    huge = tmp_path / "huge.txt"
    huge.write_bytes(b"a" * 100_000)
    first = share(folder, 1)
    return {
        "too-few": [first],
        "too-many": [share(folder, number) for number in (1, 2, 3)],
        "twice": [first, first],
        "other-key": [first, foreign],
        "crlf": [first, crlf],
        "word": [first, word],
        "cut": [first, last],
        "huge": [first, huge],
        "no-share": [first, folder / "private" / "signing.pub"],
    }


REASONS = ["too-few", "too-many", "twice", "other-key", "crlf", "word", "cut", "huge", "no-share"]


@pytest.mark.parametrize("reason", REASONS)
def test_wrong_shares_are_refused(run: Command, shared: Path, foreign: Path, tmp_path: Path, reason: str) -> None:
    given = wrong_shares(shared, foreign, tmp_path)[reason]
    key = tmp_path / "new.key"
    rehearsed = run("rehearse", *given, passphrase=False)
    combined = run("combine", *given, "--out", key, "--kdf-memory-mib", 64)
    assert (rehearsed.code, rehearsed.word) == (combined.code, combined.word) == (1, "share")
    assert not key.exists()


def test_every_reason_is_tried(shared: Path, foreign: Path, tmp_path: Path) -> None:
    assert list(wrong_shares(shared, foreign, tmp_path)) == REASONS


def test_wrong_file_is_named_by_its_place(shared: Path, foreign: Path, tmp_path: Path) -> None:
    given = wrong_shares(shared, foreign, tmp_path)["word"]
    with pytest.raises(ShareError) as refused:
        sharing.read_shares(given)
    assert str(refused.value).startswith("File 2 of 2: ")
    assert str(tmp_path) not in str(refused.value)


def test_share_of_another_call_is_refused(run: Command, shared: Path, tmp_path: Path) -> None:
    """Only the call id differs: the twin of the shares that fit."""
    other = tmp_path / "other.txt"
    other.write_text(share(shared, 2).read_text().replace(f"\n{CALL_ID}\n", "\nanother\n"))
    assert run("rehearse", share(shared, 1), other, passphrase=False).word == "share"
    other.write_text(share(shared, 2).read_text())
    assert run("rehearse", share(shared, 1), other, passphrase=False).code == 0


def test_fingerprint_must_fit_the_key(run: Command, shared: Path, tmp_path: Path) -> None:
    """Whoever forges the fingerprint of enough shares is found out by the key that comes back."""
    real = recipient(shared).fingerprint()
    forged = real.replace(real[0], str((int(real[0]) + 1) % 10), 1)
    given = []
    for number in (1, 2):
        given.append(tmp_path / f"forged-{number}.txt")
        given[-1].write_text(share(shared, number).read_text().replace(real, forged))
    ran = run("combine", *given, "--out", tmp_path / "new.key", "--kdf-memory-mib", 64)
    assert (ran.code, ran.word) == (1, "share")
    assert not (tmp_path / "new.key").exists()


def test_combine_overwrites_nothing(run: Command, shared: Path) -> None:
    target = shared / "private" / "signing.key"
    before = target.read_bytes()
    assert run("combine", share(shared, 1), share(shared, 2), "--out", target, "--kdf-memory-mib", 64).code == 2
    assert target.read_bytes() == before
