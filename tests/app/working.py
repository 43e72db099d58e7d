"""Work as a client does it, written down apart from the server's own code (format.md section 5)."""

import hashlib
from typing import Any


def worked(call_id: str, asked: dict[str, Any], handle: bytes, *, bits: int | None = None) -> dict[str, str]:
    """The header for a refusal `work`, as parsed JSON; `bits` for another number of bits than was asked."""
    wanted = asked["bits"] if bits is None else bits
    begun = hashlib.sha256(f"saksei/v1 work\n{call_id}\n{asked['batch']}\n{handle.hex()}\n".encode())
    nonce = 0
    while True:
        digest = begun.copy()
        digest.update(b"%016x" % nonce)
        if int.from_bytes(digest.digest()) >> (256 - wanted) == 0:
            return {"saksei-work": f"{asked['batch']} {handle.hex()} {nonce:016x}"}
        nonce += 1
