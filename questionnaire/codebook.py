"""The codebook: versioned lists of codes with labels, and what the codes mean to the readers of a summary (questionnaire.md "Codebook").

The data is codebook.yaml, read strictly and checked on the first use.
"""

from __future__ import annotations

import functools
import importlib.resources
from typing import Self

from pydantic import ValidationError, model_validator

from questionnaire.documents import Document, read_document
from questionnaire.errors import DefinitionError
from questionnaire.models import Code, Frozen, Group, Text


class Entry(Frozen):
    """One code of a list: label, heading it stands under, Freedom House method, and sections of the State Department's reports."""

    code: Code
    label: Text
    group: Code | None = None
    method: Code | None = None
    sections: tuple[Code, ...] = ()


class CodeList(Frozen):
    """A list that a question may offer; the order of `options` is the codebook order of format.md section 2."""

    groups: tuple[Group, ...] = ()
    options: tuple[Entry, ...]

    @property
    def codes(self) -> tuple[str, ...]:
        """The codes, in codebook order."""
        return tuple(option.code for option in self.options)

    def entry(self, code: str) -> Entry:
        """The entry with this code; KeyError when there is none."""
        for option in self.options:
            if option.code == code:
                return option
        raise KeyError(code)


class ReportSection(Frozen):
    """A heading of the State Department's country reports, and the last edition it stood in."""

    code: Code
    edition: str
    heading: Text


class CountryReports(Frozen):
    """The State Department's country reports: the newest edition's section and heading, and the headings told apart below it."""

    title: Text
    edition: str
    section: Text
    heading: Text
    sections: tuple[ReportSection, ...]


class Methods(Frozen):
    """Freedom House's methods of transnational repression."""

    edition: str
    list: tuple[Group, ...]


class Codebook(Frozen):
    """The whole codebook.

    Every group, method and section that an option names exists, every code stands once in its list, and the options of a group stand
    together, so that a page can put one heading over them.
    """

    edition: str
    country_reports: CountryReports
    methods: Methods
    lists: dict[str, CodeList]
    regions: dict[str, tuple[Code, ...]]
    phrases: dict[str, Text]
    digits: dict[str, str]

    @model_validator(mode="after")
    def _names_exist(self) -> Self:
        sections = {section.code for section in self.country_reports.sections}
        methods = {method.code for method in self.methods.list}
        for name, code_list in self.lists.items():
            groups = {group.code for group in code_list.groups}
            if len(set(code_list.codes)) != len(code_list.codes):
                raise ValueError(f"a code stands twice in the list {name}")
            headings = [entry.group for entry in code_list.options]
            if headings != sorted(headings, key=headings.index):
                raise ValueError(f"the options of one group do not stand together in the list {name}")
            for entry in code_list.options:
                known = (entry.group is None) == (not groups) and (entry.group is None or entry.group in groups)
                if not known or not set(entry.sections) <= sections or not {entry.method} - {None} <= methods:
                    raise ValueError(f"{entry.code} in the list {name} names a group, method or section that is not there")
        return self

    def region(self, country: str) -> str:
        """The UN M49 code of the region that a country belongs to; KeyError for what is not an ISO 3166-1 code."""
        return self.region_of[country]

    @functools.cached_property
    def region_of(self) -> dict[str, str]:
        """{country: region} for every country of ISO 3166-1."""
        return {country: region for region, countries in self.regions.items() for country in countries}

    def phrase(self, name: str, language: str, fallback: str) -> str:
        """A phrase in a language, or in the fallback language where the codebook does not have it."""
        phrase = self.phrases[name]
        return phrase.get(language) or phrase.get(fallback) or phrase["en"]

    def in_digits(self, number: str, language: str) -> str:
        """The ASCII digits of `number` in those of the language (Khmer digits in Khmer text)."""
        digits = self.digits.get(language)
        return number.translate({ord("0") + value: digit for value, digit in enumerate(digits)}) if digits else number


def codebook() -> Codebook:
    """The codebook that ships with this version, checked. Raises DefinitionError when the file was damaged."""
    return _shipped()


@functools.cache
def _shipped() -> Codebook:
    text = importlib.resources.files("questionnaire").joinpath("codebook.yaml").read_text(encoding="utf-8")
    return parse_codebook(read_document(text, "codebook.yaml"))


def parse_codebook(document: Document) -> Codebook:
    """The codebook in a document. Raises DefinitionError."""
    try:
        return Codebook.of_plain(document.value)
    except ValidationError as error:
        mistakes = (document.mistake(found["loc"], found["msg"]) for found in error.errors(include_url=False, include_input=False))
        raise DefinitionError(tuple(mistakes)) from None
