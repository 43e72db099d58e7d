"""A built call with its keys (made once a run, copied for each test) and the command line run in this process."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from crypto.keyfile import KdfCost
from questionnaire.loader import parse_definition
from reviewer.cli import main
from reviewer.custody import build_call
from tests.reviewer.world import HOST, PASSPHRASE, Server, call_yaml

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SMALL = KdfCost(m_kib=65536, t=1, p=1)


@dataclass(frozen=True)
class Ran:
    """What a command left: exit code and what it wrote."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> dict[str, Any]:
        """The document of --json."""
        found = json.loads(self.out)
        assert isinstance(found, dict)
        return found

    @property
    def word(self) -> str:
        """The word of `error: <word>: <sentence>`."""
        line = next(line for line in self.err.splitlines() if line.startswith("error: "))
        return line.split(": ")[1]


@pytest.fixture(scope="session")
def built_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("built") / "call"
    build_call(parse_definition(call_yaml(), "call.yaml"), host=HOST, out=out, passphrase=PASSPHRASE, cost=SMALL)
    return out


@pytest.fixture
def built(built_once: Path, tmp_path: Path) -> Path:
    """The folder that `call build` makes."""
    return shutil.copytree(built_once, tmp_path / "call")


@pytest.fixture
def server(built: Path) -> Server:
    return Server(built / "server")


@pytest.fixture
def passphrase_file(tmp_path: Path) -> Path:
    path = tmp_path / "passphrase"
    path.write_text(PASSPHRASE + "\n")
    return path


@pytest.fixture
def run(passphrase_file: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., Ran]:
    """Run saksei-reviewer in this process, with the passphrase file where a command takes one."""

    def run_command(*arguments: object, passphrase: bool = True) -> Ran:
        given = [str(argument) for argument in arguments]
        if passphrase and given[0] != "verify" and "--passphrase-file" not in given:
            given += ["--passphrase-file", str(passphrase_file)]
        capsys.readouterr()
        with pytest.raises(SystemExit) as left:
            main(given)
        captured = capsys.readouterr()
        code = left.value.code
        return Ran(code if isinstance(code, int) else 0, captured.out, captured.err)

    return run_command


@pytest.fixture
def take_in(run: Callable[..., Ran], built: Path, server: Server, tmp_path: Path) -> Callable[..., Ran]:
    """Export what the server has and import it into `tmp_path / "workspace"`."""

    def import_now(*more: object) -> Ran:
        bundle = server.export(tmp_path / "bundle.zip")
        return run("import", bundle, "--key", built / "private" / "call.key", "--workspace", tmp_path / "workspace", "--json", *more)

    return import_now
