"""From what a coordinator wrote to what stands in call.json: options with their labels, instants, defaults."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from questionnaire.codebook import CodeList, Entry, codebook
from questionnaire.countries import country_options
from questionnaire.errors import WallTimeError
from questionnaire.models import Group, Option, Question
from questionnaire.rules import Broken
from questionnaire.times import deadline_instant, opening_instant

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from questionnaire.definition import Definition, PickedOptions, QuestionDefinition, WrittenTime
    from questionnaire.models import Audience, Table, Text, TimestampAuthority

DEFAULT_MAX_BYTES = {"text": 20_000, "contact": 2_000}
"""`max_bytes` where the definition gives none: about 6,600 Khmer letters."""

_COUNTRIES, _PROVINCES = "country", "province"
_WHOLE_LIST = {"country": _COUNTRIES, "place": _PROVINCES}


@dataclass(frozen=True, slots=True)
class Resolved:
    """A definition with its questions and instants resolved; it has all that questionnaire.rules looks at."""

    definition: Definition
    opens: int
    deadline: int
    questions: tuple[Question, ...]

    @property
    def languages(self) -> Sequence[str]:
        """As the definition has them."""
        return self.definition.languages

    @property
    def title(self) -> Text:
        """As the definition has it."""
        return self.definition.title

    @property
    def introduction(self) -> Text:
        """As the definition has it."""
        return self.definition.introduction

    @property
    def promise(self) -> Mapping[str, Text]:
        """As the definition has it."""
        return self.definition.promise

    @property
    def timestamp_authorities(self) -> Sequence[TimestampAuthority]:
        """As the definition has them."""
        return self.definition.timestamp_authorities

    @property
    def audiences(self) -> Sequence[Audience]:
        """As the definition has them."""
        return self.definition.audiences

    @property
    def tables(self) -> Sequence[Table]:
        """As the definition has them."""
        return self.definition.tables

    @property
    def batch_seconds(self) -> int:
        """As the definition has it."""
        return self.definition.batch_seconds

    @property
    def batch_min(self) -> int:
        """As the definition has it."""
        return self.definition.batch_min

    @property
    def demo(self) -> bool:
        """As the definition has it."""
        return self.definition.demo


def resolve(definition: Definition) -> tuple[Resolved, tuple[Broken, ...]]:
    """The resolved definition, and what in it names a list, a code, a zone or a minute that is not there."""
    broken: list[Broken] = []
    opens = _instant(definition, "opens", definition.opens, opening_instant, broken)
    deadline = _instant(definition, "deadline", definition.deadline, deadline_instant, broken)
    questions = tuple(
        _question(f"questions[{index}]", question, definition.languages, broken) for index, question in enumerate(definition.questions)
    )
    return Resolved(definition, opens, deadline, questions), tuple(broken)


def _instant(definition: Definition, path: str, time: WrittenTime, instant: Callable[[str, str], int], broken: list[Broken]) -> int:
    try:
        return instant(time.time, definition.zone_of(time))
    except WallTimeError as error:
        broken.append(Broken(path, str(error)))
        return 0


def _question(path: str, written: QuestionDefinition, languages: Sequence[str], broken: list[Broken]) -> Question:
    name = written.options.list if written.options is not None else _WHOLE_LIST.get(written.type)
    options: tuple[Option, ...] = ()
    groups: tuple[Group, ...] = ()
    if name is not None:
        options, groups = _list(path, name, languages, broken)
    if written.options is not None:
        options = _picked(path, written.options, options, broken)
        groups = tuple(group for group in groups if any(option.group == group.code for option in options))
    settled = {
        "options": options,
        "groups": groups,
        "max_bytes": written.max_bytes if written.max_bytes is not None else DEFAULT_MAX_BYTES.get(written.type),
    }
    shared = {field: getattr(written, field) for field in type(written).model_fields if field not in settled}
    return Question.model_validate({**shared, **settled})


def _list(path: str, name: str, languages: Sequence[str], broken: list[Broken]) -> tuple[tuple[Option, ...], tuple[Group, ...]]:
    lists = codebook().lists
    options: tuple[Option, ...] = ()
    groups: tuple[Group, ...] = ()
    if name == _COUNTRIES:
        options = country_options(languages)
    elif name in lists:
        options, groups = _labelled(lists[name], languages)
    else:
        broken.append(Broken(f"{path}.options", f"`{name}` is not a list of the codebook; write one of {', '.join([_COUNTRIES, *lists])}"))
        return (), ()
    labels = [*(option.label for option in options), *(group.label for group in groups)]
    broken.extend(
        Broken(f"{path}.options", f"the list `{name}` has no labels in {language}; add them to the codebook first")
        for language in languages
        if any(language not in label for label in labels)
    )
    return options, groups


def _labelled(code_list: CodeList, languages: Sequence[str]) -> tuple[tuple[Option, ...], tuple[Group, ...]]:
    def label(labelled: Entry | Group) -> Text:
        return {language: labelled.label[language] for language in languages if language in labelled.label}

    options = tuple(Option(code=entry.code, label=label(entry), group=entry.group) for entry in code_list.options)
    return options, tuple(Group(code=group.code, label=label(group)) for group in code_list.groups)


def _picked(path: str, picked: PickedOptions, options: tuple[Option, ...], broken: list[Broken]) -> tuple[Option, ...]:
    known = {option.code for option in options}
    broken.extend(_unknown_codes(path, picked, known) if options else ())
    kept = set(picked.only or known) - set(picked.without)
    if options and not kept & known:
        broken.append(Broken(f"{path}.options", "keep at least one option"))
    return tuple(option for option in options if option.code in kept)


def _unknown_codes(path: str, picked: PickedOptions, known: set[str]) -> Iterator[Broken]:
    for field, codes in (("only", picked.only), ("without", picked.without)):
        for index, code in enumerate(codes):
            if code not in known:
                yield Broken(f"{path}.options.{field}[{index}]", f"`{code}` is not a code of the list `{picked.list}`; see codebook.yaml")
