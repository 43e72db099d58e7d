"""`saksei-reviewer combine | rehearse`: the key of a call out of the shares that several people hold."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from crypto.keyfile import KdfCost
from reviewer import durable, sharing
from reviewer.commands.options import KdfMemory, Machine, PassphraseFile
from reviewer.passphrases import ask_passphrase
from reviewer.terminal import Screen

ShareFiles = Annotated[
    list[Path],
    typer.Argument(metavar="SHARE...", help="The share files, exactly as many as it takes.", exists=True, dir_okay=False, readable=True),
]


def combine(
    shares: ShareFiles,
    *,
    out: Annotated[Path, typer.Option("--out", metavar="KEYFILE", help="The key file to write; it must not exist yet.")],
    kdf_memory_mib: KdfMemory = None,
    passphrase_file: PassphraseFile = None,
    json: Machine = False,
) -> None:
    """Bring the key of a call back from its shares, into a key file.

    It is under a new passphrase. `import` and `open` take that file as --key; put it beside signing.key. The shares stay what they are:
    destroy the key file when the work is done, and the key is again with nobody alone.
    """
    screen = Screen(machine=json)
    durable.require_absent(out)
    sharing.rehearse(shares)  # nobody shall think of a passphrase before it is sure that the shares fit
    passphrase = ask_passphrase("the new key file", passphrase_file, screen, new=True)
    cost = KdfCost() if kdf_memory_mib is None else KdfCost(m_kib=kdf_memory_mib * 1024)
    with screen.working("Bringing the key back"):
        found = sharing.combine(shares, out, passphrase, cost)
    screen.say(f"The key of {found.call} is back, and in the file that you named. Its fingerprint is the one that the shares name:")
    screen.say(f"  {found.fingerprint}")
    screen.say("Compare it with the one that was announced. Destroy the file when the work is done; the shares stay.")
    screen.document(asdict(found))


def rehearse(shares: ShareFiles, *, json: Machine = False) -> None:
    """Prove that shares bring the key back, without showing or writing it.

    Do it when the shares are handed out and once a year, so that nobody finds out on the day that a share is lost.
    """
    screen = Screen(machine=json)
    with screen.working("Trying the shares"):
        found = sharing.rehearse(shares)
    numbers = ", ".join(map(str, found.indices))
    screen.say(f"It works: shares {numbers} of {found.count} bring back the key of {found.call}. Nothing of the key was shown or written.")
    screen.say(f"  key fingerprint  {found.fingerprint}")
    screen.say("Compare it with the one that was announced.")
    screen.document(asdict(found))
