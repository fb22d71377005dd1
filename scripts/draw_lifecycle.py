"""Writes docs/lifecycle.md from the table of moves: a picture, then every move.

`python scripts/draw_lifecycle.py` writes the page; a test says when it is out of date.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from router.core import events as e
from router.core.lifecycle import MOVES
from router.core.model import ENDED
from router.core.model import ItemState as S

PAGE: Final = Path(__file__).parent.parent / "docs" / "lifecycle.md"

MEANINGS: Final[dict[S, str]] = {
    S.RECEIVED: "it has arrived; what follows is decided at once",
    S.IN_FLOW: "the caller is inside a call flow: menu, message, transfer, asking for a number",
    S.QUEUED: "in line; may be offered to an agent",
    S.OFFERED: "at least one agent is reserved for it and has not answered yet; keeps its place",
    S.HANDLING: "an agent has it",
    S.HELD: "an agent has it, the resident hears hold music",
    S.WRAP_UP: "the conversation is over, the agent notes what it came to",
    S.DEFERRED: "waits for an instant: the next opening, the next attempt of a callback",
    S.CLOSED: "ended: dealt with",
    S.ABANDONED: "ended: the resident left before an agent took it",
    S.DIVERTED: "ended: handed to somebody outside",
    S.SHUNTED: "set aside with a reason; needs a person, who queues or closes it",
}

# Moves that the table cannot hold, because they do not follow from state and event alone.
SPECIAL: Final = (
    ("none yet", e.ItemReceived, str(S.RECEIVED), "the item comes into being"),
    (S.OFFERED, e.OfferEnded, f"{S.QUEUED}, {S.OFFERED}", "queued once no offer is left open"),
    ("any that has ended", e.ItemForgotten, "none any more", "history keeps it"),
)

HEAD: Final = """\
# Life of a work item

<!-- Written by scripts/draw_lifecycle.py from router/core/lifecycle.py; edit those. -->

Nothing but these moves ever happens to a work item; an event that would make another one stops the
daemon, because its memory can then no longer be trusted.
"""


def page() -> str:
    """Return the whole page."""
    parts = (HEAD, *_states(), "", "## Picture", "", *_picture(), "", "## Moves", "", *_moves())
    return "\n".join(parts) + "\n"


def _states() -> Iterator[str]:
    yield "| state | meaning |"
    yield "|---|---|"
    for state in S:
        yield f"| `{state}` | {MEANINGS[state]} |"


def _picture() -> Iterator[str]:
    """Yield a mermaid diagram; ways out that every ending shares are drawn once."""
    yield "```mermaid"
    yield "stateDiagram-v2"
    yield f"    [*] --> {S.RECEIVED}"
    yield "    state ended {"
    for state in S:
        if state in ENDED:
            yield f"        {state}"
    yield "    }"
    for state, row in MOVES.items():
        targets = dict.fromkeys(row.values())
        if set(targets) >= ENDED:
            targets = {to: None for to in targets if to not in ENDED}
            yield f"    {state} --> ended"
        for to in targets:
            if to is not state:
                yield f"    {state} --> {to}: {_names(state, to)}"
    yield f"    {S.OFFERED} --> {S.QUEUED}: {e.OfferEnded.__name__}"
    yield "    ended --> [*]: ItemForgotten"
    yield "```"


def _names(state: S, to: S) -> str:
    return ", ".join(event.__name__ for event, following in MOVES[state].items() if following is to)


def _moves() -> Iterator[str]:
    yield "| from | event | to |"
    yield "|---|---|---|"
    for state, row in MOVES.items():
        for event, to in row.items():
            yield f"| `{state}` | {event.__name__} | `{to}` |"
    yield ""
    yield "Three moves do not follow from the state and the event alone:"
    yield ""
    yield "| from | event | to | |"
    yield "|---|---|---|---|"
    for from_, event, to_, why in SPECIAL:
        yield f"| {from_} | {event.__name__} | {to_} | {why} |"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
