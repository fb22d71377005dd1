"""Policy files as trees of text in which every node knows its line and column.

The only importer of yaml. Scalars stay text (`17:00`, `NO` and `+1905...` are what was typed),
doubled keys are seen, and nothing can be built from a file but texts, lists and mappings. Anchors,
aliases, merge keys and tags are refused: what stands in a file is what counts.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path as FilePath
from typing import Final

import yaml

from router.policy.complaints import Complaint, Path, dotted

BYTES_MAX: Final = 1_000_000
DEPTH_MAX: Final = 40

Plain = str | None | list["Plain"] | dict[str, "Plain"]

_LOADER: Final = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
_TAB_INDENT: Final = re.compile(r"^ *\t", re.MULTILINE)
_UNPRINTABLE: Final = re.compile(
    "[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]"
)


@dataclass(slots=True)
class Scalar:
    """A text; None when the key stands there without a value."""

    text: str | None
    line: int
    col: int


@dataclass(slots=True)
class Sequence:
    """A list."""

    elements: list[Node]
    line: int
    col: int


@dataclass(slots=True)
class Mapping:
    """Keys with values, in file order."""

    entries: dict[str, tuple[Scalar, Node]]
    line: int
    col: int


Node = Scalar | Sequence | Mapping


@dataclass(slots=True)
class Document:
    """One file. `root` is an empty mapping when the file could not be read."""

    file: str
    root: Node
    complaints: list[Complaint] = field(default_factory=list)
    readable: bool = True

    def complain(
        self, path: Path, message: str, *, at_key: bool = False, is_warning: bool = False
    ) -> None:
        """Add a complaint at the node the path leads to, or at the deepest one that exists."""
        line, col = self.place(path, at_key=at_key)
        self.complaints.append(Complaint(self.file, line, col, dotted(path), message, is_warning))

    def named(self, what: str, path: Path) -> str:
        """Return how a complaint about something else names what stands there: with its line."""
        return f"{what} (line {self.place(path)[0]})"

    def place(self, path: Path, *, at_key: bool = False) -> tuple[int, int]:
        """Return line and column (from 1) of the value, or of its key, that the path leads to."""
        node = self.root
        line, col = node.line, node.col
        for part in path:
            if isinstance(node, Mapping) and str(part) in node.entries:
                key, node = node.entries[str(part)]
                blank = isinstance(node, Scalar) and node.text is None
                spot: Node = key if at_key or blank or not isinstance(node, Scalar) else node
                line, col = spot.line, spot.col
            elif isinstance(node, Sequence) and isinstance(part, int) and part < len(node.elements):
                node = node.elements[part]
                line, col = node.line, node.col
            else:
                break
        return line, col

    def keys(self, *path: str) -> tuple[str, ...]:
        """Return the keys of the mapping at the path, as typed; () when there is no mapping."""
        node = self._at(path)
        return tuple(node.entries) if isinstance(node, Mapping) else ()

    def text(self, *path: str | int) -> str | None:
        """Return the text at the path; None when there is none."""
        node = self._at(path)
        return node.text if isinstance(node, Scalar) else None

    def _at(self, path: tuple[str | int, ...]) -> Node | None:
        node: Node = self.root
        for part in path:
            if isinstance(node, Mapping) and str(part) in node.entries:
                node = node.entries[str(part)][1]
            elif isinstance(node, Sequence) and isinstance(part, int) and part < len(node.elements):
                node = node.elements[part]
            else:
                return None
        return node


def plain(node: Node) -> Plain:
    """Return the tree as texts, lists and dicts; empty values as None."""
    if isinstance(node, Scalar):
        return node.text
    if isinstance(node, Sequence):
        return [plain(element) for element in node.elements]
    return {key: plain(value) for key, (_, value) in node.entries.items()}


def read(directory: FilePath, file: str) -> Document:
    """Read one policy file. Errors: none; what is wrong stands in the document's complaints."""
    try:
        with (directory / file).open("rb") as stream:
            data = stream.read(BYTES_MAX + 1)
    except FileNotFoundError:
        return _unreadable(file, 1, 1, "the file is missing; a policy directory needs it")
    except OSError as error:
        return _unreadable(file, 1, 1, f"the file cannot be read: {error.strerror}")
    return parse(file, data)


def parse(file: str, data: bytes) -> Document:
    """Turn a file's bytes into a document."""
    if len(data) > BYTES_MAX:
        return _unreadable(file, 1, 1, f"larger than {BYTES_MAX // 1000} kB; shorten it")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-8", "replace")
        line, col = _line_col(before)
        return _unreadable(file, line, col, "not UTF-8; save the file as UTF-8")
    for pattern, message in (
        (_TAB_INDENT, "a tab indents this line; use spaces"),
        (_UNPRINTABLE, "a control character stands here; delete it"),
    ):
        found = pattern.search(text)
        if found is not None:
            line, col = _line_col(text[: found.end() - 1])
            return _unreadable(file, line, col, message)
    try:
        return _Builder(file, text).document()
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
        line, col = (mark.line + 1, mark.column + 1) if mark is not None else (1, 1)
        return _unreadable(file, line, col, _plain_words(error))


def _line_col(before: str) -> tuple[int, int]:
    """Return the place of the character that follows this text."""
    return before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1


def _unreadable(file: str, line: int, col: int, message: str) -> Document:
    complaint = Complaint(file, line, col, "", message)
    return Document(file, Mapping({}, 1, 1), [complaint], readable=False)


def _plain_words(error: yaml.YAMLError) -> str:
    problem = str(getattr(error, "problem", "") or "not readable as YAML")
    hints = {
        "mapping values are not allowed": "a text with ': ' in it needs quotes",
        "did not find expected key": "check the indentation and the quotes here and above",
        "did not find expected '-'": "entries of one list begin in the same column",
        "did not find expected ',' or": "a bracket above is not closed",
        "could not find expected ':'": "a key ends with a colon and a space",
        "cannot start any token": "put the text in quotes",
        "unexpected end of stream": "a quote is opened and never closed",
    }
    for part, hint in hints.items():
        if part in problem:
            return f"{problem}; {hint}"
    return f"{problem}; check the indentation and the quotes here and above"


class _Builder:
    """Walks the parser's events with a stack of its own, so that depth is bounded."""

    def __init__(self, file: str, text: str) -> None:
        self._events = yaml.parse(text, Loader=_LOADER)
        self._document = Document(file, Mapping({}, 1, 1))
        self._open: list[Mapping | Sequence] = []
        self._keys: list[Scalar | None] = []  # per open collection: the key that awaits its value
        self._labels: list[str | int] = []  # per open collection: its key or index
        self._root: Node | None = None
        self._documents = 0

    def document(self) -> Document:
        for event in self._events:
            mark = event.start_mark
            line, col = (mark.line + 1, mark.column + 1) if mark is not None else (1, 1)
            if isinstance(event, yaml.DocumentStartEvent):
                self._documents += 1
                if self._documents > 1:
                    self._complain(line, col, "a second document begins here; delete the '---'")
                    break
            elif isinstance(event, yaml.NodeEvent):
                self._node(event, line, col)
            elif isinstance(event, yaml.CollectionEndEvent):
                self._close()
            if len(self._open) > DEPTH_MAX:
                return _unreadable(self._document.file, line, col, "nested too deeply")
        self._finish()
        return self._document

    def _finish(self) -> None:
        if isinstance(self._root, Mapping) and self._root.entries:
            self._document.root = self._root
            return
        self._document.readable = False
        if self._root is None or (isinstance(self._root, Scalar) and not self._root.text):
            self._complain(1, 1, "the file is empty")
        elif not self._document.complaints:
            self._complain(1, 1, "must be a block of keys: `key: value`")

    def _complain(self, line: int, col: int, message: str, key: str = "") -> None:
        path = dotted((*self._labels[1:], key) if key else tuple(self._labels[1:]))
        self._document.complaints.append(Complaint(self._document.file, line, col, path, message))

    def _node(self, event: yaml.NodeEvent, line: int, col: int) -> None:
        if isinstance(event, yaml.AliasEvent):
            self._complain(line, col, f"alias *{event.anchor} is not allowed; write the value out")
            self._add(Scalar(None, line, col))
            return
        if event.anchor is not None:
            self._complain(line, col, f"anchor &{event.anchor} is not allowed; write the value out")
        if (tag := getattr(event, "tag", None)) is not None:
            self._complain(line, col, f"tag {tag} is not allowed; delete it")
        if isinstance(event, yaml.ScalarEvent):
            blank = event.value == "" and not event.style
            self._add(Scalar(None if blank else event.value, line, col))
        elif isinstance(event, yaml.MappingStartEvent):
            self._begin(Mapping({}, line, col))
        else:
            self._begin(Sequence([], line, col))

    def _begin(self, node: Mapping | Sequence) -> None:
        self._labels.append(self._add(node))
        self._open.append(node)
        self._keys.append(None)

    def _close(self) -> None:
        self._open.pop()
        self._keys.pop()
        self._labels.pop()

    def _add(self, node: Node) -> str | int:
        """Put the node where it belongs; return its key or index there."""
        if not self._open:
            self._root = node if self._root is None else self._root
            return ""
        parent = self._open[-1]
        if isinstance(parent, Sequence):
            parent.elements.append(node)
            return len(parent.elements) - 1
        key = self._keys[-1]
        if key is None:
            self._keys[-1] = self._as_key(node)
            return ""
        self._keys[-1] = None
        name = key.text or ""
        if name in parent.entries:
            first = parent.entries[name][0].line
            message = f"key {name!r} stands here again; first on line {first}; delete one of them"
            self._complain(key.line, key.col, message, name)
        else:
            parent.entries[name] = (key, node)
        return name

    def _as_key(self, node: Node) -> Scalar:
        if isinstance(node, Scalar) and node.text is not None:
            if node.text == "<<":
                self._complain(node.line, node.col, "merge key << is not allowed; write it out")
            return node
        self._complain(node.line, node.col, "a key must be a text")
        return Scalar("", node.line, node.col)
