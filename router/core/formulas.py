"""Service level by name: how entries into a queue end, and which of them each formula counts.

An entry has one ending, in time or late. That the promised time was over is a result of its own
(`threshold`), because some formulas count it at once and others wait for the ending. A formula is a
share of counted results, nothing else: what it meets over what it looks at. A version that has been
in force is never changed; a better one gets the next number.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

LATE: Final = "-late"
THRESHOLD: Final = "threshold"  # still waiting when the promised time was over
SHORT: Final = "abandoned-short"  # never late: a short time is shorter than the promised one

ENDINGS: Final[Mapping[str, str]] = {
    "answered": "a person is on the line, or has written the first word of a chat",
    SHORT: "the resident gave up before `short_abandon_s` was over",
    "abandoned": "the resident gave up",
    "callback": "the resident asked to be rung back; ringing back itself is no entry",
    "diverted": "the queue closed, or nobody was there any more: its fallback was followed",
    "timeout": "the longest wait was over and the fallback `late` was followed",
    "transferred": "an agent passed it on before anybody had answered",
    "other": "it left the line in any other way: closed, kept for later, its queue was removed",
    "lost": "the carrier reported that the call had failed: nobody gave up",
    "error": "it was set aside, because something is wrong with it",
}

ENDINGS_OF_TEXTS: Final[Mapping[str, str]] = {
    "answered": "a person has written to the resident for the first time",
    "closed": "it was closed without an answer",
    "callback": "the resident is to be rung back instead",
    "diverted": "its fallback was followed",
    "other": "it went on as something else, a call say",
    "error": "it was set aside, because something is wrong with it",
}


def _of(*names: str) -> frozenset[str]:
    return frozenset(names)


_ANSWERED: Final = _of("answered")
_ANSWERED_LATE: Final = _of("answered-late")
_ABANDONED: Final = _of(SHORT, "abandoned")
_ABANDONED_LATE: Final = _of("abandoned-late")
_CALLBACK: Final = _of("callback")
GONE: Final = _of("diverted", "timeout", "transferred", "other")  # left otherwise
_FLOWED_OUT: Final = frozenset(each + late for each in (*_CALLBACK, *GONE) for late in ("", LATE))
_PASSED: Final = _of(THRESHOLD)
_CLOSED: Final = _of("closed")
_OFFERED: Final = _ANSWERED | _ABANDONED | _CALLBACK | GONE | _PASSED
_LEVEL_EVENTS: Final = _ANSWERED | _of("abandoned") | _PASSED
LATE_RESULTS: Final = frozenset(each + LATE for each in ENDINGS)
_ENDED: Final = _ANSWERED | _ANSWERED_LATE | _ABANDONED | _ABANDONED_LATE


class Formula(NamedTuple):
    """Met over looked at; both are sets of results, `met` is part of `looked_at`."""

    name: str
    version: int
    definition: str  # one sentence
    met: frozenset[str]
    looked_at: frozenset[str]

    @property
    def id(self) -> str:
        """Return the name under which a policy keeps it: "townline/1"."""
        return f"{self.name}/{self.version}"


_TABLE: Final = (
    Formula(
        "townline", 1,
        "answered in time / offered; who gave up at once is not offered",
        _ANSWERED, _OFFERED - _of(SHORT),
    ),
    Formula(
        "uccx-only-handled", 1,
        "answered in time / answered; who gave up does not count",
        _ANSWERED, _ANSWERED | _ANSWERED_LATE,
    ),
    Formula(
        "uccx-without-abandon", 1,
        "answered in time / (offered - given up in time)",
        _ANSWERED, _OFFERED - _ABANDONED,
    ),
    Formula(
        "uccx-positive-abandon", 1,
        "(answered in time + given up in time) / offered",
        _ANSWERED | _ABANDONED, _OFFERED,
    ),
    Formula(
        "uccx-negative-abandon", 1,
        "answered in time / offered, all who gave up included",
        _ANSWERED, _OFFERED,
    ),
    Formula(
        "ucce-ignore-abandon", 1,
        "answered in time / (answered in time + time passed)",
        _ANSWERED, _LEVEL_EVENTS - _of("abandoned"),
    ),
    Formula(
        "ucce-positive-abandon", 1,
        "(answered + given up in time) / (answered + given up in time + time passed); who gave up"
        " at once does not count",
        _ANSWERED | _of("abandoned"), _LEVEL_EVENTS,
    ),
    Formula(
        "ucce-negative-abandon", 1,
        "answered in time / (answered + given up in time + time passed); who gave up at once does"
        " not count",
        _ANSWERED, _LEVEL_EVENTS,
    ),
    Formula(
        "genesys", 1,
        "answered in time / (answered + given up)",
        _ANSWERED, _ENDED,
    ),
    Formula(
        "genesys-no-short", 1,
        "answered in time / (answered + given up, but not at once)",
        _ANSWERED, _ENDED - _of(SHORT),
    ),
    Formula(
        "genesys-no-abandon", 1,
        "answered in time / answered",
        _ANSWERED, _ENDED - _ABANDONED - _ABANDONED_LATE,
    ),
    Formula(
        "genesys-flow-out", 1,
        "answered in time / (answered + given up + left the queue otherwise)",
        _ANSWERED, _ENDED | _FLOWED_OUT,
    ),
    Formula(
        "genesys-flow-out-no-short", 1,
        "answered in time / (answered + given up, but not at once + left the queue otherwise)",
        _ANSWERED, (_ENDED | _FLOWED_OUT) - _of(SHORT),
    ),
    Formula(
        "genesys-flow-out-no-abandon", 1,
        "answered in time / (answered + left the queue otherwise)",
        _ANSWERED, (_ENDED | _FLOWED_OUT) - _ABANDONED - _ABANDONED_LATE,
    ),
    Formula(
        "amazon-connect", 1,
        "(answered + given up + asked for a callback, all in time) / offered",
        _ANSWERED | _ABANDONED | _CALLBACK, _OFFERED,
    ),
    Formula(
        "asterisk-sl", 1,
        "answered in time / answered, as app_queue prints it first",
        _ANSWERED, _ANSWERED | _ANSWERED_LATE,
    ),
    Formula(
        "asterisk-sl2", 1,
        "(answered in time + given up in time) / (answered + given up)",
        _ANSWERED | _ABANDONED, _ENDED,
    ),
)  # fmt: skip

_OWN_OF_TEXTS: Final = (
    Formula(
        "first-response", 1,
        "answered before it was due / (answered before it was due + due and not answered); what was"
        " closed without an answer does not count",
        _ANSWERED, _ANSWERED | _PASSED,
    ),
    Formula(
        "first-response-or-closed", 1,
        "answered or closed before it was due / (answered or closed before it was due + due and"
        " neither answered nor closed)",
        _ANSWERED | _CLOSED, _ANSWERED | _CLOSED | _PASSED,
    ),
)  # fmt: skip

FORMULAS: Final[Mapping[str, Formula]] = {each.id: each for each in (*_TABLE, *_OWN_OF_TEXTS)}
# newest versions, by name; for calls and chats, and for mail and forms
CURRENT: Final[Mapping[str, Formula]] = {each.name: each for each in _TABLE}
OF_TEXTS: Final[Mapping[str, Formula]] = {
    **{each.name: each for each in _OWN_OF_TEXTS},
    # nobody who has written gives up or is rung back; of the others these two are what is left
    **{name: CURRENT[name] for name in ("uccx-only-handled", "ucce-ignore-abandon")},
}
DEFAULT_OF_TEXTS: Final = OF_TEXTS["first-response"]
DEFAULT: Final = CURRENT["townline"]

Counts = Mapping[str, int]  # result -> how often


class Figure(NamedTuple):
    """A share as the two counts that it is made of, so that shares can be added up."""

    met: int
    looked_at: int

    @property
    def level(self) -> float | None:
        """Return the share, 0..1; None where nothing was counted."""
        return self.met / self.looked_at if self.looked_at else None


def figure(formula: Formula, counts: Counts) -> Figure:
    """Return what the formula makes of the counts."""
    return Figure(
        sum(counts.get(each, 0) for each in formula.met),
        sum(counts.get(each, 0) for each in formula.looked_at),
    )


def offered(counts: Counts) -> int:
    """Return how many entries were answered, ended otherwise or waited beyond the promised time.

    Of texts, those that were closed are among them.

    Without those that the carrier lost, or that were set aside, before that.
    """
    return sum(counts.get(each, 0) for each in _OFFERED | _CLOSED)


def ended(counts: Counts, ending: str) -> int:
    """Return how many ended so, in time or late."""
    return counts.get(ending, 0) + counts.get(ending + LATE, 0)


def place_of(formula: Formula, result: str) -> str:
    """Return what a result is to the formula: "met", "missed", or "-" for not counted.

    What ends late was counted when its time had passed, where the formula counts that.
    """
    if result in formula.met:
        return "met"
    if result in formula.looked_at:
        return "missed"
    return "missed" if result.endswith(LATE) and THRESHOLD in formula.looked_at else "-"


def result_of(ending: str, waited: int, within: int, short: int) -> str:
    """Return what an ending after so much waiting counts as; all three spans in one unit.

    In time is before the promised time is over, short likewise: ranges are half-open.
    """
    if waited >= within:
        return ending + LATE
    return SHORT if ending == "abandoned" and waited < short else ending
