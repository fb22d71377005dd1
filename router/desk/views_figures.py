"""An agent's own figures of the day as a desk shows them."""

from __future__ import annotations

from router.desk.view_types import Moment, View


class FigureView(View, frozen=True, kw_only=True):
    """What a figure is called and means."""

    key: str
    unit: str  # count | share | seconds | hours | score
    name: str
    definition: str


class FiguresOfView(View, frozen=True, kw_only=True):
    """The figures on one channel, or on all; null where nothing was counted."""

    channel: str  # "" = all
    name: str
    figures: dict[str, int | float | None]


class OwnFiguresView(View, frozen=True, kw_only=True):
    """One's own figures of today."""

    at: Moment
    day: str
    definitions: tuple[FigureView, ...]
    rows: tuple[FiguresOfView, ...]  # a row for each channel, the last one for all
