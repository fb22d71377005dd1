"""A command that another daemon forwarded, as the sequencer that decides it sees it.

What it came to travels in the batch that holds its events, or, when it changed nothing, by itself.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Final

from router.core.commands import Command
from router.core.state import State
from router.ports import Words
from router.runtime.answers import Answer, refusal_of

REMEMBERED_MAX: Final = 20_000  # commands of others that were found answered


class Remembered:
    """Commands that were found answered in the journal, or taken here; the last ones of them.

    A command may arrive after the batch in which somebody else has answered it: its sender had
    waited long enough; and it may arrive twice. `horizon` says up to where that may have been
    forgotten.
    """

    def __init__(self) -> None:
        self.horizon = 0  # version; a command sent before it may be an old one
        self._versions: dict[str, int] = {}
        self._order: deque[str] = deque()

    def __contains__(self, command: str) -> bool:
        return command in self._versions

    def add(self, command: str, version: int) -> None:
        """Remember it; the version is that of the journal then."""
        self._versions[command] = version
        self._order.append(command)
        if len(self._order) > REMEMBERED_MAX:
            self.horizon = self._versions.pop(self._order.popleft(), self.horizon)


class Remote:
    """See the module's text; a `AnySender` whose reply is worked out elsewhere."""

    __slots__ = ("_error", "_is_in_batch", "_known", "_say", "_version", "command", "id", "words")

    def __init__(
        self,
        name: str,
        command: Command,
        words: tuple[Words, ...],
        known: Remembered,
        say: Callable[[Answer], None],
    ) -> None:
        """`say` sends an answer to the daemon that waits for it."""
        self.id = name
        self.command = command
        self.words = words
        self._known = known
        self._say = say
        self._version = 0
        self._error: Exception | None = None
        self._is_in_batch = False

    @property
    def is_gone(self) -> bool:
        """Say whether somebody else has decided it meanwhile."""
        return self.id in self._known

    @property
    def is_done(self) -> bool:
        """Return False: the daemon that has taken the command answers for it."""
        return False

    def compute(self, state: State) -> None:
        """Note where the reply is to be worked out."""
        self._version, self._error, self._is_in_batch = state.version, None, False

    def refuse(self, error: Exception) -> None:
        """Make this the answer."""
        self._version, self._error, self._is_in_batch = 0, error, False

    def answer(self) -> Answer:
        """Return what it came to, to be stored with the batch."""
        self._is_in_batch = True
        return self._answer()

    def release(self) -> None:
        """Send the answer, unless the journal has told it."""
        if not self._is_in_batch:
            self._say(self._answer())

    def fail(self, error: Exception) -> None:
        """Send this error instead."""
        self._say(Answer(self.id, 0, refusal_of(error)))

    def _answer(self) -> Answer:
        refusal = None if self._error is None else refusal_of(self._error)
        return Answer(self.id, self._version, refusal)
