"""A chart as SVG: the day in quarters of an hour, service level above, contacts below.

A few lines and rectangles; a library for that would be the largest of all dependencies.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from itertools import pairwise
from typing import Final

from router.twin.figures import FORMULA, QUARTER_MIN
from router.twin.reports import Row

WIDTH, HEIGHT = 960, 520
LEFT, RIGHT, TOP, MIDDLE, BOTTOM = 60, 940, 50, 320, 480  # edges of the two panels
GAP: Final = 30  # between them
COLOURS: Final = ("#1b5e8c", "#b4531a")  # told apart by who sees few colours, too


def day_chart(title: str, named: Mapping[str, Sequence[Row]], target: float) -> str:
    """Return the SVG of the rows of one channel, per quarter; one line per named policy.

    Shape: `target` is the share promised, 0 to 1; rows of two policies at most.
    """
    shown = {name: [row for row in rows if row.quarter is not None] for name, rows in named.items()}
    quarters = sorted({row.quarter or 0 for rows in shown.values() for row in rows})
    if not quarters:
        return _page([_text(LEFT, TOP, "nothing came")])
    first, last = quarters[0], quarters[-1] + 1
    step = (RIGHT - LEFT) / (last - first)
    parts = [_text(LEFT, 25, title, size=16), *_grid(first, last, step, target)]
    most = max(row.offered.mean for rows in shown.values() for row in rows)
    for number, (name, rows) in enumerate(shown.items()):
        colour = COLOURS[number]
        parts += [*_levels(rows, first, step, colour), *_offered(rows, first, step, most, colour)]
        parts.append(_text(RIGHT - 300, 25 + 16 * number, name, colour=colour))
    parts.append(
        _text(
            LEFT,
            BOTTOM + 34,
            f"contacts by quarter of an hour, all days together, at most {most:.0f}",
        )
    )
    return _page(parts)


def _grid(first: int, last: int, step: float, target: float) -> Iterator[str]:
    for percent in (0, 25, 50, 75, 100):
        y = _level_y(percent / 100)
        yield _line(LEFT, y, RIGHT, y, "#ddd")
        yield _text(10, y + 4, f"{percent} %")
    yield _line(LEFT, _level_y(target), RIGHT, _level_y(target), "#333", dashed=True)
    yield _text(LEFT + 4, TOP - 6, f"service level ({FORMULA}), band: 95 %; dashes: the promise")
    for quarter in range(first, last + 1):
        if quarter * QUARTER_MIN % 60 == 0:
            x = LEFT + (quarter - first) * step
            yield _line(x, BOTTOM, x, BOTTOM + 5, "#333")
            yield _text(x - 8, BOTTOM + 18, f"{quarter * QUARTER_MIN // 60}")


def _levels(rows: Sequence[Row], first: int, step: float, colour: str) -> Iterator[str]:
    points = []
    for row in rows:
        level, x = row.measures["service_level"], LEFT + ((row.quarter or 0) - first + 0.5) * step
        if level.mean != level.mean:
            continue
        points.append((x, _level_y(level.mean)))
        if level.half == level.half:
            high = _level_y(min(1.0, level.mean + level.half))
            low = _level_y(max(0.0, level.mean - level.half))
            yield _box(x - step / 2, high, step, low - high, colour, 0.18)
    for one, other in pairwise(points):
        yield _line(*one, *other, colour, width=2)


def _offered(
    rows: Sequence[Row], first: int, step: float, most: float, colour: str
) -> Iterator[str]:
    for row in rows:
        height = (BOTTOM - MIDDLE - GAP) * row.offered.mean / most
        x = LEFT + ((row.quarter or 0) - first) * step
        yield _box(x + 1, BOTTOM - height, step - 2, height, colour, 0.4)


def _level_y(share: float) -> float:
    return MIDDLE - share * (MIDDLE - TOP)


def _line(
    x1: float, y1: float, x2: float, y2: float, colour: str, *, width: int = 1, dashed: bool = False
) -> str:
    dashes = ' stroke-dasharray="5 4"' if dashed else ""
    return (
        f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}"'
        f' stroke-width="{width}"{dashes}/>'
    )


def _box(x: float, y: float, width: float, height: float, colour: str, opacity: float) -> str:
    return (
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}"'
        f' fill="{colour}" fill-opacity="{opacity}"/>'
    )


def _text(x: float, y: float, text: str, *, size: int = 12, colour: str = "#222") -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" fill="{colour}"'
        f' font-family="sans-serif">{escape(text)}</text>'
    )


def _page(parts: Sequence[str]) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img">'
        + '<rect width="100%" height="100%" fill="#fff"/>'
        + "".join(parts)
        + "</svg>\n"
    )
