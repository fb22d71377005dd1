"""The widget's files as they travel: which address has which bytes, with and without compression.

There is no build step: a browser gets the modules that lie here, but without their comments, which
are for us and would be a fifth of what a resident downloads. Reads its own folder and nothing else.
"""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import msgspec

ENTRY: Final = "widget.js"  # at the top; its modules lie below widget/
_FOLDER: Final = Path(__file__).parent
_KINDS: Final = {
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
}

# For the demo page: everything from here, nothing inside the page. 'self' covers WebSockets too.
DEMO_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self';"
    " base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


class WidgetFile(msgspec.Struct, frozen=True):
    """One file: the same bytes twice, as they are and as gzip."""

    media_type: str
    plain: bytes
    packed: bytes
    tag: str  # quoted, for ETag: changes exactly when the bytes do


def widget_files() -> Mapping[str, WidgetFile]:
    """Return every file by its address below the public one; "" is the demo page."""
    return {_address(path): _file(path) for path in sorted(_FOLDER.iterdir()) if _is_sent(path)}


def without_comments(source: str) -> str:
    """Return a module without indentation, doc comments and lines that are nothing but a comment.

    Only whole lines go, from `/**` to `*/` and those that begin with `//`: what strings, patterns
    and templates hold is left alone.
    """
    return "\n".join(_lines_of_code(source)) + "\n"


def _lines_of_code(source: str) -> Iterator[str]:
    is_inside = False
    for line in source.splitlines():
        text = line.strip()
        is_comment = is_inside or text.startswith("/**")
        is_inside = is_comment and not text.endswith("*/")
        if text and not is_comment and not text.startswith("//"):
            yield text


def _is_sent(path: Path) -> bool:
    return path.suffix in _KINDS


def _address(path: Path) -> str:
    if path.suffix == ".html":
        return ""
    return path.name if path.name == ENTRY else f"widget/{path.name}"


def _file(path: Path) -> WidgetFile:
    text = path.read_text(encoding="utf-8")
    plain = (without_comments(text) if path.suffix == ".js" else text).encode()
    return WidgetFile(
        media_type=_KINDS[path.suffix],
        plain=plain,
        packed=gzip.compress(plain, mtime=0),
        tag=f'"{hashlib.sha256(plain).hexdigest()[:20]}"',
    )
