"""Figures as people read them: percent, minutes, hours; None is a dash."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from router.reports.figures import Value

NOTHING: Final = "–"  # noqa: RUF001 the dash that stands for no figure


def _seconds(value: float) -> str:
    """Return minutes and seconds; from an hour on, hours and minutes."""
    whole = round(value)
    if whole >= 3600:
        return f"{whole // 3600} h {whole % 3600 // 60:02} min"
    return f"{whole // 60}:{whole % 60:02}"


_UNITS: Final[Mapping[str, Callable[[float], str]]] = {
    "count": lambda value: f"{value:,.0f}".replace(",", "\N{NO-BREAK SPACE}"),
    "per_day": lambda value: f"{value:.1f}",
    "share": lambda value: f"{100 * value:.1f}\N{NO-BREAK SPACE}%",
    "seconds": _seconds,
    "hours": lambda value: f"{value:.1f}\N{NO-BREAK SPACE}h",
    "score": lambda value: f"{value:.2f}",
}


def shown(value: Value, unit: str, language: str) -> str:
    """Return the figure as text; French has a comma for the point."""
    if value is None:
        return NOTHING
    text = _UNITS[unit](value)
    return text.replace(".", ",") if language == "fr" else text
