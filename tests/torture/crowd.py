"""People who do not give up: each sends a report until it is promised, some withdraw theirs, and all keep what they were promised."""

from __future__ import annotations

import hashlib
import http.client
import os
import threading
import time
from collections import Counter, deque
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Self

from crypto.entries import withdraw_entry
from crypto.envelope import PREFIX, sealed_size
from crypto.merkle import leaf_hash
from tests.app.made import leaf_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.app.made import MadeCall

WITHDRAWING = 8
"""Every so many withdraw again."""

TRY_AGAIN = frozenset({503, 507})
PAUSE_SECONDS = 0.05
TIMEOUT_SECONDS = 60.0
REST = os.urandom(sealed_size(1, 65536) - len(PREFIX) - 16)
"""What all reports have in common: nobody opens them."""


@dataclass
class Errand:
    """Bytes that somebody posts until they are promised, what leaf that must be for, and the promise."""

    path: str
    body: bytes
    leaf: bytes
    after: Errand | None = None
    promise: bytes = b""

    @property
    def digest(self) -> bytes:
        """SHA-256 of the envelope."""
        return hashlib.sha256(self.body[32:]).digest()


def errand(call: MadeCall, *, withdraws: bool = False) -> Errand:
    """A report of the smallest size that nobody could open, and its withdrawal after it."""
    secret = os.urandom(32)
    body = hashlib.sha256(secret).digest() + PREFIX + os.urandom(16) + REST
    after = None
    if withdraws:
        after = Errand(f"/calls/{call.id}/withdrawals", secret, leaf_hash(withdraw_entry(body[:32], secret)))
    return Errand(f"/calls/{call.id}/reports", body, leaf_of(body), after)


@dataclass
class Crowd:
    """`size` people at a time, at the servers `targets` in turn; use it as a context, then `finish`.

    `faults` are answers that nobody may ever get, and promises for something else than what was sent.
    """

    call: MadeCall
    targets: list[tuple[str, int]]
    size: int = 8
    pause: float = 0.0
    timeout: float = TIMEOUT_SECONDS
    answers: Counter[int] = field(default_factory=Counter)
    broken_off: int = 0
    faults: list[str] = field(default_factory=list)
    kept: list[Errand] = field(default_factory=list)
    waiting: deque[Errand] = field(default_factory=deque)
    _stop: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)
    _sent: int = 0

    def __enter__(self) -> Self:
        """People come."""
        self._threads = [threading.Thread(target=self._visit, args=(number,), daemon=True) for number in range(self.size)]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        """Nobody new comes; whoever waits for an answer gets it or gives up for now."""
        self._stop.set()
        for thread in self._threads:
            thread.join(2 * TIMEOUT_SECONDS)

    @property
    def reports(self) -> list[Errand]:
        """The promised reports that nobody withdrew or asked to withdraw."""
        return [one for one in self.kept if one.path.endswith("/reports") and one.after is None]

    def grown(self, more: int, seconds: float = 120.0) -> None:
        """Wait until so many more promises were given. Raises TimeoutError."""
        wanted, until = len(self.kept) + more, time.monotonic() + seconds
        while len(self.kept) < wanted:
            if time.monotonic() > until:
                raise TimeoutError(f"no {more} promises in {seconds} s; answers so far: {dict(self.answers)}")
            time.sleep(0.01)

    def finish(self) -> None:
        """Everybody who was not answered asks again, and now is: retrying is always safe (format.md 5).

        So do the first and the last who were: the same bytes get the same promise.
        """
        for one in (*self.reports[:3], *self.reports[-3:]):
            status, note = self.ask(self.targets[0], one)
            if (status, note) != (HTTPStatus.CREATED, one.promise):
                self.faults.append(f"asked again, the answer was {status} or another promise")
        until = time.monotonic() + 3 * TIMEOUT_SECONDS
        for each in (each for one in self.waiting for each in self._steps(one)):
            self._insist(each, until)
        self.waiting.clear()

    def _visit(self, number: int) -> None:
        while not self._stop.is_set():
            self._sent += 1
            person = errand(self.call, withdraws=self._sent % WITHDRAWING == 0)
            for each in self._steps(person):
                if not self._persist(each, number):
                    self.waiting.append(person)
                    break
            time.sleep(self.pause)

    @staticmethod
    def _steps(person: Errand) -> Iterator[Errand]:
        yield person
        if person.after is not None:
            yield person.after

    def _persist(self, each: Errand, number: int) -> bool:
        tries = number
        while not each.promise and not self._stop.is_set():
            tries += 1
            if not self._try(self.targets[tries % len(self.targets)], each):
                time.sleep(PAUSE_SECONDS)
        return bool(each.promise)

    def _insist(self, each: Errand, until: float) -> None:
        while not each.promise and time.monotonic() < until:
            if not self._try(self.targets[0], each):
                time.sleep(PAUSE_SECONDS)
        if not each.promise:
            self.faults.append("somebody who asked again was never answered")

    def _try(self, target: tuple[str, int], each: Errand) -> bool:
        status, note = self.send(target, each)
        if status and status != HTTPStatus.CREATED and status not in TRY_AGAIN:
            self.faults.append(f"{each.path.rpartition('/')[2]}: answered {status} {note[:200]!r}")
            self._stop.wait(PAUSE_SECONDS)
        return status == HTTPStatus.CREATED

    def send(self, target: tuple[str, int], each: Errand) -> tuple[int, bytes]:
        """Ask once, and keep what is promised; status and body of the answer, 0 when there was none."""
        status, note = self.ask(target, each)
        if status:
            self.answers[status] += 1
        else:
            self.broken_off += 1
        if status == HTTPStatus.CREATED:
            self._keep(each, note)
        return status, note

    def _keep(self, each: Errand, note: bytes) -> None:
        try:
            matches = self.call.promise(note).leaf_hash == each.leaf
        except Exception as error:  # whatever is wrong with it
            matches = False
            self.faults.append(type(error).__name__)
        if not matches:
            self.faults.append("a promise is not for what was sent")
        each.promise = note
        self.kept.append(each)

    def ask(self, target: tuple[str, int], each: Errand) -> tuple[int, bytes]:
        """Status and body of the answer; 0 when the connection broke off first."""
        connection = http.client.HTTPConnection(*target, timeout=self.timeout)
        try:
            connection.request("POST", each.path, each.body, {"host": "localhost", "content-type": "application/octet-stream"})
            answer = connection.getresponse()
            return answer.status, answer.read()
        except (OSError, http.client.HTTPException):
            return 0, b""
        finally:
            connection.close()
