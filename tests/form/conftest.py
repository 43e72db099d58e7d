"""The invented call, once for all pages."""

from __future__ import annotations

import pytest

from crypto.notes import SignerKey
from crypto.opening import Identity
from questionnaire.models import Call, load_call
from tests.form.invented import call_bytes


@pytest.fixture(scope="session")
def call() -> Call:
    """A call with every type of question, in Khmer and English."""
    return load_call(call_bytes([str(Identity.generate().recipient)], str(SignerKey.generate("intake.example/invented").vkey)))
