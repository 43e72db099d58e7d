"""Passphrases from a prompt or a file, never from the command line (interfaces.md).

Always in NFC, so that every keyboard gives the same key.
"""

from __future__ import annotations

import getpass
import sys
import unicodedata
from typing import TYPE_CHECKING

from reviewer.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from reviewer.terminal import Screen

# Below this, a stolen key file can be guessed in spite of its slow derivation; six words of a word list are well above.
SHORT = 20
_LIMIT = 4096


def ask_passphrase(what: str, file: Path | None, screen: Screen, *, new: bool = False) -> str:
    """Return the passphrase for `what` (a few words for the prompt), out of `file` when one is given.

    A new one is asked for twice, and a short one is warned about. The file holds it as one line of UTF-8; the line end does not belong
    to it. Raises UsageError when there is neither file nor terminal, when the file cannot be read, or when the passphrase is empty or
    typed differently.
    """
    text = _from_file(file) if file is not None else _from_prompt(what, new=new)
    passphrase = unicodedata.normalize("NFC", text)
    if not passphrase:
        raise UsageError("The passphrase is empty.")
    if new and len(passphrase) < SHORT:
        screen.warn(
            f"The passphrase is shorter than {SHORT} characters; whoever steals the file can guess it. Take six unrelated words or more."
        )
    return passphrase


def _from_file(file: Path) -> str:
    try:
        with file.open("rb") as stream:
            content = stream.read(_LIMIT + 1)
        text = content.decode("utf-8", errors="strict")
    except (OSError, UnicodeDecodeError):
        raise UsageError("The passphrase file cannot be read as text.") from None
    if len(content) > _LIMIT:
        raise UsageError("The passphrase file is too long; it holds one line.")
    text = text.removeprefix("\ufeff").removesuffix("\n").removesuffix("\r")
    if "\n" in text or "\r" in text:
        raise UsageError("The passphrase file holds more than one line.")
    return text


def _from_prompt(what: str, *, new: bool) -> str:
    if not sys.stdin.isatty():
        raise UsageError("There is no terminal to ask for the passphrase; give --passphrase-file.")
    try:
        text = getpass.getpass(f"Passphrase of {what}: ")
        if new and getpass.getpass("The same again: ") != text:
            raise UsageError("The two passphrases are not the same.")
    except EOFError:
        raise UsageError("No passphrase was given.") from None
    return text
