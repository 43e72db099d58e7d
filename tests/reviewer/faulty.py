"""Commands broken on purpose."""

import socket
import sys
import time
from pathlib import Path

from reviewer import durable


def fail() -> None:
    """Fail with something secret in the message."""
    raise ValueError("CANARY")


def dawdle() -> None:
    """Begin to write a folder, and never finish."""
    with durable.new_folder(Path("out")) as aside:
        durable.write_private(aside / "001", b"half")
        sys.stdout.write("begun\n")
        sys.stdout.flush()
        time.sleep(60)


def phone_home() -> None:
    """Make a socket."""
    socket.socket().close()
