"""Reading YAML 1.2 so that it means what it says, and so that an error can name the line.

PyYAML reads YAML 1.1, where `NO` is false, `12:30` a number and a date a date. Here the resolvers are replaced by those of YAML 1.2's core
schema: only `true` and `false` are booleans, numbers are decimal, and everything else is text. Duplicate keys, anchors, aliases and tags
are refused: none of them is needed, and each can hide something from the person who reads the file.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import yaml

from questionnaire.errors import DefinitionError, Mistake

if TYPE_CHECKING:
    from collections.abc import Mapping

Path = tuple[str | int, ...]
"""A place in a document: keys and list positions from the top."""


@dataclass(frozen=True, slots=True)
class Document:
    """A parsed file: its value (dict, list, str, int, float, bool, None), and the line of every place in it."""

    file: str
    value: Any
    lines: Mapping[Path, int]

    def line(self, path: Path) -> int:
        """The line of the place, or of the nearest place around it that stands in the file."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)

    def mistake(self, path: Path, sentence: str) -> Mistake:
        """A mistake at this place of this file."""
        return Mistake(self.file, self.line(path), path_text(path), sentence)


class _Yaml12(yaml.SafeLoader):
    """SafeLoader with the resolvers of YAML 1.2's core schema."""


_Yaml12.yaml_implicit_resolvers = {}
for _tag, _pattern, _first in (
    ("bool", r"true|false", "tf"),
    ("null", r"null|~|", ["n", "~", ""]),
    ("int", r"[-+]?[0-9]+", "-+0123456789"),
    ("float", r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", "-+.0123456789"),
):
    _Yaml12.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(rf"^(?:{_pattern})$", re.ASCII), list(_first))


def read_document(text: str, file: str) -> Document:
    """Parse one YAML document. `file` is the name that errors show. Raises DefinitionError."""
    reader = _Reader(file)
    try:
        node = yaml.compose(text, Loader=_Yaml12)
        value = reader.value(node, ()) if node is not None else None
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark is not None else 1
        raise DefinitionError((Mistake(file, line, "", f"this is not YAML: {error.problem or 'it ends too early'}"),)) from None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise DefinitionError((Mistake(file, line, "", "take out the character that is not text"),)) from None
    except RecursionError:
        raise DefinitionError((Mistake(file, 1, "", "this is nested too deeply to be a call"),)) from None
    if reader.mistakes:
        raise DefinitionError(tuple(reader.mistakes))
    return Document(file, value, reader.lines)


def path_text(path: Path) -> str:
    """The path as people write it: `questions[3].label.km`."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def parse_path(text: str) -> Path:
    """The path that path_text wrote."""
    return tuple(int(number) if number else name for name, number in re.findall(r"([^.\[\]]+)|\[(\d+)\]", text))


class _Reader:
    """Walks the node tree once, building values and remembering lines."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.lines: dict[Path, int] = {}
        self.mistakes: list[Mistake] = []
        self._seen: set[int] = set()

    def value(self, node: yaml.Node, path: Path) -> Any:
        if id(node) in self._seen:
            # The node of an alias is the anchor's, marks and all; only the key before it knows where the alias stands.
            line = self.lines.get(path) or self.lines[path[:-1]]
            self.mistakes.append(Mistake(self.file, line, path_text(path), "write this out in full; an alias (*name) is not read here"))
            return None
        self._seen.add(id(node))
        self.lines.setdefault(path, node.start_mark.line + 1)
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            return [self.value(child, (*path, index)) for index, child in enumerate(node.value)]
        return self._scalar(node, path)

    def _mapping(self, node: yaml.MappingNode, path: Path) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                self._refuse(key_node, path, "write a plain name before the colon")
                continue
            key = str(key_node.value)
            if key in found:
                self._refuse(key_node, (*path, key), f"`{key}` stands here twice; keep one")
                continue
            self.lines[(*path, key)] = key_node.start_mark.line + 1
            found[key] = self.value(value_node, (*path, key))
        return found

    def _scalar(self, node: yaml.Node, path: Path) -> Any:
        tag = node.tag.removeprefix("tag:yaml.org,2002:")
        text = str(node.value)
        if tag == "str":
            return text
        if tag == "bool":
            return text == "true"
        if tag == "null":
            return None
        if tag in {"int", "float"}:
            return (int if tag == "int" else float)(text)
        self._refuse(node, path, "take the tag (!…) out")
        return None

    def _refuse(self, node: yaml.Node, path: Path, sentence: str) -> None:
        self.mistakes.append(Mistake(self.file, node.start_mark.line + 1, path_text(path), sentence))
