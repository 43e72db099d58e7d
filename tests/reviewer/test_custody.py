"""`call build`: the folder of a call."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from crypto import canonical, minisign
from crypto.callfile import parse_call_file
from crypto.keyfile import open_key
from crypto.notes import SignerKey
from form.offline import offline_form
from questionnaire.loader import parse_definition
from questionnaire.models import load_call
from reviewer.custody import build_call, slow_seconds
from reviewer.errors import UsageError
from tests.crypto.authority import Authority
from tests.reviewer.conftest import SMALL, Ran
from tests.reviewer.world import HOST, PASSPHRASE, call_yaml

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def definition(tmp_path: Path) -> Path:
    path = tmp_path / "call.yaml"
    path.write_text(call_yaml())
    return path


def test_folder_has_these_files(built: Path) -> None:
    found = sorted(str(path.relative_to(built)) for path in built.rglob("*") if path.is_file())
    assert found == [
        "private/call.key",
        "private/signing.key",
        "private/signing.pub",
        "server/SHA256SUMS",
        "server/SHA256SUMS.minisig",
        "server/call.json",
        "server/form.html",
        "server/log.key",
    ]


def test_only_the_owner_can_read(built_once: Path) -> None:
    modes = {path.is_dir(): path.stat().st_mode & 0o777 for path in [built_once, *built_once.rglob("*")]}
    assert modes == {True: 0o700, False: 0o600}


def test_call_json_is_canonical(built: Path) -> None:
    content = (built / "server" / "call.json").read_bytes()
    assert canonical.dumps(canonical.loads(content)) == content
    assert load_call(content).call == "invented"


def test_sums_name_call_then_form(built: Path) -> None:
    digests = [hashlib.sha256((built / "server" / name).read_bytes()).hexdigest() for name in ("call.json", "form.html")]
    assert (built / "server" / "SHA256SUMS").read_text() == f"{digests[0]}  call.json\n{digests[1]}  form.html\n"


def test_stock_sha256sum_accepts(built: Path) -> None:
    program = shutil.which("sha256sum")
    assert program is not None
    checked = subprocess.run(
        [program, "--check", "--strict", "SHA256SUMS"], cwd=built / "server", capture_output=True, text=True, check=False
    )
    assert (checked.returncode, checked.stdout) == (0, "call.json: OK\nform.html: OK\n")


def test_form_follows_from_call_json(built: Path) -> None:
    """Whoever has call.json and this software can make the file again and compare."""
    assert offline_form((built / "server" / "call.json").read_bytes()) == (built / "server" / "form.html").read_bytes()


def test_signature_is_by_signing_key(built: Path) -> None:
    server = built / "server"
    call = load_call((server / "call.json").read_bytes())
    minisign.verify((server / "SHA256SUMS").read_bytes(), (server / "SHA256SUMS.minisig").read_bytes(), call.signing_key)
    assert (server / "SHA256SUMS.minisig").read_text().startswith("untrusted comment: saksei/v1\n")
    assert call.signing_key in (built / "private" / "signing.pub").read_text()


@pytest.mark.parametrize("key", ["call.key", "signing.key"])
def test_keys_need_the_passphrase(built: Path, key: str) -> None:
    content = (built / "private" / key).read_bytes()
    call = load_call((built / "server" / "call.json").read_bytes())
    if key == "call.key":
        assert str(open_key(content, PASSPHRASE).recipient) in call.recipients
    else:
        assert minisign.SecretKey.parse(content.decode(), PASSPHRASE).public_key == call.signing_key


def test_log_key_is_only_on_server(built: Path) -> None:
    line = (built / "server" / "log.key").read_text()
    assert str(SignerKey.parse(line).vkey) == load_call((built / "server" / "call.json").read_bytes()).log_vkey
    secret = line.strip().split("+", 4)[4]  # base64 may hold a plus sign of its own
    assert all(secret not in path.read_text() for path in (built / "private").iterdir())


def test_build_prints_what_to_pin(run: Callable[..., Ran], definition: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    ran = run("call", "build", definition, "--host", HOST, "--out", out, "--kdf-memory-mib", 64)
    call_sha256 = hashlib.sha256((out / "server" / "call.json").read_bytes()).hexdigest()
    assert ran.code == 0
    assert call_sha256 in ran.out
    assert hashlib.sha256((out / "server" / "form.html").read_bytes()).hexdigest() in ran.out
    groups = next(line for line in ran.out.splitlines() if "fingerprint" in line).split()[2:]
    assert [len(group) for group in groups] == [5] * 6


def test_build_json_has_the_pins(run: Callable[..., Ran], definition: Path, tmp_path: Path) -> None:
    ran = run("call", "build", definition, "--host", HOST, "--out", tmp_path / "out", "--kdf-memory-mib", 64, "--json")
    assert set(ran.document) == {
        "call",
        "origin",
        "call_sha256",
        "form_sha256",
        "fingerprint",
        "signing_key",
        "slow_seconds",
        "authorities",
    }
    assert ran.document["origin"] == f"{HOST}/invented"


def test_existing_folder_is_refused(run: Callable[..., Ran], definition: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    ran = run("call", "build", definition, "--host", HOST, "--out", out, "--kdf-memory-mib", 64)
    assert (ran.code, ran.word) == (2, "usage")
    assert list(out.iterdir()) == []


def test_mistake_names_file_and_line(run: Callable[..., Ran], definition: Path, tmp_path: Path) -> None:
    definition.write_text(call_yaml().replace("k: 5\nplanted", "k: 4\nplanted"))
    ran = run("call", "build", definition, "--host", HOST, "--out", tmp_path / "out", "--kdf-memory-mib", 64)
    line = next(number for number, text in enumerate(definition.read_text().splitlines(), 1) if text == "k: 4")
    assert (ran.code, ran.word) == (1, "wrong-call")
    assert f"call.yaml:{line}: k" in ran.err
    assert not (tmp_path / "out").exists()


def with_authority(certificate: Path) -> str:
    """A definition that names a timestamp authority, written as docs/reviewers say."""
    indented = "\n".join(f"      {line}" for line in certificate.read_text().splitlines())
    named = f"timestamp_authorities:\n  - name: tsa\n    url: https://tsa.example/tsr\n    certificate: |\n{indented}\n"
    return call_yaml().replace("audiences:\n", f"{named}audiences:\n")


def test_authorities_stand_in_the_call(run: Callable[..., Ran], tmp_path: Path) -> None:
    authority = Authority.found(tmp_path / "tsa")
    (tmp_path / "call.yaml").write_text(with_authority(tmp_path / "tsa" / "root.pem"))
    build = ("call", "build", tmp_path / "call.yaml", "--host", HOST, "--kdf-memory-mib", 64, "--out")
    ran = run(*build, tmp_path / "out")
    assert (ran.code, "no timestamp authority" in ran.out) == (0, False)
    document = (tmp_path / "out" / "server" / "call.json").read_bytes()
    assert parse_call_file(document).authorities == {"tsa": authority.certificate}
    (tmp_path / "call.yaml").write_text(with_authority(tmp_path / "tsa" / "tsa.pem"))
    refused = run(*build, tmp_path / "other")
    assert (refused.code, refused.word, (tmp_path / "other").exists()) == (1, "signature", False)
    (tmp_path / "call.yaml").write_text(call_yaml())
    assert "no timestamp authority" in run(*build, tmp_path / "without").out


def test_failed_build_leaves_nothing(tmp_path: Path) -> None:
    out = tmp_path / "made" / "out"
    out.parent.mkdir()
    with pytest.raises(Exception, match=r".*"):
        build_call(parse_definition(call_yaml(), "call.yaml"), host="not a host", out=out, passphrase=PASSPHRASE, cost=SMALL)
    assert list(out.parent.iterdir()) == []


def test_dangling_link_is_refused(tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.symlink_to(tmp_path / "nowhere")
    with pytest.raises(UsageError):
        build_call(parse_definition(call_yaml(), "call.yaml"), host=HOST, out=out, passphrase=PASSPHRASE, cost=SMALL)


@pytest.mark.parametrize(("max_k", "grace", "expected"), [(24, 600, None), (26, 600, 1343), (24, 300, 336), (24, 336, None)])
def test_slow_line_against_grace(max_k: int, grace: int, expected: int | None) -> None:
    assert slow_seconds(1, max_k, grace) == expected


def test_build_warns_of_short_grace(run: Callable[..., Ran], definition: Path, tmp_path: Path) -> None:
    definition.write_text(call_yaml(grace_seconds=1))
    ran = run("call", "build", definition, "--host", HOST, "--out", tmp_path / "out", "--kdf-memory-mib", 64)
    assert ran.code == 0
    assert "warning: The largest report takes" in ran.err


def test_demo_call_is_open_now(run: Callable[..., Ran], definition: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    ran = run("call", "build", definition, "--host", HOST, "--out", out, "--kdf-memory-mib", 64, "--demo", "--demo-batch-seconds", 5)
    call = load_call((out / "server" / "call.json").read_bytes())
    assert ran.code == 0
    assert call.demo
    assert (call.batch_seconds, call.batch_min) == (5, 1)
    assert call.deadline % 60 == 0


def test_demo_times_need_demo(run: Callable[..., Ran], definition: Path, tmp_path: Path) -> None:
    ran = run("call", "build", definition, "--host", HOST, "--out", tmp_path / "out", "--demo-deadline", 2000000000)
    assert (ran.code, ran.word) == (2, "usage")


def test_stock_minisign_accepts(built: Path) -> None:
    program = shutil.which("minisign")
    assert program is not None, "Debian's minisign is needed: apt-get install minisign"
    server = built / "server"
    checked = subprocess.run(
        [program, "-V", "-H", "-p", built / "private" / "signing.pub", "-m", server / "SHA256SUMS"], capture_output=True, check=False
    )
    assert checked.returncode == 0


def test_key_file_has_its_parameters(built: Path) -> None:
    kdf = json.loads((built / "private" / "call.key").read_bytes())["kdf"]
    assert (kdf["name"], kdf["m_kib"], kdf["t"], kdf["p"]) == ("argon2id", 65536, 1, 1)
