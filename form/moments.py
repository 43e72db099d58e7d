"""Moments as people say them, in the form of khmer.md; form/browser/deadline.ts says the reader's own in the same words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from babel import Locale, UnknownLocaleError
from babel.dates import get_timezone_location

from questionnaire.times import DISPLAY_ZONES, last_minute

if TYPE_CHECKING:
    import datetime

    from form.catalogue import Catalogue
    from questionnaire.models import Call

_PARTS = ((4, "midnight"), (11, "morning"), (13, "noon"), (17, "afternoon"), (19, "evening"))


@dataclass(frozen=True, slots=True)
class Moment:
    """A moment in words, and the place whose clock shows it."""

    text: str
    place: str


def deadline_moments(call: Call, say: Catalogue) -> tuple[Moment, ...]:
    """The last minute that is on time, in the call's own zone, New York and Phnom Penh, each once."""
    return tuple(Moment(spoken(last_minute(call.deadline, zone), say), _place(zone, say)) for zone in _zones(call))


def opening_moments(call: Call, say: Catalogue) -> tuple[Moment, ...]:
    """The first minute in which reports are taken, in the same zones."""
    return tuple(Moment(spoken(last_minute(call.opens + 60, zone), say), _place(zone, say)) for zone in _zones(call))


def _zones(call: Call) -> dict[str, None]:
    return dict.fromkeys((call.deadline_local.zone, *DISPLAY_ZONES))


def spoken(moment: datetime.datetime, say: Catalogue) -> str:
    """A wall-clock minute in words, hours out of twelve with the part of the day."""
    part = next((name for until, name in _PARTS if moment.hour < until), "night")
    return say(
        "moment",
        weekday=say(f"weekday.{moment.isoweekday() % 7}"),
        day=say.number(moment.day),
        month=say(f"month.{moment.month}"),
        year=say.number(moment.year),
        hour=say.number(moment.hour % 12 or 12),
        minute=say.number(f"{moment.minute:02}"),
        part=say(f"part.{part}"),
        half=say("half.am" if moment.hour < 12 else "half.pm"),
    )


def _place(zone: str, say: Catalogue) -> str:
    if f"place.{zone}" in say.texts:
        return say(f"place.{zone}")
    try:
        locale = Locale.parse(say.lang, sep="-")
    except (UnknownLocaleError, ValueError):
        locale = Locale("en")
    # U+200B is an optional break in CLDR's Khmer names; without it they read the same.
    return say("place.other", city=get_timezone_location(zone, locale=locale, return_city=True).replace("\u200b", ""))
