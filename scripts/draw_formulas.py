"""Writes the tables of docs/service-level.md: each ending, each formula, and what is what to whom.

`python -m scripts.draw_formulas` writes the part of the page below its marker afresh.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from router.core.formulas import (
    CURRENT,
    ENDINGS,
    ENDINGS_OF_TEXTS,
    LATE,
    OF_TEXTS,
    SHORT,
    THRESHOLD,
    Formula,
    place_of,
)

PAGE: Final = Path(__file__).parent.parent / "docs" / "service-level.md"
MARKER: Final = "<!-- below: written by python -m scripts.draw_formulas -->\n"
_SHOWN: Final = {"met": "+", "missed": "0", "-": ""}


def tables() -> str:
    """Return the generated part of the page."""
    calls = (
        *_endings("How an entry ends", ENDINGS),
        *_formulas("Formulas", CURRENT),
        *_places("What each result is to each formula", CURRENT, ENDINGS),
    )
    texts = (
        *_endings("How the wait for a first response ends", ENDINGS_OF_TEXTS),
        *_formulas("Formulas of mail and forms", OF_TEXTS),
        *_places("What each result of mail and forms is", OF_TEXTS, ENDINGS_OF_TEXTS),
    )
    return "\n".join((MARKER, *calls, *texts))


def _endings(title: str, endings: Mapping[str, str]) -> list[str]:
    rows = [f"| `{name}` | {meaning} |" for name, meaning in endings.items()]
    return [f"## {title}", "", "| ending | when |", "|---|---|", *rows, ""]


def _formulas(title: str, formulas: Mapping[str, Formula]) -> list[str]:
    rows = [f"| `{each.name}` | {each.version} | {each.definition} |" for each in formulas.values()]
    return [f"## {title}", "", "| name | version | definition |", "|---|---|---|", *rows, ""]


def _places(title: str, formulas: Mapping[str, Formula], endings: Mapping[str, str]) -> list[str]:
    results = [THRESHOLD, *endings, *(each + LATE for each in endings if each != SHORT)]
    names = " | ".join(f"`{name}`" for name in formulas)
    rows = [
        f"| `{result}` | "
        + " | ".join(_SHOWN[place_of(each, result)] for each in formulas.values())
        + " |"
        for result in results
    ]
    return [
        f"## {title}",
        "",
        "`+` counts as met, `0` counts as missed, empty does not count. What ends late is counted"
        " once: where `threshold` is looked at when the time is over, elsewhere when it ends.",
        "",
        f"| result | {names} |",
        f"|---|{'---|' * len(formulas)}",
        *rows,
        "",
    ]


def page() -> str:
    """Return the whole page, with its tables as they should be."""
    return PAGE.read_text(encoding="utf-8").partition(MARKER)[0] + tables()


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
