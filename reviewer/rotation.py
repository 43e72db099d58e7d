"""Why the keys of a call are never exchanged, said where somebody tries (format.md F1.12, F1.13).

There are two places where one would: making the call once more in its own folder, and signing its folder again after other keys were
written into call.json.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from crypto.errors import ManifestError, SignatureError
from crypto.members import CALL
from reviewer import durable
from reviewer.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

KEYS_STAY: Final = (
    "The keys of a call are never exchanged: people pinned the hash of the call.json that names them, and a call whose keys could change "
    "would be one that whoever changes them can read. Who needs other keys makes another call, with another id."
)


def require_new_call(out: Path) -> None:
    """Require that nothing stands at `out`. Raises UsageError, and says more when it is the folder of a call."""
    if any((folder / CALL).exists() for folder in (out, out / "server")):
        raise UsageError(f"There is a call in that folder already. {KEYS_STAY}")
    durable.require_absent(out)


@contextmanager
def saying_why() -> Iterator[None]:
    """Let a refusal of a call.json that is not the signed one say why no other can be signed; its word stays."""
    try:
        yield
    except (ManifestError, SignatureError) as refused:
        raise type(refused)(f"{refused} {KEYS_STAY}") from None
