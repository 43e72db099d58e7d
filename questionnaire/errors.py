"""The errors of this package.

::

    QuestionnaireError
    ├── DefinitionError      wrong-call   a coordinator's call.yaml (or our codebook) has mistakes
    ├── CallError            wrong-call   bytes that should be a call.json are not one
    │   ├── CallVersionError    version         … because they are of another version than this
    │   └── CallDuplicateError  json-duplicate  … because a key stands twice in one object
    ├── WallTimeError        wrong-call   a wall time that no clock of its zone ever shows
    └── SubmissionError                   what somebody filled in cannot be kept as it is
        ├── AnswersError     answers      … because of the answers
        └── ConsentError     consent      … because of the consent

Each class has the stable word of format.md section 12. A message never holds an answer. The place of a mistake in a coordinator's
own file is named on purpose: without it nobody could mend the file.
"""

from dataclasses import dataclass
from typing import ClassVar, Literal

ProblemCode = Literal[
    "required",
    "too-long",
    "not-a-number",
    "not-a-date",
    "bad-option",
    "bad-text",
    "contact-needed",
    "year-four-digits",
    "rank-repeated",
    "too-many-files",
    "empty-file",
    "too-large",
]


class QuestionnaireError(Exception):
    """Base of everything this package raises; `word` is the stable word of format.md section 12."""

    word: ClassVar[str] = "wrong-call"


@dataclass(frozen=True, slots=True)
class Mistake:
    """One mistake in a definition: where it stands and what to write instead.

    `line` counts from 1. `path` leads from the top of the document to the place (`questions[3].label.km`); it is empty for a mistake of the
    whole document.
    """

    file: str
    line: int
    path: str
    sentence: str

    def __str__(self) -> str:
        """`file:line: path: sentence`, as compilers write it."""
        place = f"{self.path}: " if self.path else ""
        return f"{self.file}:{self.line}: {place}{self.sentence}"


class DefinitionError(QuestionnaireError):
    """A definition cannot become a call; `mistakes` names every one found, in the order of the file."""

    word = "wrong-call"

    def __init__(self, mistakes: tuple[Mistake, ...]) -> None:
        """Keep the mistakes; the message is one line for each."""
        super().__init__("\n".join(str(mistake) for mistake in mistakes))
        self.mistakes = mistakes


class CallError(QuestionnaireError):
    """The bytes are not a call.json of format.md section 1."""

    word = "wrong-call"


class CallVersionError(CallError):
    """`v` is not 1 (F1.8)."""

    word = "version"


class CallDuplicateError(CallError):
    """A key stands twice in one object (F0.3)."""

    word = "json-duplicate"


class WallTimeError(QuestionnaireError):
    """A wall time or zone that means no instant (format.md section 9); the message says what to write instead."""

    word = "wrong-call"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing the person can mend: the question it is about and a stable key for the sentence to show.

    `question` is a question id, `consent` or `audience`; it is empty when an answer belongs to no question of the call.
    """

    question: str
    code: ProblemCode


class SubmissionError(QuestionnaireError):
    """What was filled in has problems; `problems` lists all of them in the order of the questions."""

    word = "answers"

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        """Keep the problems; the message names no answer."""
        super().__init__("Some answers need to be mended.")
        self.problems = problems


class AnswersError(SubmissionError):
    """Problems with answers only."""

    word = "answers"


class ConsentError(SubmissionError):
    """At least one problem is about the consent; `problems` may hold problems of answers as well."""

    word = "consent"
