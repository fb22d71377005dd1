"""How much a town has to bear at once, and the policy that lets it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from tests.end_to_end.process import Edits
from tests.end_to_end.rig import ALWAYS_OPEN, SOON
from tests.end_to_end.traffic import EDITS
from tests.end_to_end.writers import KINDS, PAGED

PHONES: Final = 0.6  # of the agents; the others have no telephone
TERMINALS: Final = ("lin", "nadia")  # real `townline agent` programs: a telephone, texts only
TERMINAL_S: Final = 5  # so long they handle each item
QUESTIONS: Final = tuple(each for each in KINDS if each[1] != PAGED)  # it is open all day
SKILLS: Final = "{english: 9, general: 9, bylaw: 9, roads: 9, animals: 9, building: 9}"


@dataclass(frozen=True, kw_only=True)
class Scale:
    """What goes on at the same time, for how long."""

    minutes: float = 20.0  # of faults; starting, coming to rest and accounting come on top
    seed: int = 1
    calls: int = 300
    chats: int = 200
    agents: int = 100
    mails: int = 10  # writers to the town's own port
    boxes: int = 5  # writers to the mailbox from which the town fetches
    forms_s: float = 0.25  # between two forms
    talks_s: float = 20.0  # of an agent with a caller
    words_s: float = 20.0  # between two messages of a chat, at most
    replicas: int = 1  # of the Redis that begins as master
    rests_s: float = 5.0  # between two faults
    full: float = 0.9  # of the calls that shall be there at once before the first fault

    def agent_names(self) -> tuple[list[str], list[str]]:
        """Return those with a telephone and those without."""
        names = [f"agent{number:03}" for number in range(1, self.agents + 1)]
        with_phone = round(len(names) * PHONES)
        return names[:with_phone], names[with_phone:]


def edits(scale: Scale) -> Edits:
    """Return the changes of the shipped town: open, room for all, agents for all."""
    phones, texts = scale.agent_names()
    rows = [_agent(name, f"leg: client:{name}") for name in phones]
    rows += [_agent(name, "capacity: text_only") for name in texts]
    room = (("length_max: 40", "length_max: 100000"),)
    own: Edits = {
        "skills.yaml": (
            ("agents:\n", "agents:\n" + "".join(rows)),
            ("recreation: 9, general: 4}", "recreation: 9, general: 9}"),  # lin's, in a terminal
        ),
        "config/queues.yaml": room,
        "config/town.yaml": (
            ("calls_per_number_and_day: 10", "calls_per_number_and_day: 100000"),
            ("calls_per_day: 1000", "calls_per_day: 1000000"),
        ),
        "config/forms.yaml": EDITS["config/forms.yaml"],
        "config/chat.yaml": EDITS["config/chat.yaml"],
    }
    return {
        name: tuple(change for part in (own, SOON, ALWAYS_OPEN) for change in part.get(name, ()))
        for name in {*own, *SOON, *ALWAYS_OPEN}
    }


def _agent(name: str, access: str) -> str:
    about = (f"name: {name}", "team: information", f"skills: {SKILLS}", access)
    return f"  {name}:\n" + "".join(f"    {row}\n" for row in about)
