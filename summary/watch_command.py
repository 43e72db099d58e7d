"""`saksei-coordinator watch`: one look at the log of a call.

Exit codes: 0 consistent, 1 refused (`error: <word>: <sentence>` on stderr), 2 wrong use, or nobody could look (`unreachable`).
"""

import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from crypto.errors import CryptoError
from questionnaire.errors import QuestionnaireError
from summary.site import AddressError, Site, UnreachableError
from summary.watch import NOTE_LIMIT, Watched, watch


def watch_log(
    url: Annotated[str, typer.Argument(metavar="URL", help="The address of the call's page, https://testify.example/calls/lantern-2031.")],
    keep: Annotated[
        Path, typer.Option("--keep", metavar="DIR", help="The folder that keeps what was seen; made at the first look.", file_okay=False)
    ],
    call: Annotated[
        Path | None,
        typer.Option(
            "--call", metavar="FILE", help="The call.json that you were given; without it the server's first is believed.", exists=True
        ),
    ] = None,
    checkpoint: Annotated[
        list[Path] | None,
        typer.Option("--checkpoint", metavar="FILE", help="A checkpoint that somebody else kept. May be given several times.", exists=True),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for another program.")] = False,
) -> None:
    """Look at the log of a call, keep what its server signed, and say whether it is still one log.

    Run it again and again, by a timer, always with the same folder: a server that takes a report out of its log, or shows people different
    logs, contradicts what you kept. To go through Tor, set ALL_PROXY=socks5h://127.0.0.1:9050.
    """
    try:
        site = Site.parse(url)
    except AddressError as wrong:
        raise typer.BadParameter(str(wrong), param_hint="URL") from None
    if not keep.absolute().parent.is_dir():
        raise typer.BadParameter("the folder that it was to stand in is not there", param_hint="--keep")
    try:
        given = [_note(path) for path in checkpoint or ()]
        seen = watch(site, keep, call_bytes=None if call is None else call.read_bytes(), given=given)
    except UnreachableError as wrong:
        _refuse(wrong.word, str(wrong), 2)
    except (CryptoError, QuestionnaireError) as wrong:
        _refuse(wrong.word, str(wrong), 1)
    except OSError as wrong:
        _refuse("usage", f"A file or folder cannot be used: {os.strerror(wrong.errno or 0)}.", 2)
    _say(seen, pinned=call is not None, as_json=as_json)


def _say(seen: Watched, *, pinned: bool, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps({"consistent": True, **asdict(seen)}))
        return
    since = "the first look" if seen.before is None else f"{seen.size - seen.before} more than at the last look"
    typer.echo(f"Consistent. The log of {seen.origin} has {seen.size} {'entry' if seen.size == 1 else 'entries'}, {since}.")
    typer.echo(f"  checkpoints kept  {seen.kept}, all of this one log")
    typer.echo(f"  at the reviewers  {_held(seen)}")
    typer.echo(f"  newest root       {seen.root}")
    typer.echo(f"  call hash         {seen.call_sha256}")
    if seen.before is None and not pinned:
        typer.echo("Compare the call hash with the one that people were told: nothing else says that this is the call you mean.")


def _held(seen: Watched) -> str:
    if seen.received is None:
        return "they have countersigned nothing yet"
    return f"the first {seen.received} of {seen.size}, countersigned by them"


def _note(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(NOTE_LIMIT)


def _refuse(word: str, sentence: str, code: int) -> NoReturn:
    typer.echo(f"error: {word}: {sentence}", err=True)
    raise typer.Exit(code)
