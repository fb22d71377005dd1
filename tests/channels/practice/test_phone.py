"""The phone in the terminal, against a town on a real port; time is virtual, nothing waits."""

from __future__ import annotations

import asyncio
import io
import os
import socket

import httpx
import pytest
from rich.console import Console
from starlette.responses import Response
from typer.testing import CliRunner

from channels.voice.practice.clock import VirtualClock
from channels.voice.practice.keys import DescriptorKeys, Keys
from channels.voice.practice.phone import run_phone
from router.cli import app
from router.errors import SettingsError
from tests.channels.practice.town import (
    ACCOUNT,
    ANN,
    CALLER,
    HALL,
    PUBLIC,
    TOKEN,
    Form,
    Page,
    Town,
    served,
)
from tests.ports import free_port


class Lines:
    """Prepared lines; `typed` as wanted."""

    def __init__(self, *lines: str, typed: bool = False) -> None:
        self._lines = list(lines)
        self.typed = typed

    async def read(self) -> str | None:
        return self._lines.pop(0) if self._lines else None


async def phone(
    base_url: str,
    keys: Keys,
    *,
    at: str | None = None,
    agents: str = "answer",
    stay: bool = False,
    rest_port: int | None = None,
) -> tuple[int, list[str]]:
    """Use the phone to the end; return its exit code and what it printed, line by line."""
    clock = VirtualClock()
    screen = io.StringIO()

    async def use() -> int:
        return await run_phone(
            base_url=base_url,
            public_url=PUBLIC,
            to=HALL,
            from_=CALLER,
            auth_token=TOKEN,
            account_sid=ACCOUNT,
            rest_port=rest_port,
            at=at,
            console=Console(file=screen, width=120),
            keys=keys,
            clock=clock,
            agents=agents,
            stay=stay,
        )

    async with asyncio.TaskGroup() as group:
        call = group.create_task(use())
        while not call.done():  # sockets and servers take real time, a little
            await clock.advance(0.2)
            await asyncio.sleep(0.001)
    return call.result(), [line.strip() for line in screen.getvalue().splitlines()]


def menu(form: Form) -> str:
    return {
        "1": '<Say language="en-CA">Roads.</Say><Enqueue waitUrl="/wait">roads</Enqueue>',
        "2": '<Gather numDigits="1" action="/menu"><Say language="fr-CA">Un: voirie.</Say>'
        "</Gather>",
    }.get(form["Digits"], "<Say>Wrong.</Say>")


TOWN: dict[str, Page] = {
    "voice/incoming": '<Gather numDigits="1" action="/menu"><Say language="en-CA">Two for French.'
    "</Say></Gather>",
    "menu": menu,
    "wait": '<Gather numDigits="1" timeout="2" action="/key"><Say>You are first.</Say></Gather>',
}


async def test_prepared_lines_are_taken_one_by_one_when_it_is_the_persons_turn() -> None:
    town = Town(**TOWN)
    async with served(town.app) as url:
        code, screen = await phone(url, Lines("2", "1", "h"))
    assert code == 0
    spoken = [line for line in screen if line.startswith("[")]
    assert spoken == [
        "[en-CA] Two for French.",
        "[fr-CA] Un: voirie.",
        "[en-CA] Roads.",
        "[en-US] You are first.",
    ]
    assert "? digits expected" in screen
    assert "- waiting in the queue" in screen
    assert screen[-1].startswith("- the call has ended after")
    assert [form["Digits"] for form in town.forms("menu")] == ["2", "1"]
    assert town.forms("voice/status")[-1]["CallStatus"] == "completed"


async def test_the_end_of_the_lines_hangs_up() -> None:
    async with served(Town(**TOWN).app) as url:
        code, screen = await phone(url, Lines("1"))  # into a queue that never moves
    assert code == 0
    assert "[en-US] You are first." in screen


async def test_all_is_said_before_a_prepared_line_answers() -> None:
    town = Town(
        **{
            "voice/incoming": '<Gather numDigits="1" action="/menu"><Say>One.</Say><Pause/>'
            "<Say>Two.</Say></Gather>",
            "menu": "<Hangup/>",
        }
    )
    async with served(town.app) as url:
        _, screen = await phone(url, Lines("5"))
    assert [line for line in screen if line.startswith("[")] == ["[en-US] One.", "[en-US] Two."]
    assert [form["Digits"] for form in town.forms("menu")] == ["5"]


async def test_music_that_goes_on_is_shown_once() -> None:
    town = Town(**{"voice/incoming": "<Enqueue>q</Enqueue>"})
    async with served(town.app) as url:
        _, screen = await phone(url, Lines("h"))
    assert screen.count("music") == 1


async def test_a_silent_queue_does_not_hold_the_phone_for_ever() -> None:
    town = Town(**{"voice/incoming": '<Enqueue waitUrl="">q</Enqueue>'})
    async with served(town.app) as url:
        assert (await phone(url, Lines("h")))[0] == 0


async def test_words_are_spoken_onto_a_recording() -> None:
    town = Town(
        **{
            "voice/incoming": "<Say>Speak.</Say>"
            '<Record action="/saved" transcribeCallback="/text"/>',
            "saved": "<Say>Noted.</Say>",
        }
    )
    async with served(town.app) as url:
        _, screen = await phone(url, Lines("r the bins were forgotten"))
    assert town.forms("text")[0]["TranscriptionText"] == "the bins were forgotten"
    assert "beep!" in screen
    assert screen.index("beep!") < screen.index("[en-US] Noted.")


async def test_typing_acts_at_once_and_wrong_keys_get_help() -> None:
    town = Town(**TOWN)
    async with served(town.app) as url:
        _, screen = await phone(url, Lines("hello", "?", "1", "h", typed=True))
    assert sum("h = hang up" in line for line in screen) == 3
    assert "no digits are expected now" in screen


async def test_the_time_of_the_town_rides_on_every_webhook() -> None:
    town = Town(**TOWN)
    async with served(town.app) as url:
        await phone(url, Lines("2", "h"), at="2026-12-26T19:40")
        sent = {headers.get("x-townline-practice-at") for headers in town.headers}
        assert sent == {"2026-12-26T19:40:00"}
        with pytest.raises(BaseExceptionGroup):
            await phone(url, Lines(), at="tomorrow")


async def test_a_town_that_does_not_run_is_said_so() -> None:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{sock.getsockname()[1]}"
        code, screen = await phone(url, Lines("h"))
    assert code == 1
    assert any("is `townline run` running?" in line for line in screen)


@pytest.mark.parametrize("agents", ["answer", "silent"])
async def test_agents_phones_are_answered_when_asked(agents: str) -> None:
    dial = f'<Dial timeout="9"><Number url="/whisper">{ANN}</Number></Dial><Say>Nobody.</Say>'
    town = Town(
        **{
            "voice/incoming": dial,
            "whisper": '<Gather numDigits="1" action="/ok"><Say>Press 1.</Say></Gather><Hangup/>',
            "ok": "",
        }
    )
    async with served(town.app) as url:
        _, screen = await phone(url, Lines("h"), agents=agents)
    answered = agents == "answer"
    assert (f"{ANN}: [en-US] Press 1." in screen) == answered
    assert ("- talking" in screen) == answered
    assert ("[en-US] Nobody." in screen) == (not answered)


async def test_the_town_reaches_the_carriers_rest_calls_and_calls_back() -> None:
    """With `stay` the phone waits; the town, told by the status, rings it through REST."""
    port = free_port()
    town = Town(
        **{"voice/incoming": "<Say>We call back.</Say>", "again": "<Say>Hello again.</Say>"}
    )
    rung: list[int] = []

    async def ring() -> None:
        async with httpx.AsyncClient(auth=(ACCOUNT, TOKEN)) as http:
            form = {"To": CALLER, "From": HALL, "Url": f"{PUBLIC}/again"}
            path = f"http://127.0.0.1:{port}/2010-04-01/Accounts/{ACCOUNT}/Calls.json"
            rung.append((await http.post(path, data=form)).status_code)

    async with asyncio.TaskGroup() as group:

        def status(form: Form) -> Response:
            if not rung:
                rung.append(0)
                group.create_task(ring())
            return Response()

        town.pages["voice/status"] = status
        async with served(town.app) as url:
            code, screen = await phone(url, Lines("a"), stay=True, rest_port=port)
    assert (code, rung) == (0, [0, 201])
    assert screen.index("[en-US] We call back.") < screen.index("[en-US] Hello again.")


async def test_lines_come_from_a_pipe_and_from_a_terminal() -> None:
    reader, writer = os.pipe()
    keys = DescriptorKeys(reader)
    assert not keys.typed
    os.write(writer, b"2\r\n1\nr bonjour \xc3\xa0 tous\nlast")
    os.close(writer)
    lines = [await keys.read() for _ in range(6)]
    assert lines == ["2", "1", "r bonjour à tous", "last", None, None]
    os.close(reader)
    master, slave = os.openpty()
    keys = DescriptorKeys(slave)
    assert keys.typed
    os.write(master, b"12#\n")
    assert await keys.read() == "12#"
    os.write(master, b"\x04")  # Ctrl-D
    assert await keys.read() is None
    os.close(master)
    os.close(slave)


def test_the_help_of_the_command_names_the_keys() -> None:
    told = " ".join(CliRunner().invoke(app, ["line", "--help"]).output.split())
    for key in ("digits and Enter", "r WORDS = speak", "h = hang up", "a = answer", "? = "):
        assert key in told, key


async def test_a_port_that_is_taken_is_named_with_the_way_to_another() -> None:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        sock.listen()
        port = sock.getsockname()[1]
        with pytest.raises(BaseExceptionGroup) as caught:
            await phone("http://127.0.0.1:9", Lines(), rest_port=port)
        remedy = rf"127\.0\.0\.1 port {port}: .* TOWNLINE_PRACTICE_LINE_PORT"
        assert caught.group_contains(SettingsError, match=remedy)


async def test_breaking_off_hangs_up_and_tells_the_town() -> None:
    """Ctrl-C cancels the phone; the caller must not stay on the line."""
    arrived = asyncio.Event()

    def incoming(form: Form) -> str:
        arrived.set()
        return "<Say>x</Say><Gather timeout='600'/>"

    town = Town(**{"voice/incoming": incoming})
    async with served(town.app) as url:
        use = asyncio.ensure_future(phone(url, Silent()))
        await arrived.wait()
        use.cancel()
        with pytest.raises(asyncio.CancelledError):
            await use
    assert town.forms("voice/status")[0]["CallSid"] == town.forms("voice/incoming")[0]["CallSid"]


class Silent:
    """A terminal at which nobody types."""

    typed = True

    async def read(self) -> str | None:
        await asyncio.Event().wait()
        return None
