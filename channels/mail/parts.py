"""The tree of a mail's parts, cut out of the bytes without copying them.

The structure is read here and not by the standard library's parser, because that one keeps every
line as an object (tens of times the size of a mail of short lines) and recurses without bound.
Boundaries may be missing, wrong, used twice or never closed. Depth and number are bounded: what
lies deeper stays one unopened part, what comes later is left out; both are defects. Enclosed
mails are parts, never opened.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from channels.mail.headers import Head, read_head
from channels.mail.parameters import Declared, declared

DEPTH_MAX: Final = 30
PARTS_MAX: Final = 2_000

_TYPE: Final = re.compile(r"[\w!#$&^.+-]+/[\w!#$&^.+-]+")
_SHORT_TYPES: Final = {"text": "text/plain", "plain": "text/plain", "html": "text/html"}
_GUESS: Final = re.compile(
    rb"(?:\A|\n)--([^\s-][^\r\n]{0,120}?|-{1,60}[^\s-][^\r\n]{0,120}?)[ \t]*\r?\n"
    rb"(?=[Cc]ontent-[A-Za-z-]+[ \t]*:)"
)
_DELIMITER_TAIL: Final = 200  # bytes of white space after a delimiter
_LOOKS_MAX: Final = 200_000  # lines that begin like the delimiter and are none
_GUESS_WITHIN: Final = 65_536  # bytes at the beginning of a body
_THEN_CONTENT: Final = rb"[ \t]*\r?\n[Cc]ontent-[A-Za-z-]+[ \t]*:"
_FIRST_DELIMITER: Final = re.compile(
    rb"\s*+(?:[^\r\n]*MIME[^\r\n]*\r?\n\s*+)?--(\S[^\r\n]{0,120}?)[ \t]*\r?\n"
)


class Part(NamedTuple):
    """A node of the tree: a leaf with its bytes at [begin, end), or a multipart with children."""

    head: Head
    kind: str  # "text/plain", lower case
    content: Declared
    begin: int
    end: int
    children: tuple[Part, ...] = ()
    outside: tuple[int, int] = (0, 0)  # of a multipart: what stands before its first part


class Tree(NamedTuple):
    """All parts, and what was wrong with their structure."""

    root: Part
    defects: tuple[str, ...]


def read_tree(data: bytes) -> Tree:
    """Read the structure of a whole mail."""
    reader = _Reader(data)
    root = reader.part(0, len(data), "text/plain", 0)
    return Tree(root, tuple(dict.fromkeys(reader.defects)))


class _Reader:
    """One pass over one mail; counts the parts and collects the defects."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.defects: list[str] = []
        self.count = 0

    def part(self, begin: int, end: int, default: str, depth: int) -> Part:
        """Read the part that lies in these bytes, with everything inside it."""
        self.count += 1
        head = read_head(self.data, begin, end, is_top=depth == 0)
        self.defects += head.defects if depth == 0 else ()
        content = declared(head.text("content-type"))
        kind = _kind(content.value, default)
        if depth and _is_bare_mail(head):
            self.defects.append("enclosed-mail-bare")
            return Part(Head((), begin, ()), "message/rfc822", Declared("", {}), begin, end)
        leaf = Part(head, kind, content, min(head.body_at, end), end)
        if kind.startswith("multipart/"):
            return self._multipart(leaf, depth)
        if depth == 0 and not content.value:
            return self._undeclared(leaf)
        return leaf

    def _multipart(self, part: Part, depth: int) -> Part:
        if depth >= DEPTH_MAX:
            self.defects.append("nested-too-deep")
            return part
        boundary = part.content.parameters.get("boundary", "").encode("utf-8", "replace").rstrip()
        cuts = self._cuts(part, boundary) if boundary else []
        if not cuts:
            self.defects.append("boundary-not-found" if boundary else "boundary-missing")
            boundary = self._guess(part)
            cuts = self._cuts(part, boundary) if boundary else []
        if not cuts:
            self.defects.append("multipart-unreadable")
            return part._replace(kind="text/plain")
        return self._divided(part, cuts, depth)

    def _divided(self, part: Part, cuts: list[tuple[int, int, bool]], depth: int) -> Part:
        default = "message/rfc822" if part.kind == "multipart/digest" else "text/plain"
        children: list[Part] = []
        begin = -1
        for at, after, is_end in [*cuts, (part.end, part.end, True)]:
            if begin >= 0 and (at > begin or not is_end):
                if self.count >= PARTS_MAX:
                    self.defects.append("too-many-parts")
                    break
                end = _without_line_end(self.data, begin, at) if at < part.end else at
                children.append(self.part(begin, max(begin, end), default, depth + 1))
            begin = -1 if is_end else after
        ends = [number for number, cut in enumerate(cuts) if cut[2]]
        if not ends:
            self.defects.append("end-boundary-missing")
        elif ends[0] < len(cuts) - 1:
            self.defects.append("boundary-reused")
        return part._replace(children=tuple(children), outside=(part.begin, cuts[0][0]))

    def _cuts(self, part: Part, boundary: bytes) -> list[tuple[int, int, bool]]:
        """Return each delimiter line as (its first byte, the byte after it, whether it ends)."""
        mark = b"--" + boundary
        found: list[tuple[int, int, bool]] = []
        starts_here = self.data.startswith(mark, part.begin, part.end)
        at = part.begin if starts_here else self._next_line(mark, part.begin, part)
        looks = 0
        while at >= 0 and len(found) <= PARTS_MAX and looks < _LOOKS_MAX:
            looks += 1
            after = at + len(mark)
            is_end = self.data.startswith(b"--", after, part.end)
            longest = min(part.end, after + _DELIMITER_TAIL)
            line_end = self.data.find(b"\n", after, longest)
            line_end = line_end + 1 if line_end >= 0 else longest
            rest = self.data[after + 2 * is_end : line_end].strip()
            if rest == b"-" and not self.data[line_end : part.end].strip():
                is_end, rest = True, b""  # the last dash was cut off
            if not rest:
                found.append((at, line_end, is_end))
            at = self._next_line(mark, after - 1, part)
        return found

    def _next_line(self, mark: bytes, position: int, part: Part) -> int:
        found = self.data.find(b"\n" + mark, position, part.end)
        return found + 1 if found >= 0 else -1

    def _guess(self, part: Part) -> bytes:
        """Return the line that looks like a delimiter: dashes, then a Content- header."""
        region = self.data[part.begin : min(part.end, part.begin + _GUESS_WITHIN)]
        match = _GUESS.search(region)
        return match[1].removesuffix(b"--") if match else b""

    def _undeclared(self, leaf: Part) -> Part:
        """Open a body that begins with a delimiter though no multipart was declared."""
        region = self.data[leaf.begin : min(leaf.end, leaf.begin + _GUESS_WITHIN)]
        first = _FIRST_DELIMITER.match(region)
        if first is None:
            return leaf
        boundary = first[1].removesuffix(b"--")
        if not re.search(rb"\n--" + re.escape(boundary) + _THEN_CONTENT, b"\n" + region):
            return leaf
        self.defects.append("boundary-missing")
        cuts = self._cuts(leaf, boundary)
        return self._divided(leaf._replace(kind="multipart/mixed"), cuts, 0)


def _kind(value: str, default: str) -> str:
    if _TYPE.fullmatch(value):
        return value
    return _SHORT_TYPES.get(value.rstrip("/"), default if not value else "text/plain")


def _is_bare_mail(head: Head) -> bool:
    """Say whether a part's headers are those of a mail that somebody forgot to wrap."""
    names = {field.name for field in head.fields}
    return "received" in names or {"from", "message-id"} <= names


def _without_line_end(data: bytes, begin: int, end: int) -> int:
    """Return `end` before the line end that belongs to the delimiter."""
    if end > begin and data[end - 1] == 0x0A:
        end -= 1
        if end > begin and data[end - 1] == 0x0D:
            end -= 1
    return end
