"""Writes the tables of docs/service-level.md: each ending, each formula, and what is what to whom.

`python -m scripts.draw_formulas` writes the part of the page below its marker afresh.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from router.core.formulas import CURRENT, ENDINGS, LATE, SHORT, THRESHOLD, place_of

PAGE: Final = Path(__file__).parent.parent / "docs" / "service-level.md"
MARKER: Final = "<!-- below: written by python -m scripts.draw_formulas -->\n"
_SHOWN: Final = {"met": "+", "missed": "0", "-": ""}


def tables() -> str:
    """Return the generated part of the page."""
    return "\n".join((MARKER, *_endings(), *_formulas(), *_places()))


def _endings() -> list[str]:
    rows = [f"| `{name}` | {meaning} |" for name, meaning in ENDINGS.items()]
    head = ["## How an entry ends", "", "| ending | when |", "|---|---|"]
    return [*head, *rows, ""]


def _formulas() -> list[str]:
    rows = [f"| `{each.name}` | {each.version} | {each.definition} |" for each in CURRENT.values()]
    head = ["## Formulas", "", "| name | version | definition |", "|---|---|---|"]
    return [*head, *rows, ""]


def _places() -> list[str]:
    results = [THRESHOLD, *ENDINGS, *(each + LATE for each in ENDINGS if each != SHORT)]
    names = " | ".join(f"`{name}`" for name in CURRENT)
    rows = [
        f"| `{result}` | "
        + " | ".join(_SHOWN[place_of(each, result)] for each in CURRENT.values())
        + " |"
        for result in results
    ]
    return [
        "## What each result is to each formula",
        "",
        "`+` counts as met, `0` counts as missed, empty does not count. What ends late is counted"
        " once: where `threshold` is looked at when the time is over, elsewhere when it ends.",
        "",
        f"| result | {names} |",
        f"|---|{'---|' * len(CURRENT)}",
        *rows,
        "",
    ]


def page() -> str:
    """Return the whole page, with its tables as they should be."""
    return PAGE.read_text(encoding="utf-8").partition(MARKER)[0] + tables()


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
