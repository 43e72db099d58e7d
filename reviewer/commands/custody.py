"""`saksei-reviewer call …`: making the keys and the folder of a call."""

import time
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from crypto.keyfile import KdfCost
from questionnaire.loader import DemoTimes, load_definition
from reviewer.commands.options import KdfMemory, Machine, PassphraseFile
from reviewer.custody import BuiltCall, build_call
from reviewer.errors import UsageError
from reviewer.passphrases import ask_passphrase
from reviewer.reissue import reissue_call
from reviewer.rotation import require_new_call
from reviewer.sharing import Scheme
from reviewer.terminal import Screen

calls = typer.Typer(no_args_is_help=True, help="Make a call: its questionnaire, its keys, its folder for the server.")


@calls.callback()
def _calls() -> None:
    """Make a call: its questionnaire, its keys, its folder for the server."""


@calls.command("build")
def build(  # noqa: PLR0913 - the options of a command
    definition: Annotated[
        Path,
        typer.Argument(metavar="CALL.yaml", help="The definition of the call.", exists=True, dir_okay=False, readable=True),
    ],
    host: Annotated[str, typer.Option("--host", help="The name of the server that will take the reports, such as report.example.org.")],
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="The folder to make; it must not exist yet.")],
    *,
    demo: Annotated[
        bool, typer.Option("--demo", help="Make a call to try things with: open at once, short batches; every page says that it is one.")
    ] = False,
    demo_deadline: Annotated[
        int | None, typer.Option("--demo-deadline", metavar="SECONDS", help="With --demo: deadline in unix seconds; tomorrow unless given.")
    ] = None,
    demo_batch_seconds: Annotated[int, typer.Option("--demo-batch-seconds", min=1, help="With --demo: seconds between log batches.")] = 60,
    demo_grace_seconds: Annotated[
        int | None, typer.Option("--demo-grace-seconds", min=0, help="With --demo: grace time; that of the definition unless given.")
    ] = None,
    shares: Annotated[
        str | None,
        typer.Option("--shares", metavar="3-of-5", help="Split the key: five people get a share each, and any three bring it back."),
    ] = None,
    kdf_memory_mib: KdfMemory = None,
    passphrase_file: PassphraseFile = None,
    json: Machine = False,
) -> None:
    """Make fresh keys for a call, and the folder DIR.

    DIR/server is what goes to the server. DIR/private stays with you: whoever has it and the passphrase reads every report, and without it
    nobody ever does. Keep two copies of it, apart from each other and from the passphrase. With --shares nobody has the key alone: in place
    of it DIR/private holds a file for each person, and `combine` brings it back.
    """

    screen = Screen(machine=json)
    require_new_call(out)
    scheme = None if shares is None else Scheme.parse(shares)
    times = _demo_times(demo_deadline, demo_batch_seconds, demo_grace_seconds) if demo else None
    if not demo and (demo_deadline is not None or demo_grace_seconds is not None):
        raise UsageError("--demo-deadline and --demo-grace-seconds need --demo.")
    checked = load_definition(definition)
    passphrase = ask_passphrase("the new keys", passphrase_file, screen, new=True)
    cost = KdfCost() if kdf_memory_mib is None else KdfCost(m_kib=kdf_memory_mib * 1024)
    with screen.working("Making the keys"):
        built = build_call(checked, host=host, out=out, passphrase=passphrase, cost=cost, demo=times, shares=scheme)
    _say_built(screen, built, scheme)
    screen.document(asdict(built))


@calls.command("reissue")
def reissue(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="The folder that `call build` made.", exists=True, file_okay=False, readable=True)
    ],
    *,
    passphrase_file: PassphraseFile = None,
    json: Machine = False,
) -> None:
    """Make the offline form of a call anew with the installed software, and sign it.

    The call stays what it is: DIR/server/call.json is held against its signature and left alone, and with it every report, receipt and key.
    """

    screen = Screen(machine=json)
    passphrase = ask_passphrase("the signing key", passphrase_file, screen)
    with screen.working("Opening the signing key"):
        reissued = reissue_call(folder, passphrase)
    if reissued.mended:
        screen.say(f"The offline form of {reissued.call} is made anew and signed; its SHA-256 is {reissued.form_sha256}.")
        screen.say("Take the folder `server` to the server and run `saksei-intake call add server` there, as when the call was made.")
    else:
        screen.say(f"The offline form of {reissued.call} is already what this software makes; it is signed once more.")
    screen.document(asdict(reissued))


def _demo_times(deadline: int | None, batch_seconds: int, grace_seconds: int | None) -> DemoTimes:
    """Open since an hour ago, so that no clock is ahead of it; closing at a full minute a day from now unless told otherwise."""
    now = int(time.time())
    tomorrow = (now // 60 + 24 * 60) * 60
    return DemoTimes(
        opens=now - 3600,
        deadline=tomorrow if deadline is None else deadline,
        batch_seconds=batch_seconds,
        batch_min=1,
        grace_seconds=grace_seconds,
    )


def _say_built(screen: Screen, built: BuiltCall, scheme: Scheme | None) -> None:
    if built.slow_seconds is not None:
        screen.warn(
            f"The largest report takes {built.slow_seconds} seconds on a slow line (400 kbit/s), longer than the grace time: "
            "who begins in the last minute may be refused. Raise grace_seconds or lower max_k."
        )
    screen.say(f"The call {built.call} is made. Tell people these two out of band (in print, on the phone, on another site):")
    screen.say()
    screen.say(f"  call hash        {built.call_sha256}")
    screen.say(f"  key fingerprint  {built.fingerprint}")
    screen.say()
    if not built.authorities:
        screen.say("The call names no timestamp authority: that reports came on time will stand on the server's word alone.")
    screen.say(f"The offline form is server/form.html; its SHA-256 is {built.form_sha256}.")
    screen.say("Take the folder `server` to the server and run `saksei-intake call add server` there; then destroy the copy on the way.")
    if scheme is None:
        screen.say("Keep the folder `private` offline, in two places.")
        return
    screen.say(f"The key is split: any {scheme.threshold} of the {scheme.count} share files in `private` bring it back, fewer do not.")
    screen.say("Give each to one person only, printed or on a stick, and destroy it here: no passphrase protects a share.")
    screen.say("Let the people try them together with `saksei-reviewer rehearse`.")
    screen.say("Keep signing.key and signing.pub offline, in two places.")
