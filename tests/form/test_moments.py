"""The deadline in words: the form of khmer.md, the minute that is still included, each place's own clock."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING

import pytest

from form.catalogue import Catalogue
from form.moments import deadline_moments, spoken

if TYPE_CHECKING:
    from questionnaire.models import Call


def test_khmer_says_it_as_khmer_does(call: Call) -> None:
    first, second = deadline_moments(call, Catalogue("km"))
    assert f"{first.text} {first.place}" == "ថ្ងៃទី ១៣ ខែសីហា ឆ្នាំ ២០២៥ វេលាម៉ោង ១១:៥៩ នាទីយប់ ម៉ោងនៅទីក្រុងញូវយ៉ក"
    assert f"{second.text} {second.place}" == "ថ្ងៃទី ១៤ ខែសីហា ឆ្នាំ ២០២៥ វេលាម៉ោង ១០:៥៩ នាទីព្រឹក ម៉ោងនៅរាជធានីភ្នំពេញ"


def test_english_says_it_as_english_does(call: Call) -> None:
    first, second = deadline_moments(call, Catalogue("en"))
    assert f"{first.text} {first.place}" == "11:59 pm on Wednesday 13 August 2025 New York time"
    assert f"{second.text} {second.place}" == "10:59 am on Thursday 14 August 2025 Phnom Penh time"


def test_another_zone_comes_first(call: Call) -> None:
    local = call.deadline_local.model_copy(update={"zone": "Europe/Paris"})
    moments = deadline_moments(call.model_copy(update={"deadline_local": local}), Catalogue("en"))
    assert [moment.place for moment in moments] == ["Paris time", "New York time", "Phnom Penh time"]


@pytest.mark.parametrize(
    ("hour", "english", "khmer"),
    [
        (0, "12:05 am", "១២:០៥ នាទីរំលងអធ្រាត្រ"),
        (11, "11:05 am", "១១:០៥ នាទីថ្ងៃត្រង់"),
        (12, "12:05 pm", "១២:០៥ នាទីថ្ងៃត្រង់"),
        (18, "6:05 pm", "៦:០៥ នាទីល្ងាច"),
    ],
)
def test_hours_have_their_part_of_the_day(hour: int, english: str, khmer: str) -> None:
    moment = datetime.datetime(2025, 1, 5, hour, 5)  # noqa: DTZ001 - a wall clock
    assert spoken(moment, Catalogue("en")).startswith(english)
    assert spoken(moment, Catalogue("km")).endswith(khmer)
    assert "Sunday 5 January" in spoken(moment, Catalogue("en"))
