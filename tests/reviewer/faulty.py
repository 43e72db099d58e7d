"""Commands broken on purpose."""

import socket


def fail() -> None:
    """Fail with something secret in the message."""
    raise ValueError("CANARY")


def phone_home() -> None:
    """Make a socket."""
    socket.socket().close()
