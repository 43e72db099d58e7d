"""One file of vectors while it is written: its kind, the byte strings that vectors are made from, and the vectors."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from tests.vectors.spelling import read, spell

FORMAT = "saksei/v1 vectors"


@dataclass
class Collection:
    """The vectors of one kind.

    Attributes:
        kind: What the file is called, without `.json`.
        about: What its vectors have in common, for people.
        bases: Byte strings that vectors are spelled as edits of.
        shared: Values that several vectors refer to, by a name that the ops of this kind know.
    """

    kind: str
    about: str
    bases: dict[str, bytes] = field(default_factory=dict)
    shared: dict[str, Any] = field(default_factory=dict)
    vectors: list[dict[str, Any]] = field(default_factory=list)
    spelled_bases: dict[str, Any] = field(default_factory=dict)

    def base(self, name: str, content: bytes, spelled: Any = None) -> None:
        """Add a base; `spelled` overrides how it stands in the file."""
        self.spelled_bases[name] = spell(content if spelled is None else spelled, self.bases)
        if read(self.spelled_bases[name], self.bases) != content:
            raise ValueError(f"The base {name} is not spelled right.")
        self.bases[name] = content

    def passes(self, name: str, op: str, rule: str, given: dict[str, Any], output: dict[str, Any]) -> None:
        """Add a vector that is accepted: `op` on `given` gives `output`."""
        self._add({"name": name, "op": op, "rule": rule, "input": given, "word": None, "output": output})

    def refuses(self, name: str, op: str, rule: str, word: str, given: dict[str, Any]) -> None:
        """Add a vector with one failure, which is refused with `word`."""
        self._add({"name": name, "op": op, "rule": rule, "input": given, "word": word})

    def _add(self, vector: dict[str, Any]) -> None:
        if any(vector["name"] == other["name"] for other in self.vectors):
            raise ValueError(f"Two vectors have the name {vector['name']}.")
        self.vectors.append(spell(vector, self.bases))

    def to_bytes(self) -> bytes:
        """Return the file: JSON of ASCII characters, one line for each value that is not nested."""
        document = {
            "format": FORMAT,
            "kind": self.kind,
            "about": self.about,
            "bases": self.spelled_bases,
            "shared": spell(self.shared, self.bases),
            "vectors": self.vectors,
        }
        return json.dumps(document, indent=1).encode("ascii") + b"\n"
