"""`townline agent`: an agent at a terminal, in a pipe, or by itself; restarts lose nothing."""

from __future__ import annotations

import asyncio
import io
import os
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager, asynccontextmanager, nullcontext
from pathlib import Path

import pytest
from rich.console import Console

from router.core.model import AgentId, ItemId, ItemState
from router.desk import terminal_link
from router.desk.messages_text import Merge
from router.desk.terminal import AutoMode, run_agent
from router.desk.terminal_commands import Shown, Unclear, understood
from router.desk.terminal_keys import LineEditor, PipedKeys, TerminalKeys
from router.runtime.journal_memory import MemoryStore
from tests.desk.house import PASSWORD, House, house


class ScriptedKeys:
    """Lines that a test types one after the other."""

    typed = ""

    def __init__(self, *, is_piped: bool = False) -> None:
        self.is_piped = is_piped
        self._lines: asyncio.Queue[str | None] = asyncio.Queue()

    def type(self, *lines: str) -> None:
        for line in lines:
            self._lines.put_nowait(line)

    async def line(self) -> str | None:
        return await self._lines.get()

    def reading(self) -> AbstractContextManager[None]:
        return nullcontext()


class Person:
    """Somebody at `townline agent`."""

    def __init__(self, *, is_piped: bool = False, is_terminal: bool = False) -> None:
        self.keys = ScriptedKeys(is_piped=is_piped)
        self.paper = io.StringIO()
        self.console = Console(file=self.paper, force_terminal=is_terminal, width=100)
        self.task: asyncio.Task[int] | None = None

    def printed(self) -> str:
        return self.paper.getvalue()

    async def reads(self, text: str) -> None:
        await until(lambda: text in self.printed(), lambda: f"{text!r} in\n{self.printed()}")

    @asynccontextmanager
    async def at_work(
        self, url: str, name: str, auto: AutoMode | None = None, password: str = PASSWORD
    ) -> AsyncIterator[Person]:
        async with asyncio.TaskGroup() as tasks:
            self.task = tasks.create_task(
                run_agent(
                    base_url=url,
                    name=name,
                    password=password,
                    auto=auto,
                    console=self.console,
                    keys=self.keys,
                )
            )
            try:
                yield self
            finally:
                self.task.cancel()

    async def exit_code(self) -> int:
        assert self.task is not None
        async with asyncio.timeout(60):
            return await self.task


async def until(
    holds: Callable[[], bool], what: Callable[[], str] = lambda: "", timeout_s: float = 60
) -> None:
    for _ in range(int(timeout_s / 0.002)):
        if holds():
            return
        await asyncio.sleep(0.002)
    raise AssertionError(f"not within {timeout_s} s: {what()}")


def item_of(town_hall: House, name: str):  # type: ignore[no-untyped-def]
    return town_hall.engine.state.items[ItemId(name)]


async def test_an_item_from_offer_to_close(town_hall: House) -> None:
    async with Person().at_work(town_hall.url, "chloe") as chloe:
        chloe.keys.type("available")
        await chloe.reads("● available")
        await town_hall.form("F1", what="a deep hole")
        await chloe.reads("a accept, d decline; 120 s left")
        assert "submission from Robin Example" in chloe.printed()
        assert "waited 0 s; asks for" in chloe.printed()
        assert "why you:" in chloe.printed()
        chloe.keys.type("a")
        await chloe.reads("what: a deep hole")
        chloe.keys.type("n it is deep", "n indeed", "w answered", "c")
        await chloe.reads("F1 is closed")
        assert item_of(town_hall, "F1").code == "answered"
        notes = [w.body for w in town_hall.store.words.values() if w.kind == "note"]
        assert notes == [b"it is deep\nindeed"]
        chloe.keys.type("q")
        assert await chloe.exit_code() == 0
    assert town_hall.engine.state.agents[AgentId("chloe")].reason == "signed-out"


async def test_a_call_with_hold_and_transfer(town_hall: House) -> None:
    async with Person().at_work(town_hall.url, "amina") as amina:
        amina.keys.type("s available")
        await amina.reads("● available")
        item = await town_hall.call("C1", "1", "2")
        await amina.reads("call from withheld")
        amina.keys.type("a")
        await amina.reads("C1 call handling")
        await town_hall.pick_up(item, "amina")
        amina.keys.type("h")
        await amina.reads("C1 call held")
        amina.keys.type("r", "t nowhere")
        await amina.reads("transfer to what? queue:general, queue:roads, agent:amina")
        amina.keys.type("b break", "t roads")
        await amina.reads("C1 is queued and no longer with you")


async def test_a_slip_is_taken_back_and_a_break_follows(town_hall: House) -> None:
    async with Person().at_work(town_hall.url, "chloe") as chloe:
        chloe.keys.type("available")
        await chloe.reads("● available")
        await town_hall.form("F1")
        await chloe.reads("a accept")
        chloe.keys.type("d")
        await chloe.reads("offer declined")
        chloe.keys.type("u")
        await until(lambda: chloe.printed().count("a accept") == 2)
        chloe.keys.type("a", "b break after")
        await chloe.reads("then away")
        chloe.keys.type("c")
        await chloe.reads("● away (break)")


async def test_a_pipe_waits_for_the_offer(town_hall: House) -> None:
    await town_hall.form("F1")
    async with Person(is_piped=True).at_work(town_hall.url, "chloe") as chloe:
        chloe.keys.type("accept", "close answered", "end")
        await chloe.reads("just_signed_in")
        await until(lambda: AgentId("chloe") in town_hall.engine.state.agents)
        headers = {"Authorization": f"Bearer {await town_hall.token('chloe')}"}
        async with town_hall.http() as http:  # somebody sets her available meanwhile
            await http.post("/agents/me/status", json={"status": "available"}, headers=headers)
        assert await chloe.exit_code() == 0
    assert item_of(town_hall, "F1").code == "answered"


async def test_automatic_mode_works_the_line_off(town_hall: House) -> None:
    for number in range(5):
        await town_hall.form(f"F{number}")
    auto = AutoMode(handle_s=0.01, code="answered")
    async with Person().at_work(town_hall.url, "chloe", auto):
        await until(
            lambda: all(item_of(town_hall, f"F{n}").state is ItemState.CLOSED for n in range(5))
        )


async def test_automatic_mode_waits_until_the_telephone_is_answered(town_hall: House) -> None:
    item = await town_hall.call("C1", "1", "2")
    async with Person().at_work(town_hall.url, "amina", AutoMode(handle_s=0.0)) as amina:
        await amina.reads("C1 call handling")
        amina.keys.type("b break")  # messages of one desk are handled in order
        await amina.reads("● away (break)")
        assert item_of(town_hall, "C1").state is ItemState.HANDLING
        await town_hall.pick_up(item, "amina")
        await until(lambda: item_of(town_hall, "C1").state is ItemState.CLOSED)


async def test_a_restart_is_survived_with_everything_in_hand(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(terminal_link, "BACK_OFF_S", (0.01,))
    store, chloe = MemoryStore(), Person()
    async with asyncio.TaskGroup() as tasks:
        async with house(tmp_path, store=store) as before:
            url, now = before.url, before.clock.now()
            working = chloe.at_work(url, "chloe")
            await working.__aenter__()
            chloe.keys.type("available")
            await chloe.reads("● available")
            await before.form("F1")
            await chloe.reads("a accept")
            chloe.keys.type("a")
            await chloe.reads("F1 submission handling")
        await chloe.reads("The town's line restarts")
        port = int(url.rpartition(":")[2])
        async with house(tmp_path, store=store, now=now, port=port, seed=2) as after:
            await until(lambda: chloe.printed().count("Chloe at Testville") == 2)
            assert after.engine.state.agents[AgentId("chloe")].status == "available"
            chloe.keys.type("c answered")
            await until(lambda: item_of(after, "F1").state is ItemState.CLOSED)
            await working.__aexit__(None, None, None)
        del tasks


async def test_who_may_not_is_told_and_let_go(town_hall: House) -> None:
    async with Person().at_work(town_hall.url, "chloe", password="guess") as wrong:
        assert await wrong.exit_code() == 1
        assert "name or password is wrong" in wrong.printed()
    async with Person().at_work(town_hall.url, "sam", password=f"{PASSWORD} sam") as sam:
        assert await sam.exit_code() == 1
        assert "takes no items" in sam.printed()


async def test_another_desk_takes_over(town_hall: House) -> None:
    async with Person().at_work(town_hall.url, "chloe") as chloe:
        await chloe.reads("Chloe at Testville")
        async with town_hall.desk("chloe"):
            assert await chloe.exit_code() == 3


async def test_a_terminal_has_a_status_line(town_hall: House) -> None:
    async with Person(is_terminal=True).at_work(town_hall.url, "chloe") as chloe:
        chloe.keys.type("available", "?")
        await chloe.reads("take back a mistaken decline")
        await town_hall.form("F1")
        await chloe.reads("☎ offer, 1")
        assert "\x07" in chloe.printed()  # it rings


# --- keys and commands ---------------------------------------------------------------------------


def test_letters_act_at_once_and_the_rest_waits_for_enter() -> None:
    editor = LineEditor()
    lines = [editor.press(key) for key in "as axx\x7f\x7fvailable\r"]
    assert [line for line in lines if line] == ["a", "s available"]
    assert editor.press("q") is None
    assert (editor.press("\x15"), editor.typed) == (None, "")


async def test_a_pipe_ends() -> None:
    keys = PipedKeys(io.StringIO("available\n\n accept \n"))
    with keys.reading():
        assert [await keys.line() for _ in range(3)] == ["available", "accept", None]


async def test_keys_pressed_at_a_terminal_arrive_without_enter() -> None:
    ours, theirs = os.openpty()
    with os.fdopen(theirs) as stream:
        keys = TerminalKeys(stream)
        with keys.reading():
            os.write(ours, b"as av")
            assert await keys.line() == "a"
            assert keys.typed == "s av"
    os.close(ours)


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("dance", "no command"),
        ("a", "nothing is offered"),
        ("h", "no item in hand"),
        ("u", "no declined offer"),
        ("s sleeping", "status what"),
        ("b", "which"),
        ("i F9", "do not have"),
    ],
)
def test_what_cannot_be_obeyed_says_what_would_be_right(line: str, complaint: str) -> None:
    def obey() -> None:
        typed, rest = understood(line)
        typed.act(Shown(), rest)

    with pytest.raises(Unclear, match=complaint):
        obey()


def test_what_is_in_hand_goes_into_another_item_or_the_other_into_it() -> None:
    shown = Shown()
    shown.items["M1"] = None  # type: ignore[assignment]
    for line, item, into in (("j f1", "M1", "F1"), ("merge f1 here", "F1", "M1")):
        typed, rest = understood(line)
        message = typed.act(shown, rest)
        assert isinstance(message, Merge)
        assert (message.item, message.into) == (item, into)
