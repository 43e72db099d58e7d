"""`saksei-reviewer verify | import | open`: what came from the server."""

from collections import Counter
from pathlib import Path
from typing import Annotated, Any

import typer

from crypto.bundle import Trust, VerifiedBundle, open_bundle
from crypto.recipients import Recipient
from questionnaire.models import load_call
from reviewer import durable
from reviewer.commands.options import KdfMemory, KeyFile, Machine, PassphraseFile, WorkspaceFolder
from reviewer.envelopes import open_single, read_single, write_single
from reviewer.intake import Imported
from reviewer.sessions import ImportRequest, open_key_file, run_import
from reviewer.terminal import Screen

BundleFile = Annotated[
    Path, typer.Argument(metavar="BUNDLE", help="The file that `saksei-intake export` wrote.", exists=True, dir_okay=False, readable=True)
]
Checkpoints = Annotated[
    list[Path] | None,
    typer.Option(
        "--checkpoint",
        metavar="FILE",
        help="A checkpoint that somebody kept; the log must agree with it. May be given several times.",
        exists=True,
        dir_okay=False,
        readable=True,
    ),
]
Promises = Annotated[
    list[Path] | None,
    typer.Option(
        "--promise",
        metavar="FILE",
        help="A promise that a submitter was given; the log must have kept it. May be given several times.",
        exists=True,
        dir_okay=False,
        readable=True,
    ),
]
SigningKeyFile = Annotated[
    Path | None,
    typer.Option(
        "--signing-key",
        metavar="FILE",
        help="The signing key of the call; signing.key beside the key file unless given. Only the first import needs it.",
        exists=True,
        dir_okay=False,
        readable=True,
    ),
]
ReceivedFolder = Annotated[
    Path | None,
    typer.Option(
        "--received",
        metavar="DIR",
        help="Where to write `received` and `received.minisig`; beside the workspace unless given.",
        exists=True,
        file_okay=False,
    ),
]
WorkspacePassphraseFile = Annotated[
    Path | None,
    typer.Option(
        "--workspace-passphrase-file",
        metavar="FILE",
        help="The passphrase of the workspace, when it is another than that of the key.",
        exists=True,
        dir_okay=False,
        readable=True,
    ),
]
_NOTE_LIMIT = 65536

OUTCOMES = {
    "on-time-proven": "on time, and an outside clock proves it",
    "time-unproven": "on time by the server's word",
    "late": "after the close",
    "withdrawn": "withdrawn by who wrote it",
    "missing": "in the log, but not here",
    "destroyed": "destroyed when its time was up",
}


def verify(
    bundle: BundleFile,
    *,
    call_hash: Annotated[
        str | None,
        typer.Option("--call-hash", metavar="HEX", help="The call hash as people were told it; the bundle must be of that call."),
    ] = None,
    checkpoint: Checkpoints = None,
    promise: Promises = None,
    json: Machine = False,
) -> None:
    """Check that a bundle is whole and its log honest.

    It opens nothing and needs no key.
    """

    screen = Screen(machine=json)
    kept = [_read(path) for path in checkpoint or ()]
    promises = [_read(path) for path in promise or ()]
    trust = Trust(call_sha256=None if call_hash is None else call_hash.strip().lower())
    with bundle.open("rb") as file, screen.progress("Checking the bundle", bundle.stat().st_size) as step:
        summary = _bundle_document(open_bundle(file, expect=trust, checkpoints=kept, promises=promises, progress=step))
    screen.say(f"The bundle is whole. Call {summary['origin']}, {summary['entries']} entries in the log, {_closed(summary)}.")
    _say_outcomes(screen, summary["outcomes"])
    if call_hash is None:
        screen.say("Compare the call hash with the one that people were told; nothing else says that this is your call:")
        screen.say(f"  {summary['call_sha256']}")
    screen.document(summary)


def import_bundle(  # noqa: PLR0913 - the options of a command
    bundle: BundleFile,
    *,
    key: KeyFile,
    workspace: WorkspaceFolder,
    signing_key: SigningKeyFile = None,
    received: ReceivedFolder = None,
    checkpoint: Checkpoints = None,
    promise: Promises = None,
    kdf_memory_mib: KdfMemory = None,
    passphrase_file: PassphraseFile = None,
    workspace_passphrase_file: WorkspacePassphraseFile = None,
    json: Machine = False,
) -> None:
    """Open a bundle's reports into the encrypted workspace.

    The workspace is made when it is not there yet. A newer bundle destroys in it what was withdrawn since; importing the same bundle twice
    changes nothing. Afterwards `received` and `received.minisig` are for the server: they show submitters that you hold what they sent.
    """

    screen = Screen(machine=json)
    request = ImportRequest(
        bundle=bundle,
        key=key,
        signing_key=signing_key,
        workspace=workspace,
        received=received if received is not None else workspace.absolute().parent,
        checkpoints=tuple(_read(path) for path in checkpoint or ()),
        promises=tuple(_read(path) for path in promise or ()),
        kdf_memory_mib=kdf_memory_mib,
        passphrase_file=passphrase_file,
        workspace_passphrase_file=workspace_passphrase_file,
    )
    imported = run_import(request, screen)
    _say_import(screen, imported)
    screen.document(
        {
            "opened": imported.opened,
            "flagged": imported.flagged,
            "withdrawn": imported.withdrawn,
            "refused": {str(number): word for number, word in imported.refused.items()},
            "outcomes": imported.outcomes,
            "older": imported.older,
            "received": str(request.received / "received"),
        }
    )


def open_file(  # noqa: PLR0913 - the options of a command
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="One sealed report (an .age file).", exists=True, dir_okay=False, readable=True)
    ],
    *,
    key: KeyFile,
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="The folder to write to; it must not exist yet.")],
    call: Annotated[
        Path | None,
        typer.Option(
            "--call", metavar="call.json", help="The call, to check the call hash too.", exists=True, dir_okay=False, readable=True
        ),
    ] = None,
    passphrase_file: PassphraseFile = None,
    json: Machine = False,
) -> None:
    """Open one sealed report into a new folder.

    DIR will hold report.json, and its files as numbers; what is written is NOT encrypted. A file alone proves neither that the report was
    accepted nor that it was not withdrawn; `verify` and `import` do.
    """

    screen = Screen(machine=json)
    durable.require_absent(out)
    with open_key_file(key, passphrase_file, screen) as (identity, key_call):
        opened = open_single(*read_single(file), identity, key_call=key_call, call_bytes=None if call is None else call.read_bytes())
    write_single(opened, out)
    screen.warn("What was written is not encrypted; destroy it when you are done. Files in it may be harmful: do not open them here.")
    screen.say(
        f"Opened: report.json and {len(opened.files)} files. {'' if opened.against_call else 'The call hash was not checked.'}".strip()
    )
    screen.document({"call": opened.report.call, "files": len(opened.files), "call_checked": opened.against_call})


def _read(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(_NOTE_LIMIT)


def _bundle_document(verified: VerifiedBundle) -> dict[str, Any]:

    call = load_call(verified.call_bytes)
    return {
        "origin": verified.origin,
        "call": call.call,
        "call_sha256": verified.call_sha256,
        "signing_key": call.signing_key,
        "fingerprints": [Recipient.parse(text).fingerprint_groups() for text in call.recipients],
        "entries": verified.log.size,
        "closed": verified.log.close is not None,
        "outcomes": dict(Counter(found.outcome for found in verified.outcomes)),
    }


def _closed(summary: dict[str, Any]) -> str:
    return "closed" if summary["closed"] else "still open"


def _say_outcomes(screen: Screen, outcomes: dict[str, int]) -> None:
    screen.table(("reports", "", ""), [(str(outcomes[word]), word, said) for word, said in OUTCOMES.items() if outcomes.get(word)])


def _say_import(screen: Screen, imported: Imported) -> None:
    screen.say(f"Newly opened reports: {imported.opened}.")
    if imported.flagged:
        screen.say(f"Of these, {imported.flagged} say something that does not fit the call; `list` marks them with a star.")
    if imported.withdrawn:
        screen.say(f"Destroyed {imported.withdrawn} that were withdrawn since.")
    if imported.older:
        screen.warn("The workspace already knows a newer log than this bundle's; that one stands.")
    for number, word in imported.refused.items():
        screen.warn(f"Report {number} could not be opened: {word}.")
    if imported.destroyed:
        screen.warn("The log has ended: the time of this call is up. Destroy the workspace and the private keys.")
    _say_outcomes(screen, imported.outcomes)
