"""Makes the HTML of a mail harmless: what is not on the lists below does not survive.

No scripts, styles, forms, drawings or frames; links leave in a new window and tell nothing of us;
nothing is fetched from elsewhere unless the reader asks for it, because fetching tells the sender
that, when and where the mail was read. The cleaner (nh3) parses as browsers do and writes the tree
out anew; it is run until its own output no longer changes, so that a browser reads what was judged.
The list of properties allows no layout that could leave the frame the mail is shown in.
"""

from __future__ import annotations

import html as entities
import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final, Literal
from urllib.parse import unquote

import msgspec
import nh3

_BLOCKS: Final = (
    "address article aside blockquote center dd details div dl dt figcaption figure footer h1 h2 h3"
    " h4 h5 h6 header hr li main ol p pre section summary ul"
)
_TABLES: Final = "caption col colgroup table tbody td tfoot th thead tr"
_INLINE: Final = (
    "a abbr b bdi bdo big br cite code del dfn em font i img ins kbd mark q rp rt ruby s samp small"
    " span strike strong sub sup time tt u var wbr"
)
TAGS: Final = frozenset(f"{_BLOCKS} {_TABLES} {_INLINE}".split())
_DROPPED_WHOLE: Final = frozenset(
    {"applet", "canvas", "embed", "frameset", "iframe", "math", "noembed", "noframes", "noscript"}
    | {"object", "script", "select", "style", "svg", "template", "textarea", "title", "xmp"}
)
_SIZES: Final = frozenset({"align", "valign", "width", "height", "bgcolor"})
_CELL: Final = _SIZES | {"colspan", "rowspan", "nowrap", "headers", "scope", "abbr", "background"}
ATTRIBUTES: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {
        "*": frozenset({"title", "lang", "dir", "style", "align"}),
        "a": frozenset({"href"}),
        "img": frozenset({"src", "alt", "width", "height", "border", "align"}),
        "table": _SIZES | {"border", "cellpadding", "cellspacing", "summary", "background"},
        **dict.fromkeys(("td", "th"), _CELL),
        **dict.fromkeys(("tr", "tbody", "thead", "tfoot"), _SIZES),
        **dict.fromkeys(("col", "colgroup"), frozenset({"span", "width"})),
        "font": frozenset({"color", "face", "size"}),
        "ol": frozenset({"start", "type", "reversed"}),
        "ul": frozenset({"type"}),
        "li": frozenset({"value"}),
        "hr": frozenset({"width", "size"}),
        **dict.fromkeys(("blockquote", "q", "del", "ins"), frozenset[str]()),
        "time": frozenset({"datetime"}),
        "details": frozenset({"open"}),
    }
)
PROPERTIES: Final = frozenset(
    {"background-color", "border", "border-bottom", "border-collapse", "border-color"}
    | {"border-left", "border-radius", "border-right", "border-spacing", "border-style"}
    | {"border-top", "border-width", "color", "direction", "font", "font-family", "font-size"}
    | {"font-style", "font-variant", "font-weight", "height", "letter-spacing", "line-height"}
    | {"list-style-type", "margin", "margin-bottom", "margin-left", "margin-right"}
    | {"margin-top", "max-width", "min-width", "padding", "padding-bottom", "padding-left"}
    | {"padding-right", "padding-top", "text-align", "text-decoration", "text-indent"}
    | {"text-transform", "vertical-align", "white-space", "width", "word-break", "word-spacing"}
    | {"word-wrap", "overflow-wrap"}
)
SCHEMES: Final = frozenset({"http", "https", "mailto", "tel"})
_REMOTE: Final = re.compile(r"\s*https?:", re.IGNORECASE)
_OWN: Final = "cid:"
# No backslash, brace, angle bracket or function but colours: nothing calls, escapes or ends. No
# negative margins: nothing is drawn over its neighbours.
_VALUE: Final = re.compile(
    r"(?!.*(?:^|\s)-)[A-Za-z0-9\s#.,%!/-]*(?:\brgba?\([0-9\s.,%]*\)[A-Za-z0-9\s#.,%!/-]*)?",
    re.ASCII,
)
_PICTURES: Final = frozenset({("img", "src"), ("table", "background"), ("td", "background"),
                              ("th", "background")})  # fmt: skip
_PASSES_MAX: Final = 8

# The tree is built in time that grows with its depth, and formatting left open is repeated in each
# paragraph that follows. Both are bounded by counting starts alone: what looks like an end may be
# the value of an attribute.
_START: Final = re.compile(r"<[a-zA-Z]")
_FORMATTING: Final = re.compile(
    r"<(/?)(?:b|big|code|em|font|i|s|small|strike|strong|tt|u)(?=[\s/>])", re.IGNORECASE
)
_TAG: Final = re.compile(r"<[^<>]*>?")
_ELEMENTS_MAX: Final = 15_000
_REPEATS_MAX: Final = 1_000_000


class SafeHtml(msgspec.Struct, frozen=True):
    """What may be shown."""

    html: str
    has_remote: bool  # there are pictures elsewhere that `remote=True` would show


def safe(
    html: str, *, remote: bool = False, pictures: Mapping[str, str] = MappingProxyType({})
) -> SafeHtml:
    """Return the harmless part of a mail's HTML, itself unchanged by another call.

    `pictures` says where the mail's own pictures are found: content id (without angle brackets) to
    address; a picture that is not in it loses its source. `remote` keeps the sources of pictures
    and backgrounds elsewhere (http, https); `srcset` and `url()` in styles never stay. HTML of more
    elements than any mail has is shown as its words; time and memory are bounded whatever it is.
    """
    has_remote = False

    def keep(tag: str, attribute: str, value: str) -> str | None:
        nonlocal has_remote
        if attribute == "style":
            return _style(value)
        if (tag, attribute) in _PICTURES and _REMOTE.match(value):
            has_remote = True
            return value if remote else None
        if value.lower().startswith(_OWN):
            return value if (tag, attribute) == ("img", "src") else None
        return None if (tag, attribute) in _PICTURES else value

    def place(tag: str, attribute: str, value: str) -> str | None:
        if (tag, attribute) == ("img", "src") and value.lower().startswith(_OWN):
            return pictures.get(unquote(value[len(_OWN) :]))
        return keep(tag, attribute, value)

    cleaner = _cleaner(keep)
    text = _bounded(html)
    for _ in range(_PASSES_MAX):
        before, text = text, cleaner.clean(text)
        if text == before:
            break
    else:
        text = cleaner.clean(_words(html))
    if (
        _OWN in text.lower()
    ):  # the text has no relative addresses any more: those that appear are ours
        text = _cleaner(place, relative="pass_through").clean(text)
    return SafeHtml(html=text, has_remote=has_remote)


def _cleaner(
    keep: Callable[[str, str, str], str | None],
    *,
    relative: Literal["deny", "pass_through"] = "deny",
) -> nh3.Cleaner:
    return nh3.Cleaner(
        tags=set(TAGS),
        clean_content_tags=set(_DROPPED_WHOLE),
        attributes={tag: set(names) for tag, names in ATTRIBUTES.items()},
        attribute_filter=keep,
        link_rel="noopener noreferrer nofollow",
        set_tag_attribute_values={"a": {"target": "_blank"}},
        url_schemes={*SCHEMES, _OWN.rstrip(":")},
        url_relative=relative,
    )


def _style(value: str) -> str | None:
    """Return the declarations that may stay, None when there are none."""
    kept = []
    for declaration in value.split(";"):
        name, _, wanted = declaration.partition(":")
        name = name.strip().lower()
        wanted = wanted.replace('"', "").replace("'", "").strip()
        if name in PROPERTIES and wanted and _VALUE.fullmatch(wanted):
            kept.append(f"{name}: {wanted}")
    return "; ".join(kept) or None


def _bounded(html: str) -> str:
    """Return HTML whose tree is not larger than any mail's: too many elements leave the words only.

    Where formatting could be repeated too often it is forgotten (`span` is never repeated). Without
    attributes at most three of each kind are repeated (HTML standard, 13.2.4.3).
    """
    elements = sum(1 for _ in _START.finditer(html))
    if elements > _ELEMENTS_MAX:
        return _words(html)
    repeated = sum(1 for found in _FORMATTING.finditer(html) if html[found.end()] != ">")
    return _FORMATTING.sub(r"<\1span", html) if repeated * elements > _REPEATS_MAX else html


def _words(html: str) -> str:
    """Return the words between the tags, as one paragraph."""
    return f"<p>{entities.escape(entities.unescape(_TAG.sub(' ', html)))}</p>"
