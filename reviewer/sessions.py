"""Keys and workspace brought together for one command: which passphrase opens what, and in which order things are checked."""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from crypto.bundle import Trust, open_bundle
from crypto.keyfile import KdfCost, key_call, open_key
from crypto.minisign import SecretKey
from questionnaire.models import load_call
from reviewer import custody, durable, intake
from reviewer.errors import OtherCallError, UsageError
from reviewer.passphrases import ask_passphrase
from reviewer.workspace import Workspace, is_workspace

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from crypto.bundle import VerifiedBundle
    from crypto.opening import Identity
    from reviewer.intake import Imported
    from reviewer.terminal import Screen

_KEY_LIMIT = 65536


@dataclass(frozen=True, slots=True)
class ImportRequest:
    """The options of `import`; `received` is the folder to write the countersigned checkpoint to."""

    bundle: Path
    key: Path
    signing_key: Path | None
    workspace: Path
    received: Path
    checkpoints: tuple[bytes, ...]
    promises: tuple[bytes, ...]
    kdf_memory_mib: int | None
    passphrase_file: Path | None
    workspace_passphrase_file: Path | None


@contextmanager
def open_key_file(path: Path, passphrase_file: Path | None, screen: Screen) -> Iterator[tuple[Identity, str]]:
    """Give the identity in a key file and its call id; the identity is wiped at the end.

    Raises KeyParamsError, KeyOpenError, KeyMismatchError.
    """
    content = _read(path)
    passphrase = ask_passphrase("the key of the call", passphrase_file, screen)
    with _unlocked(content, passphrase, screen) as identity:
        yield identity, key_call(content)


@contextmanager
def open_workspace(folder: Path, passphrase_file: Path | None, screen: Screen) -> Iterator[Workspace]:
    """Give the opened workspace in `folder`; raises what Workspace.open raises."""
    if not is_workspace(folder):
        raise UsageError("There is no workspace in that folder; `import` makes one.")
    passphrase = ask_passphrase("the workspace", passphrase_file, screen)
    with screen.working("Opening the workspace"):
        workspace = Workspace.open(folder, passphrase)
    with workspace:
        yield workspace


def run_import(request: ImportRequest, screen: Screen) -> Imported:
    """Do the whole of `import`: open keys and workspace (or make it), verify the bundle, take it in, write `received`.

    A new workspace appears only when everything of the first import succeeded.
    """
    content = _read(request.key)
    passphrase = ask_passphrase("the key of the call", request.passphrase_file, screen)
    with _unlocked(content, passphrase, screen) as identity:
        if is_workspace(request.workspace):
            return _import_again(request, passphrase, identity, screen)
        return _import_first(request, passphrase, identity, content, screen)


def _import_first(request: ImportRequest, passphrase: str, identity: Identity, key_file: bytes, screen: Screen) -> Imported:

    if request.workspace.is_dir():
        raise UsageError("The folder named for the workspace is there already and is none; name one that is not there yet.")
    durable.require_absent(request.workspace)
    own = _workspace_passphrase(request, passphrase, screen, new=True)
    signing = _signing_key(request, passphrase, screen)
    with _verified(request, identity, signing.public_key, None, screen) as bundle:
        intake.require_own_received(request.received, bundle.checkpoint)
        with durable.new_folder(request.workspace) as aside:
            with screen.working("Making the workspace"):
                workspace = Workspace.create(aside, own, call=load_call(bundle.call_bytes).call, cost=_cost(request, key_file))
            with workspace:
                intake.set_up(workspace, bundle, signing)
                imported = _take_in(workspace, bundle, identity, request, screen)
        intake.write_received(request.received, bundle.checkpoint, signing)
    return imported


def _import_again(request: ImportRequest, passphrase: str, identity: Identity, screen: Screen) -> Imported:

    own = _workspace_passphrase(request, passphrase, screen, new=False)
    with screen.working("Opening the workspace"):
        workspace = Workspace.open(request.workspace, own)
    with workspace:
        signing = SecretKey.parse(workspace.require_fact("signing-key").decode(), None)
        with _verified(request, identity, signing.public_key, workspace.require_fact("call"), screen) as bundle:
            intake.require_own_received(request.received, bundle.checkpoint)
            imported = _take_in(workspace, bundle, identity, request, screen)
        intake.write_received(request.received, workspace.require_fact("checkpoint"), signing)
    return imported


def _take_in(workspace: Workspace, bundle: VerifiedBundle, identity: Identity, request: ImportRequest, screen: Screen) -> Imported:

    with screen.progress("Opening reports", intake.live_count(bundle)) as step:
        return intake.take_in(workspace, bundle, identity, exported=intake.exported_at(request.bundle), step=step)


@contextmanager
def _verified(
    request: ImportRequest, identity: Identity, signing_key: str, call_bytes: bytes | None, screen: Screen
) -> Iterator[VerifiedBundle]:
    """Give the verified bundle, signed by our own signing key and sealed to our own identity."""

    with request.bundle.open("rb") as file:
        with screen.progress("Checking the bundle", request.bundle.stat().st_size) as step:
            bundle = open_bundle(
                file,
                expect=Trust(signing_key=signing_key),
                checkpoints=request.checkpoints,
                promises=request.promises,
                progress=step,
            )
        if call_bytes is not None and bundle.call_bytes != call_bytes:
            raise OtherCallError("The bundle belongs to another call than the workspace.")
        if str(identity.recipient) not in load_call(bundle.call_bytes).recipients:
            raise OtherCallError("The key is not one that the reports of this call are sealed to.")
        yield bundle


def _signing_key(request: ImportRequest, passphrase: str, screen: Screen) -> SecretKey:

    path = request.signing_key if request.signing_key is not None else request.key.absolute().parent / custody.SIGNING_KEY
    if not path.is_file():
        raise UsageError("There is no signing.key beside the key file; name it with --signing-key.")
    with screen.working("Opening the signing key"):
        return SecretKey.parse(_read(path).decode("utf-8", errors="replace"), passphrase)


def _workspace_passphrase(request: ImportRequest, passphrase: str, screen: Screen, *, new: bool) -> str:
    """The workspace's own passphrase when a file or a person gives one; the key's when that came out of a file."""
    if request.workspace_passphrase_file is None and request.passphrase_file is not None:
        return passphrase
    return ask_passphrase("the new workspace" if new else "the workspace", request.workspace_passphrase_file, screen, new=new)


def _cost(request: ImportRequest, key_file: bytes) -> KdfCost:
    """The cost of the workspace's key derivation: as asked for, else that of the key file, which was chosen for this computer."""

    if request.kdf_memory_mib is not None:
        return KdfCost(m_kib=request.kdf_memory_mib * 1024)
    kdf = json.loads(key_file)["kdf"]
    return KdfCost(m_kib=kdf["m_kib"], t=kdf["t"], p=kdf["p"])


@contextmanager
def _unlocked(content: bytes, passphrase: str, screen: Screen) -> Iterator[Identity]:

    with screen.working("Opening the key"):
        identity = open_key(content, passphrase)
    try:
        yield identity
    finally:
        identity.wipe()


def _read(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(_KEY_LIMIT)
