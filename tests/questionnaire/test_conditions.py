import json
from typing import Any

import pytest
from pydantic import ValidationError

from questionnaire.conditions import Condition

ANSWERS: dict[str, Any] = {"seen": "yes", "kinds": ["DA1", "TD1"], "boats": 3}


YES, NO = {"is": {"seen": "yes"}}, {"is": {"seen": "no"}}


@pytest.mark.parametrize(
    ("tree", "holds"),
    [
        pytest.param(YES, True, id="is"),
        pytest.param(NO, False, id="is-other"),
        pytest.param({"is": {"unasked": "yes"}}, False, id="is-unanswered"),
        pytest.param({"has": {"kinds": "TD1"}}, True, id="has"),
        pytest.param({"has": {"kinds": "TD9"}}, False, id="has-not"),
        pytest.param({"has": {"unasked": "TD1"}}, False, id="has-unanswered"),
        pytest.param({"has": {"seen": "yes"}}, False, id="has-on-one-answer"),
        pytest.param({"has": {"seen": "e"}}, False, id="has-is-no-substring"),
        pytest.param({"has": {"boats": "3"}}, False, id="has-on-number"),
        pytest.param({"not": NO}, True, id="not"),
        pytest.param({"any": [NO, YES]}, True, id="any"),
        pytest.param({"any": [NO, NO]}, False, id="any-none"),
        pytest.param({"all": [YES, {"has": {"kinds": "DA1"}}]}, True, id="all"),
        pytest.param({"all": [YES, NO]}, False, id="all-not"),
        pytest.param({"not": {"any": [NO, {"all": [YES, NO]}]}}, True, id="deep"),
    ],
)
def test_condition_on_answers(tree: dict[str, Any], holds: bool) -> None:
    assert Condition.model_validate_json(dumps(tree)).holds(ANSWERS) is holds


def dumps(tree: object) -> str:
    return json.dumps(tree)


@pytest.mark.parametrize(
    "tree",
    [
        pytest.param({}, id="empty"),
        pytest.param({"any": []}, id="any-of-nothing"),
        pytest.param({"is": {}}, id="is-nothing"),
        pytest.param({"is": {"a": "b", "c": "d"}}, id="is-two"),
        pytest.param({"is": {"a": "b"}, "has": {"a": "b"}}, id="two-words"),
        pytest.param({"not_": {"is": {"a": "b"}}}, id="python-name"),
        pytest.param({"eval": "1"}, id="other-word"),
        pytest.param({"is": {"a": 1}}, id="number"),
        pytest.param({"any": None}, id="null"),
    ],
)
def test_other_trees_are_refused(tree: object) -> None:
    with pytest.raises(ValidationError):
        Condition.model_validate_json(dumps(tree))


def test_tree_is_written_as_it_was_read() -> None:
    tree = {"not": {"any": [{"is": {"a": "b"}}, {"has": {"c": "d"}}]}}
    assert Condition.model_validate_json(dumps(tree)).model_dump(mode="json", exclude_none=True) == tree


def test_leaves_of_a_tree() -> None:
    tree = {"not": {"any": [{"is": {"a": "b"}}, {"all": [{"has": {"c": "d"}}]}]}}
    assert list(Condition.model_validate_json(dumps(tree)).leaves()) == [("is", "a", "b"), ("has", "c", "d")]
