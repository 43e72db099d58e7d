"""PostgreSQL goes away under load: broken off and started again, and cut off in mid-commit by a line that drops.

The server stays up throughout. A commit is cut off before the database hears of it, or after: then the database has it and nobody was told.
`python -m tests.torture.database [--times N]`: so many restarts and as many cuts of either kind, 30 unless told otherwise.
"""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
import threading
import time
from dataclasses import dataclass, field

from tests.torture.crowd import Crowd
from tests.torture.keeping import Verdict, exit_code, say, settle
from tests.torture.scene import Scene, staged

COMMIT = b"COMMIT"
PIECE = 1 << 16


@dataclass
class Line:
    """A line to the database at `beyond` that can be told to drop at the next commit, `before` or `after` it has passed."""

    beyond: int
    dropping: str = ""
    dropped: int = 0
    port: int = 0
    _up: threading.Event = field(default_factory=threading.Event)

    def open(self) -> None:
        """Listen, in a thread of its own, as long as this process lives."""
        threading.Thread(target=lambda: asyncio.run(self._listen()), daemon=True).start()
        self._up.wait(60)

    async def _listen(self) -> None:
        server = await asyncio.start_server(self._carry, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        self._up.set()
        await server.serve_forever()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            there, back = await asyncio.open_connection("127.0.0.1", self.beyond)
        except OSError:
            writer.close()
            return
        answers = asyncio.create_task(self._pass(there, writer))
        try:
            await self._ask(reader, back)
        except OSError:
            pass
        finally:
            answers.cancel()
            for side in (writer, back):
                side.transport.abort()

    async def _ask(self, reader: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        while piece := await reader.read(PIECE):
            how = self.dropping if COMMIT in piece else ""
            if how == "before":
                self._drop()
                return
            back.write(piece)
            await back.drain()
            if how == "after":
                self._drop()
                await asyncio.sleep(0.05)  # the database hears it, and its answer goes nowhere
                return

    @staticmethod
    async def _pass(there: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while piece := await there.read(PIECE):
                writer.write(piece)
                await writer.drain()
        except OSError:
            pass
        writer.transport.abort()

    def _drop(self) -> None:
        self.dropping = ""
        self.dropped += 1


def drop_commits(line: Line, crowd: Crowd, times: int) -> None:
    """Cut so many commits off, before and after in turn."""
    for number in range(2 * times):
        line.dropping = ("before", "after")[number % 2]
        until = time.monotonic() + 60
        while line.dropping and time.monotonic() < until:
            time.sleep(0.005)
        crowd.grown(1)
    if line.dropped != 2 * times:
        crowd.faults.append(f"only {line.dropped} commits were cut off")


def restart(scene: Scene, crowd: Crowd, times: int) -> None:
    """Break PostgreSQL off so many times, in turn without a word and as an operator does, and start it again."""
    assert scene.postgres is not None
    for number in range(times):
        if number % 3 == 2:
            scene.postgres.kill()
        else:
            scene.postgres.stop((signal.SIGQUIT, signal.SIGINT)[number % 2])
        time.sleep(0.2)
        scene.postgres.start()
        crowd.grown(3)


def cut_off(times: int) -> Verdict:
    """Both, on one scene."""
    with staged("postgresql") as scene:
        assert scene.postgres is not None
        line = Line(scene.postgres.port)
        line.open()
        server = scene.another(SAKSEI_DATABASE_URL=scene.postgres.url(line.port))
        server.start()
        with Crowd(scene.call, [server.target], pause=0.02) as crowd:
            crowd.grown(1)
            drop_commits(line, crowd, times)
            restart(scene, crowd, times)
            crowd.grown(1)
        say(f"{line.dropped} commits cut off, {times} restarts; answers {dict(crowd.answers)}, {crowd.broken_off} broken off")
        crowd.finish()
        server.stop()
        return settle(scene, crowd)


def main() -> int:
    """Run it."""
    parser = argparse.ArgumentParser(prog="python -m tests.torture.database", description=__doc__)
    parser.add_argument("--times", type=int, default=30)
    chosen = parser.parse_args()
    return exit_code([(f"{chosen.times} restarts and {2 * chosen.times} commits cut off, postgresql", cut_off(chosen.times))])


if __name__ == "__main__":
    sys.exit(main())
