"""HTML to readable text: what a person would see, in lines.

A tokenizer of its own that is linear in the length of the input, whatever the input is; styles,
scripts, comments and hidden heads fall away, blocks become lines, links keep where they lead,
pictures their words. The HTML is not judged: nothing raises.
"""

from __future__ import annotations

import html
import re
from typing import Final

_TAG: Final = re.compile(r"""</?([a-zA-Z][\w:-]*+)((?:[^>"']++|"[^"]*+"|'[^']*+')*+)>""")
_LOOSE_TAG: Final = re.compile(r"</?([a-zA-Z][\w:-]*+)([^>]*+)>")
_ATTRIBUTE: Final = re.compile(
    r"""\b(href|alt)\s*+=\s*+("[^"]*+"|'[^']*+'|[^\s"'>]++)""", re.IGNORECASE
)
_SPACE: Final = re.compile(r"[ \t\r\n\f\v\u200b\ufeff]+")
_BLANK_LINES: Final = re.compile(r"\n{3,}")
_ENDLESS: Final = re.compile(r"&#(?:[0-9]{8,}|[xX][0-9A-Fa-f]{8,});?")  # no letter has this number
_SKIPPED: Final = frozenset({"style", "script", "title", "template", "svg"})
_BLOCKS: Final = frozenset(
    {"address", "article", "aside", "blockquote", "center", "dd", "div", "dl", "dt", "fieldset",
     "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "li", "main",
     "nav", "ol", "pre", "section", "table", "tbody", "tr", "ul"}
)  # fmt: skip
_APART: Final = frozenset({"p", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "table"})
_CELLS: Final = frozenset({"td", "th"})
_QUOTE: Final = "\x02"  # begins a quotation while the lines are being made
_UNQUOTE: Final = "\x03"
_QUOTES_MAX: Final = 20
_CONTROLS: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


def to_text(page: str) -> str:
    """Return the visible words; blocks on lines of their own, quotations behind `> `."""
    return _Page(page).text()


class _Page:
    """One pass over the page; `pieces` grows into the text."""

    def __init__(self, page: str) -> None:
        self.page = page
        self.pieces: list[str] = []
        self.skipping = ""  # the element whose content is not shown
        self.is_pre = False
        self.breaks = 2  # line ends at the end of what was collected
        self.link = ""
        self.link_at = 0
        self.tag = _TAG  # exchanged once quotes turned out not to close
        self.last_end = page.rfind(">")

    def text(self) -> str:
        """Walk the page and tidy what was collected."""
        position, end = 0, len(self.page)
        while position < end:
            begin = self.page.find("<", position)
            if begin < 0:
                begin = end
            self._words(self.page[position:begin])
            position = self._markup(begin) if begin < end else end
        return _quoted("".join(self.pieces))

    def _markup(self, begin: int) -> int:
        """Take what begins with `<` and return where it ends."""
        page = self.page
        if begin > self.last_end:  # nothing closes any more; also keeps the walk linear
            self._words(page[begin:])
            return len(page)
        if page.startswith("<!--", begin):
            close = page.find("-->", begin + 4)
            return len(page) if close < 0 else close + 3
        if page.startswith(("<!", "<?"), begin):
            close = page.find(">", begin)
            return len(page) if close < 0 else close + 1
        match = self.tag.match(page, begin)
        if match is None and self.tag is _TAG and _LOOSE_TAG.match(page, begin):
            self.tag = _LOOSE_TAG
            match = _LOOSE_TAG.match(page, begin)
        if match is None:
            self._words("<")
            return begin + 1
        name = match[1].lower()
        if page[begin + 1] == "/":
            self._close(name)
        else:
            self._open(name, match[2])
        return match.end()

    def _words(self, raw: str) -> None:
        if self.skipping or not raw:
            return
        words = _CONTROLS.sub("", html.unescape(_ENDLESS.sub("\ufffd", raw)))
        if not self.is_pre:
            words = _SPACE.sub(" ", words)
        if words != " " or not self.breaks:
            self.pieces.append(words)
            self.breaks = 0

    def _break(self, lines: int) -> None:
        """End the line, unless enough line ends stand there already; two leave a line empty."""
        self.pieces.append("\n" * (lines - self.breaks))
        self.breaks = max(lines, self.breaks)

    def _open(self, name: str, attributes: str) -> None:
        if self.skipping:
            return
        if name in _SKIPPED and not attributes.endswith("/"):
            self.skipping = name
        elif name == "br":
            self._break(self.breaks + 1)
        elif name in ("hr", "li"):
            self._break(1)
            self._words("---" if name == "hr" else "- ")
        elif name == "img":
            self._words(_attribute(attributes, "alt"))
        elif name == "a":
            self.link, self.link_at = _attribute(attributes, "href"), len(self.pieces)
        elif name in _CELLS:
            self._words(" ")
        elif name in _BLOCKS or name == "p":
            self._break(2 if name in _APART else 1)
        if name == "blockquote":
            self.pieces.append(_QUOTE)
        self.is_pre = self.is_pre or name == "pre"

    def _close(self, name: str) -> None:
        if self.skipping:
            self.skipping = "" if name == self.skipping else self.skipping
            return
        if name == "blockquote":
            self._break(1)
            self.pieces.append(_UNQUOTE)
            self.breaks = 0
        if name == "a" and self.link:
            self._target()
        elif name in _BLOCKS or name == "p":
            self._break(2 if name in _APART else 1)
        self.is_pre = self.is_pre and name != "pre"

    def _target(self) -> None:
        """Add where a link leads, unless its words say so already."""
        said = "".join(self.pieces[self.link_at :]).strip()
        target = html.unescape(_ENDLESS.sub("", self.link)).strip()
        self.link = ""
        bare = target.removeprefix("mailto:").removeprefix("tel:").rstrip("/")
        bare = bare.partition("?")[0] if target.startswith("mailto:") else bare
        is_shown = target.startswith(("http://", "https://", "mailto:", "tel:"))
        if is_shown and said and (bare.partition("://")[2] or bare) not in said:
            self.pieces.append(f" <{bare if target.startswith(('mailto:', 'tel:')) else target}>")


def _attribute(attributes: str, name: str) -> str:
    for match in _ATTRIBUTE.finditer(attributes):
        if match[1].lower() == name:
            return match[2].strip("\"'")
    return ""


def _quoted(text: str) -> str:
    """Put `> ` before the lines of quotations and close up empty lines."""
    lines: list[str] = []
    depth = 0
    for line in text.split("\n"):
        for piece in re.split(f"([{_QUOTE}{_UNQUOTE}])", line):
            if piece == _QUOTE:
                depth += 1
            elif piece == _UNQUOTE:
                depth = max(0, depth - 1)
            elif piece.strip() or line == piece:
                mark = ">" * min(depth, _QUOTES_MAX)
                lines.append(f"{mark} {piece.strip()}".strip())
    return _BLANK_LINES.sub("\n\n", "\n".join(lines)).strip()
