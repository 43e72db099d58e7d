"""Boundaries, promises and waiting (format.md sections 5 and 7)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.schedule import PUBLISHING_SECONDS, WAITS, Schedule

SIX_HOURS = 21600
CLOSE = 10 * SIX_HOURS + 600


@pytest.fixture
def schedule() -> Schedule:
    return Schedule(SIX_HOURS, 8, CLOSE)


@pytest.mark.parametrize(
    ("now", "boundary"),
    [
        (0, SIX_HOURS),
        (SIX_HOURS - 1, SIX_HOURS),
        (SIX_HOURS, 2 * SIX_HOURS),
        (10 * SIX_HOURS, CLOSE),
        (CLOSE - 1, CLOSE),
        (CLOSE, 11 * SIX_HOURS),
    ],
)
def test_next_boundary(schedule: Schedule, now: int, boundary: int) -> None:
    assert schedule.after(now) == boundary


@pytest.mark.parametrize(
    ("now", "boundary"),
    [(SIX_HOURS - 1, 0), (SIX_HOURS, SIX_HOURS), (CLOSE - 1, 10 * SIX_HOURS), (CLOSE, CLOSE), (11 * SIX_HOURS, 11 * SIX_HOURS)],
)
def test_last_boundary(schedule: Schedule, now: int, boundary: int) -> None:
    assert schedule.last(now) == boundary


@pytest.mark.parametrize(
    ("batch", "promised"),
    [
        (SIX_HOURS, 4 * SIX_HOURS),
        (6 * SIX_HOURS, 9 * SIX_HOURS),
        (7 * SIX_HOURS, 10 * SIX_HOURS),
        (8 * SIX_HOURS, CLOSE),
        (CLOSE, CLOSE),
        (11 * SIX_HOURS, 14 * SIX_HOURS),
    ],
    ids=["fourth boundary", "still before the close", "just before the close", "close is earlier", "at the close", "withdrawn after it"],
)
def test_promise_is_fourth_boundary(schedule: Schedule, batch: int, promised: int) -> None:
    assert schedule.publish_by(batch) == promised + PUBLISHING_SECONDS


def test_small_batch_waits_three_times(schedule: Schedule) -> None:
    ripe = [schedule.is_ripe((1 + waits) * SIX_HOURS, count=7, oldest=SIX_HOURS) for waits in range(WAITS + 1)]
    assert ripe == [False, False, False, True]


def test_full_batch_does_not_wait(schedule: Schedule) -> None:
    assert schedule.is_ripe(SIX_HOURS, count=8, oldest=SIX_HOURS)


@given(now=st.integers(0, 2**40), step=st.integers(1, 10**6), close=st.integers(0, 2**40))
def test_every_promise_can_be_kept(now: int, step: int, close: int) -> None:
    """Whatever arrives when: after at most three waits its batch is ripe, an hour or more before what was promised is over."""
    schedule = Schedule(step, 10**9, close)
    batch = schedule.after(now)
    boundary, passed = batch, 0
    while not (boundary == close or schedule.is_ripe(boundary, count=1, oldest=batch)):
        boundary, passed = schedule.after(boundary), passed + 1
    assert batch > now
    assert passed <= WAITS
    assert boundary + PUBLISHING_SECONDS <= schedule.publish_by(batch)


@given(now=st.integers(0, 2**40), step=st.integers(1, 10**6), close=st.integers(0, 2**40))
def test_boundaries_lie_around_now(now: int, step: int, close: int) -> None:
    schedule = Schedule(step, 1, close)
    assert schedule.last(now) <= now < schedule.after(now)
    assert schedule.last(schedule.after(now)) == schedule.after(now)
