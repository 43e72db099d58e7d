"""One real intake for all tests that put a proxy before it, and a call made as those of the intake's own tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.app.conftest import make_call
from tests.deploy.proxied import Watched

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.app.made import MadeCall, PublicCall

__all__ = ["call", "intake", "make_call"]


@pytest.fixture(scope="session")
def call(make_call: PublicCall) -> MadeCall:
    """An open call whose reports may be 256 KiB."""
    return make_call()


@pytest.fixture(scope="session")
def intake(tmp_path_factory: pytest.TempPathFactory, call: MadeCall) -> Iterator[Watched]:
    """An intake that serves the call, under strace, as long as the tests run."""
    watched = Watched(tmp_path_factory.mktemp("intake"))
    watched.add(call)
    with watched.serving():
        yield watched
