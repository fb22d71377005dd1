"""Who types and who is there is known at every daemon of the town."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from router.core.model import SECOND, AgentId
from router.runtime.company import Company
from router.runtime.neighbours import Neighbours
from tests.fakes.town_rig import several


class Screen:
    """What the connections at one daemon show."""

    def __init__(self) -> None:
        self.here: dict[str, tuple[int, bool]] = {}
        self.there: dict[str, tuple[int, bool]] = {}
        self.shown: list[tuple[str, str]] = []

    def present(self) -> dict[str, tuple[int, bool]]:
        return self.here

    def hear(self, told: Mapping[str, tuple[int, bool]]) -> None:
        self.there |= told

    def agent_types(self, conversation: str, agent: AgentId) -> None:
        self.shown.append((conversation, agent))

    def resident_types(self, conversation: str) -> None:
        self.shown.append((conversation, ""))

    def end_desks(self, agent: str, session: str) -> None:
        self.shown.append((agent, session))

    def tell_others(self, tell: Callable[[str, str], None]) -> None:
        self.tell = tell

    def beside(self, company: Company) -> Neighbours:
        neighbours = Neighbours(company, self, self.agent_types)
        neighbours.serve(self)
        return neighbours


async def test_typing_is_shown_wherever_the_other_one_is() -> None:
    async with several(3) as town:
        screens = [Screen() for _ in range(3)]
        all_of = [s.beside(d.sharing) for s, d in zip(screens, town.daemons, strict=True)]
        all_of[1].agent_types("C1", AgentId("marc"))
        all_of[2].resident_types("C2")
        await town.pass_time()
        for screen in screens:
            assert sorted(screen.shown) == [("C1", "marc"), ("C2", "")]
        assert town.store.batches == []  # nothing of it is stored


async def test_a_desk_that_must_close_closes_wherever_it_is() -> None:
    async with several(3) as town:
        screens = [Screen() for _ in range(3)]
        for screen, daemon in zip(screens, town.daemons, strict=True):
            screen.beside(daemon.sharing)
        screens[1].tell("marc", "")
        screens[1].tell("", "digest")
        await town.pass_time()
        both = [("marc", ""), ("", "digest")]
        assert [screen.shown for screen in screens] == [both, [], both]


async def test_who_is_here_is_known_elsewhere() -> None:
    async with several(2) as town:
        screens = [Screen() for _ in range(2)]
        all_of = [s.beside(d.sharing) for s, d in zip(screens, town.daemons, strict=True)]
        screens[1].here = {"C1": (4, True), "C2": (2, False)}
        for each in all_of:
            await each()
        await town.pass_time(SECOND)
        assert screens[0].there == screens[1].here
        assert screens[1].there == {}


async def test_a_daemon_alone_shows_it_to_its_own() -> None:
    screen = Screen()
    alone = screen.beside(Company())
    alone.agent_types("C1", AgentId("marc"))
    screen.here = {"C1": (1, True)}
    await alone()
    assert screen.shown == [("C1", "marc")]
