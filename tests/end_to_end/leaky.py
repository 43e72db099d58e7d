"""The intake with a hole made on purpose: every request's body is also written to a file. For the twin of the canary test only."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from app.main import create_app as create_sound_app
from app.settings import Settings

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send


class Leak:
    """ASGI middleware that keeps what it must not keep."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def overheard() -> Message:
            message = await receive()
            with Path(os.environ["LEAK"]).open("ab") as file:
                file.write(message.get("body", b""))
            return message

        await self.app(scope, overheard if scope["type"] == "http" else receive, send)


def create_app() -> ASGIApp:
    """The sound application behind the leak."""
    return Leak(create_sound_app(Settings()))
