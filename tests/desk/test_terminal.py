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
from router.desk.terminal_keys import LineEditor, Lines, TerminalKeys, keys_of_stdin
from router.desk.terminal_screen import Screen
from router.history.account_rows import Role
from router.runtime.journal_memory import MemoryStore
from tests.core.text_town import writing_town
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


class Paper(io.StringIO):
    """What is printed; `is_terminal`: as if to a terminal."""

    def __init__(self, *, is_terminal: bool) -> None:
        super().__init__()
        self._is_terminal = is_terminal

    def isatty(self) -> bool:
        return self._is_terminal


class Person:
    """Somebody at `townline agent`; `term` is what the terminal is called, "" for none."""

    def __init__(self, *, is_piped: bool = False, term: str = "") -> None:
        self.keys = ScriptedKeys(is_piped=is_piped)
        self.paper = Paper(is_terminal=bool(term))
        self.console = Console(file=self.paper, width=100, _environ={"TERM": term})
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


async def test_automatic_mode_lets_go_what_was_closed_while_it_was_cut_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(terminal_link, "BACK_OFF_S", (3.0,))  # time for another desk
    store, chloe = MemoryStore(), Person()
    async with house(tmp_path, store=store) as before:
        url, now = before.url, before.clock.now()
        working = chloe.at_work(url, "chloe", AutoMode(handle_s=1.5, code="answered"))
        await working.__aenter__()
        await before.form("F1")
        await chloe.reads("F1 submission handling")
    port = int(url.rpartition(":")[2])
    async with house(tmp_path, store=store, now=now, port=port, seed=2) as after:
        async with after.desk("chloe") as other:
            await other.do("close", item="F1", code="referred")
        await until(lambda: chloe.printed().count("Chloe at Testville") == 2)
        await after.form("F2")
        await until(lambda: item_of(after, "F2").state is ItemState.CLOSED)
        await working.__aexit__(None, None, None)


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
    async with Person(term="xterm").at_work(town_hall.url, "chloe") as chloe:
        chloe.keys.type("available", "?")
        await chloe.reads("take back a mistaken decline")
        await town_hall.form("F1")
        await chloe.reads("☎ offer, 1")
        assert "\x07" in chloe.printed()  # it rings


def drawn_often(console: Console) -> None:
    screen = Screen(console)
    with screen.open():
        for typed in ("", "", "", "s", "s", ""):
            screen.bottom(Shown(), is_connected=False, left_s=None, typed=typed)
        screen.say("something happened")
        screen.bottom(Shown(), is_connected=False, left_s=None, typed="")


def test_the_status_line_is_drawn_when_it_changes_and_below_what_is_printed() -> None:
    person = Person(term="xterm")
    drawn_often(person.console)
    assert person.printed().count("not connected") == 3 + 1 + 1  # and as what it leaves behind


@pytest.mark.parametrize("environ", [{"TERM": "dumb"}, {"TERM": "xterm", "FORCE_COLOR": "1"}])
def test_where_nothing_can_be_written_over_there_is_none(environ: dict[str, str]) -> None:
    """A terminal like a typewriter; a pipe that wants colours."""
    paper = Paper(is_terminal=environ["TERM"] == "dumb")
    drawn_often(Console(file=paper, width=100, _environ=environ))
    assert paper.getvalue() == "something happened\n"


async def test_the_line_is_typed_where_it_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    ours, theirs = os.openpty()
    with os.fdopen(theirs) as stream:
        monkeypatch.setattr("sys.stdin", stream)
        assert isinstance(keys_of_stdin(is_shown=True), TerminalKeys)
        lines = keys_of_stdin(is_shown=False)
        assert isinstance(lines, Lines)
        assert not lines.is_piped  # `accept` does not wait for an offer
        with lines.reading():
            os.write(ours, b"available\n")
            assert await lines.line() == "available"
            os.close(ours)
            assert await lines.line() is None


# --- what was written ----------------------------------------------------------------------------


@pytest.fixture
async def writing_hall(tmp_path: Path) -> AsyncIterator[House]:
    async with house(tmp_path, policy=writing_town()) as made:
        yield made


async def in_hand(hall: House, person: Person, *items: str) -> None:
    """The agent is there and takes these mails."""
    person.keys.type("available")
    await person.reads("● available")
    for item in items:
        await hall.mail(item, f"about {item}")
        await until(lambda item=item: person.printed().count("a accept") > items.index(item))  # type: ignore[misc]
        person.keys.type("a")
        await person.reads(f"{item} mail handling")


async def test_a_merge_is_taken_back(writing_hall: House) -> None:
    async with Person().at_work(writing_hall.url, "amina") as amina:
        await in_hand(writing_hall, amina, "M1", "M2")
        amina.keys.type("j", "i M2", "j m1")
        await amina.reads("M2 is closed and no longer with you")
        await amina.reads("\n  resident: Leaves: about M2")  # no number: of M1 it is no message
        assert item_of(writing_hall, "M2").text.merged_into == "M1"
        amina.keys.type("y", "y m2")
        await amina.reads("unmerge ITEM")
        await until(lambda: item_of(writing_hall, "M2").text.merged_into is None)
        assert item_of(writing_hall, "M2").state in (ItemState.QUEUED, ItemState.OFFERED)


async def test_a_message_on_another_matter_becomes_an_item_of_its_own(writing_hall: House) -> None:
    async with Person().at_work(writing_hall.url, "amina") as amina:
        await in_hand(writing_hall, amina, "M1")
        await writing_hall.mail("X", "and my tax bill?", threads=("VM1",))
        await amina.reads("3 resident: Leaves: and my tax bill?")
        amina.keys.type("/", "/ 0", "/ 3")
        await until(lambda: amina.printed().count("split NUMBER") == 2)
        await until(lambda: len(writing_hall.engine.state.items) == 2)
        [_, new] = writing_hall.engine.state.items.values()
        assert new.text is not None
        assert new.text.linked_to == "M1"
        assert len(writing_hall.engine.state.conversations[new.text.conversation].messages) == 1


async def test_a_supervisor_ranks_and_assigns_from_the_terminal(writing_hall: House) -> None:
    async with Person().at_work(writing_hall.url, "amina") as amina:
        await in_hand(writing_hall, amina, "M1")
        await writing_hall.accounts.set_role(
            "amina", Role.SUPERVISOR, agent_id=AgentId("amina"), by="test"
        )
        amina.keys.type("^ m1 soon", "> m1 nobody", "^ m1 60 why")
        await amina.reads("prioritise ITEM SECONDS")
        await amina.reads("assign ITEM AGENT")
        await amina.reads("only what waits has a rank")


async def test_abuse_is_flagged_and_blocked_by_who_may(writing_hall: House) -> None:
    async with Person().at_work(writing_hall.url, "amina") as amina:
        await in_hand(writing_hall, amina, "M1")
        amina.keys.type("!", "! he shouts")
        await amina.reads("flag TEXT")
        await amina.reads("Amina [note]: he shouts")
        await amina.reads("flag: done")
        amina.keys.type("v 24 he shouts")
        await amina.reads("(not-permitted)")
        role = Role.SUPERVISOR
        agent = AgentId("amina")
        await writing_hall.accounts.set_role("amina", role, agent_id=agent, by="test")
        amina.keys.type("v 24", "v 24 he shouts")
        await amina.reads("block WHY")
        await amina.reads("block: done")
        headers = {"Authorization": f"Bearer {await writing_hall.token('amina')}"}
        async with writing_hall.http() as http:
            listed = (await http.get("/blocked", headers=headers)).json()
        assert {one["key"] for one in listed} == {"VM1", "sam"}
        assert {one["reason"] for one in listed} == {"he shouts"}
        assert None not in {one["until"] for one in listed}


# --- keys and commands ---------------------------------------------------------------------------


def test_letters_act_at_once_and_the_rest_waits_for_enter() -> None:
    editor = LineEditor()
    lines = [editor.press(key) for key in "as axx\x7f\x7fvailable\r"]
    assert [line for line in lines if line] == ["a", "s available"]
    assert editor.press("q") is None
    assert (editor.press("\x15"), editor.typed) == (None, "")


async def test_a_pipe_ends() -> None:
    keys = Lines(io.StringIO("available\n\n accept \n"))
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
