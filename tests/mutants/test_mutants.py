"""What `make mutants` examines is all of `crypto`, and the page says of each module what came out. The run itself takes hours."""

from __future__ import annotations

import pkgutil
import re

import pytest

import crypto
from tests.mutants.__main__ import LONG, MODULES, PAGE, ROOT, SENTENCE, deselected, said


def test_every_module_is_examined() -> None:
    assert set(MODULES) == {module.name for module in pkgutil.iter_modules(crypto.__path__)} - {"errors"}
    assert len(MODULES) == len(set(MODULES))


def test_every_module_has_its_tests() -> None:
    assert all((ROOT / f"tests/crypto/test_{module}.py").is_file() for module in MODULES)


@pytest.mark.parametrize("module", LONG)
def test_tests_left_out_exist(module: str) -> None:
    written = (ROOT / f"tests/crypto/test_{module}.py").read_text("utf-8")
    assert deselected(module)
    assert all(f"\ndef {name}(" in written for name in LONG[module])


def test_page_says_what_is_left_of_each() -> None:
    """The reasons that it gives are as many as the changes that are left."""
    page = PAGE.read_text("utf-8")
    reasons = page[page.index("| Why | Changes |") :]
    given = {module: sum(map(int, re.findall(rf"`{module}` (\d+)", reasons))) for module in MODULES}
    assert given == {module: said(module) for module in MODULES}
    assert sum(given.values()) > 0


def test_twin_a_module_the_page_lacks_is_noticed() -> None:
    with pytest.raises(LookupError):
        said("nothing")


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ('        raise SizeError("A round is made of whole records.") from None', True),
        ('    raise error("This JSON is not canonical.")', True),
        ('        raise ShareError(f"It takes exactly {count} shares.")', False),
        ('    if size > limit: raise SizeError("x")', False),
        ("            raise", False),
    ],
)
def test_only_sentences_are_left_out(line: str, sentence: bool) -> None:
    assert (re.search(SENTENCE, line) is not None) is sentence
