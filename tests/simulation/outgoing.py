"""What must be true of mail that leaves the town: every copy that came to somebody is known here.

Each mail is wanted by one event, has one Message-ID of its own, goes to one reader, and says the
same however often it is sent. It is sent again only while nobody has noted that it is over.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from email import message_from_bytes
from email.policy import default
from typing import Final

from channels.mail.message_ids import mail_number
from router.core import events as e
from router.core.effects import SendMail
from router.core.model import EffectKey
from router.core.state import State
from router.ports import Said, Words, said_in
from tests.simulation.ledgers import Broken

OUR_ID: Final = re.compile(r"<([0-9A-Z]+)\.(\d+)\.[0-9a-f]+@willowmere\.example\.org>")
UNSENDABLE: Final = frozenset({"refused", "no-address", "gone"})

Place = tuple[str, int]  # conversation, number of the mail


def said_of(words: Mapping[str, Words], ref: str) -> Said:
    """Return a message's words. Errors: `Broken`."""
    said = said_in(words.get(ref))
    if said is None:
        raise Broken(f"the words {ref} are not stored, or nothing that was said")
    return said


class Outgoing:
    """See the module's text."""

    def __init__(self, twin: State, words: Mapping[str, Words]) -> None:
        self._twin, self._words = twin, words
        self._wanted: dict[Place, SendMail] = {}
        self._done: set[EffectKey] = set()
        self._copies: dict[Place, list[tuple[str, str, bytes]]] = defaultdict(list)
        self._refused: set[Place] = set()

    def wanted(self, effect: SendMail) -> None:
        """It was stored that a mail shall leave. Errors: `Broken`."""
        place = (effect.conversation, mail_number(effect.what, effect.number))
        if place in self._wanted:
            raise Broken(f"two mails under one Message-ID: {self._wanted[place]} and {effect}")
        self._wanted[place] = effect

    def over(self, event: e.EffectDone | e.EffectFailed) -> None:
        """It was stored that an effect is over. Errors: `Broken`."""
        place = next((p for p, effect in self._wanted.items() if effect.key == event.key), None)
        if place is None:
            return
        self._done.add(event.key)
        if isinstance(event, e.EffectDone):
            if not self._copies[place]:
                raise Broken(f"noted as sent, and nobody has it: {self._wanted[place]}")
        elif event.reason not in UNSENDABLE or (
            event.reason == "refused" and place not in self._refused
        ):
            raise Broken(f"given up though nobody refused it: {event} {self._wanted[place]}")

    def _place_of(self, message_id: str) -> Place:
        found = OUR_ID.fullmatch(message_id)
        if found is None:
            raise Broken(f"a mail of the town is called {message_id}")
        return (found[1], int(found[2]))

    def refused(self, raw: bytes) -> None:
        """Somebody will never take this mail of the town."""
        self._refused.add(
            self._place_of(str(message_from_bytes(raw, policy=default)["Message-ID"]))
        )

    def sent(self, message_id: str, to: str, raw: bytes) -> None:
        """A copy of a mail of the town has come to somebody. Errors: `Broken`."""
        place = self._place_of(message_id)
        effect, before = self._wanted.get(place), self._copies[place]
        if effect is None:
            raise Broken(f"{message_id} was sent to {to}, and nobody wanted that")
        if effect.key in self._done:
            raise Broken(f"sent again though it was noted as over: {effect}")
        policy = self._twin.policy_hash  # has texts and names of agents, below their answers, too
        if any(known != to for known, _, _ in before):
            raise Broken(f"{message_id} went to {before[0][0]} and to {to}")
        if any(known == policy and copy != raw for _, known, copy in before):
            raise Broken(f"two different mails are {message_id}: {effect}")
        if effect.words_ref:
            body = message_from_bytes(raw, policy=default).get_body(("plain",))
            text = "" if body is None else str(body.get_content()).replace("\r\n", "\n")
            if said_of(self._words, effect.words_ref).text not in text:
                raise Broken(f"{message_id} does not say what was written: {effect}")
        before.append((to, policy, raw))

    def close(self) -> None:
        """Nothing is left to be sent. Errors: `Broken`."""
        for place, effect in self._wanted.items():
            if effect.key not in self._done:
                raise Broken(f"never sent, never given up: {effect} {place}")
