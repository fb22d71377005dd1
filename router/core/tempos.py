"""Where calls, chats and texts differ while they wait in a queue, and how their rows are named.

What is true of a queue for those who call stands in the queue's own row; for chats and for texts
(mail, forms, messages) in rows of their own, because others may be there for them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from router.core.model import STRAIN, Condition, QueueId, Tempo
from router.core.policy import Policy, Queue

KINDS: Final[Mapping[Tempo, str]] = {  # what people call them
    Tempo.LIVE: "calls",
    Tempo.FAST_TEXT: "chats",
    Tempo.SLOW_TEXT: "texts",
}
FIRST: Final[Mapping[Tempo, str]] = {  # and one of them
    Tempo.LIVE: "caller",
    Tempo.FAST_TEXT: "chat",
    Tempo.SLOW_TEXT: "text",
}
OF_STAFF: Final = frozenset({Condition.UNSTAFFED, Condition.ALL_AWAY})
# what may keep one of them from simply waiting; a text stays in line when a queue closes or is full
COUNTS: Final[Mapping[Tempo, frozenset[Condition]]] = {
    Tempo.LIVE: frozenset(Condition),
    Tempo.FAST_TEXT: frozenset(Condition),
    Tempo.SLOW_TEXT: OF_STAFF
    | {
        Condition.EMERGENCY,
        Condition.CLOSED,
        Condition.NO_LANGUAGE,
        Condition.SURGE,
        Condition.LATE,  # the first answer is overdue
    },
}
# strain on which a step may depend: how long a text waits is nobody's promise, when it is due is
STRAINED: Final[Mapping[Tempo, frozenset[Condition]]] = {
    Tempo.LIVE: STRAIN,
    Tempo.FAST_TEXT: STRAIN,
    Tempo.SLOW_TEXT: frozenset({Condition.AT_RISK}),
}


def key_of(queue: QueueId, tempo: Tempo) -> str:
    """Return under which name a queue's timers and rows of one tempo stand."""
    return queue if tempo is Tempo.LIVE else f"{queue}/{tempo}"


def named(key: str) -> tuple[QueueId, Tempo]:
    """Return what `key_of` has named."""
    queue, _, tempo = key.partition("/")
    return QueueId(queue), Tempo(tempo or Tempo.LIVE)


def gap_key(queue: QueueId, skill: str, tempo: Tempo) -> str:
    """Return under which key it stands that nobody in the queue speaks a language."""
    return f"{queue}/{skill}" if tempo is Tempo.LIVE else f"{queue}/{skill}/{tempo}"


def tempos_of(policy: Policy) -> tuple[Tempo, ...]:
    """Return the tempos of what may come to the town."""
    return tuple(each for each in Tempo if each is not Tempo.FAST_TEXT or policy.chat is not None)


def staffed_tempos(policy: Policy, queue: Queue) -> tuple[Tempo, ...]:
    """Return for whom it is noted that nobody is there: chats and texts only if a chain follows."""
    if not OF_STAFF & queue.fates.keys():
        return (Tempo.LIVE,)
    return tempos_of(policy)
