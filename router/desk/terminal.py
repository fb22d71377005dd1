"""`townline agent NAME`: an agent in the terminal, on exactly the `/desk` interface.

For trying out, for tests and for load: what it can do a browser's desk can do, and nothing more.
"""

from __future__ import annotations

import asyncio
from contextlib import nullcontext
from typing import Final

import msgspec
import websockets
from rich.console import Console

from router.core.model import AgentStatus, ItemState, Tempo
from router.core.model import LegState as Leg
from router.desk import messages as m
from router.desk.desk import LEASE_LOST, NOT_SIGNED_IN, SIGNED_OUT, TAKEN_OVER
from router.desk.messages_text import Reply
from router.desk.terminal_commands import Posted, Shown, Typed, Unclear, understood
from router.desk.terminal_keys import Keys
from router.desk.terminal_link import HELLO, Link, NotConnected, SignInRefused, back_off
from router.desk.terminal_screen import Screen
from router.desk.views import ItemView, OfferView

BEAT_S: Final = 5.0
TICK_S: Final = 1.0
EXIT_OK: Final = 0
AUTO_TEXT: Final = "Thank you. This has been looked after."  # what the automatic mode answers
EXIT_REFUSED: Final = 1
EXIT_TAKEN_OVER: Final = 3
_FINAL: Final = ("not-permitted", "password-must-change", "unknown-agent")  # of a hello


class AutoMode(msgspec.Struct, frozen=True):
    """Accept everything, handle it for a while, close it with a code."""

    handle_s: float
    code: str = ""


async def run_agent(
    *,
    base_url: str,
    name: str,
    password: str,
    auto: AutoMode | None,
    console: Console,
    keys: Keys | None,
) -> int:
    """Be an agent until they quit.

    Args:
        base_url: of the daemon, as "http://127.0.0.1:8400".
        name: of the account.
        password: of the account.
        auto: None = somebody types.
        console: printed to; a terminal gets a status line at the bottom.
        keys: what is typed; None = nothing will be.

    Shape: 0 when signed out or quit, 1 when the daemon refuses the sign-in, 3 when another desk
        took over.
    """
    terminal = _Terminal(Link(base_url, name, password), auto, Screen(console), keys)
    return await terminal.run()


class _Leaving(Exception):
    """Ends everything that runs for the terminal."""


class _Terminal:
    def __init__(
        self, link: Link, auto: AutoMode | None, screen: Screen, keys: Keys | None
    ) -> None:
        self._link = link
        self._auto = auto
        self._screen = screen
        self._keys = keys
        self._shown = Shown()
        self._rings_until = 0.0  # loop time at which the open offer ends
        self._is_offered = asyncio.Event()
        self._is_welcomed = asyncio.Event()
        self._exit: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._in_auto: set[str] = set()  # items that the automatic mode is handling
        self._tasks = asyncio.TaskGroup()

    async def run(self) -> int:
        """Return the exit code."""
        reading = self._keys.reading() if self._keys is not None else nullcontext()
        with reading, self._screen.open():
            try:
                async with self._tasks:
                    for work in (self._stay_connected, self._beat, self._tick, self._obey_all):
                        self._tasks.create_task(work())
                    await self._exit
                    raise _Leaving
            except* _Leaving:
                pass
        return self._exit.result()

    def _leave(self, code: int) -> None:
        if not self._exit.done():
            self._exit.set_result(code)

    # --- the connection --------------------------------------------------------------------------

    async def _stay_connected(self) -> None:
        pauses = back_off()
        while not self._exit.done():
            try:
                async for message in self._link.messages():
                    if isinstance(message, m.Welcome):
                        pauses = back_off()
                    self._hear(message)
            except SignInRefused as error:
                self._screen.say(str(error), "red")
                self._leave(EXIT_REFUSED)
            except NotConnected as error:
                self._screen.say(f"{error}; trying again", "dim")
            except websockets.ConnectionClosed as closed:
                self._closed(closed.rcvd.code if closed.rcvd is not None else 1006)
            self._is_welcomed.clear()
            await asyncio.sleep(next(pauses))

    def _closed(self, code: int) -> None:
        if code == SIGNED_OUT.code:
            self._leave(EXIT_OK)
        elif code == TAKEN_OVER.code:
            self._leave(EXIT_TAKEN_OVER)
        elif code in (NOT_SIGNED_IN.code, LEASE_LOST.code):
            self._link.forget_session()
        else:
            self._screen.say(f"the connection broke ({code}); connecting again", "dim")

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(BEAT_S)
            if self._link.is_connected:
                await self._ask(m.Beat())

    async def _tick(self) -> None:
        while True:
            self._redraw()
            await asyncio.sleep(TICK_S if self._keys is None or self._keys.is_piped else 0.1)

    def _redraw(self) -> None:
        left = None
        if self._shown.offer is not None:
            left = self._rings_until - asyncio.get_running_loop().time()
        typed = self._keys.typed if self._keys is not None else ""
        connected = self._link.is_connected
        self._screen.bottom(self._shown, is_connected=connected, left_s=left, typed=typed)

    # --- what the daemon says --------------------------------------------------------------------

    def _hear(self, message: m.AnyServerMessage) -> None:
        self._shown.at = getattr(message, "at", self._shown.at)
        match message:
            case m.TypingMessage():
                self._screen.say(f"  {message.item}: the resident is writing ...", "dim")
            case m.Welcome():
                self._welcome(message)
            case m.OfferMessage():
                left = (message.offer.expires_at - message.at).total_seconds()
                self._offer(message.offer, left)
            case m.OfferEndedMessage():
                self._shown.offer = None
                self._is_offered.clear()
                if message.ending != "accepted":
                    self._screen.say(f"offer {message.ending} {message.reason}".rstrip(), "dim")
            case m.ItemMessage():
                self._item(message.item, yours=message.yours)
            case m.AgentMessage():
                self._shown.agent = message.agent
                self._screen.agent(message.agent)
            case m.Notice():
                self._shown.policy = message.policy or self._shown.policy
                self._screen.say(message.message, "magenta")
            case m.Refused():
                self._screen.say(f"refused: {message.message} ({message.code})", "red")
                if message.id == HELLO and message.code in _FINAL:
                    self._leave(EXIT_REFUSED)
            case m.Ok() | m.Ping():
                pass
        self._redraw()

    def _welcome(self, welcome: m.Welcome) -> None:
        shown = self._shown
        shown.agent, shown.policy = welcome.agent, welcome.policy
        shown.items = {}
        shown.offer = None
        self._is_offered.clear()
        self._screen.say(f"{welcome.agent.name} at {welcome.policy.town}; ? shows all commands")
        self._screen.agent(welcome.agent)
        for item in welcome.items:
            self._item(item, yours=True)
        if welcome.offer is not None:
            left = (welcome.offer.expires_at - welcome.at).total_seconds()
            self._offer(welcome.offer, left)
        self._is_welcomed.set()
        if self._auto is not None and welcome.agent.status is not AgentStatus.AVAILABLE:
            self._start(m.Status(status=AgentStatus.AVAILABLE))

    def _offer(self, offer: OfferView, left_s: float) -> None:
        self._shown.offer = offer
        self._rings_until = asyncio.get_running_loop().time() + left_s
        self._screen.offer(offer, left_s)
        self._start(m.Seen(offer=offer.offer))
        self._is_offered.set()
        if self._auto is not None:
            self._start(m.Accept(offer=offer.offer))

    def _item(self, item: ItemView, *, yours: bool) -> None:
        before = self._shown.items.get(item.item)
        if not yours or before is None or _stands(before) != _stands(item):
            self._screen.item(item, yours=yours)
        if not yours:
            shown = self._shown
            for kept in (shown.items, shown.codes, shown.notes, shown.read):
                kept.pop(item.item, None)
            self._in_auto.discard(item.item)
            return
        if before is None:
            self._screen.words(item)
            self._shown.chosen = item.item
        self._screen.written(item, self._shown.read.setdefault(item.item, set()))
        self._shown.items[item.item] = item
        if self._auto is not None and item.item not in self._in_auto and _may_begin(item):
            self._in_auto.add(item.item)
            self._tasks.create_task(self._handle(item.item, self._auto))

    async def _handle(self, item: str, auto: AutoMode) -> None:
        await asyncio.sleep(auto.handle_s)
        while item in self._shown.items:
            await self._is_welcomed.wait()
            shown = self._shown.items.get(item)
            if shown is None:  # since we are back it is with somebody else, or closed
                return
            done: m.Action = m.Close(item=item, code=auto.code)
            if _wants_answer(shown):
                key = self._shown.fresh_key()
                done = Reply(item=item, text=AUTO_TEXT, key=key, then="close", code=auto.code)
            if await self._ask(done):
                break
            await asyncio.sleep(TICK_S)

    # --- what is typed ---------------------------------------------------------------------------

    async def _obey_all(self) -> None:
        if self._keys is None:
            return
        while (line := await self._keys.line()) is not None:
            try:
                typed, rest = understood(line)
                if typed.word != "quit":
                    await self._is_welcomed.wait()
                await self._obey(typed, rest)
            except Unclear as unclear:
                self._screen.say(str(unclear), "yellow")
            self._redraw()

    async def _obey(self, typed: Typed, rest: str) -> None:
        if typed.word in ("accept", "decline") and self._keys is not None and self._keys.is_piped:
            await self._is_offered.wait()
        message = typed.act(self._shown, rest)
        if typed.word == "help":
            self._screen.help()
        elif typed.word == "items":
            self._screen.in_hand(self._shown)
        elif typed.word == "list":
            await self._list()
        elif message is None:
            self._screen.say(f"{typed.word}: {rest}", "dim")
        elif await self._ask(message) and isinstance(message, Posted):
            self._screen.say(f"{typed.word}: done", "dim")
        if typed.word == "quit":
            if self._shown.items:
                self._screen.say(f"still yours: {', '.join(self._shown.items)}", "yellow")
            self._leave(EXIT_OK)

    async def _list(self) -> None:
        try:
            self._screen.waiting(await self._link.inbox())
        except NotConnected as error:
            self._screen.say(str(error), "yellow")

    def _start(self, message: m.Action) -> None:
        """Ask without waiting for the answer; what comes of it is pushed."""
        self._tasks.create_task(self._ask(message))

    async def _ask(self, message: m.Action | m.Beat | Posted) -> bool:
        """Say whether it was done; a refusal is shown."""
        try:
            if isinstance(message, Posted):
                answer = await self._link.post(message.path, message.body)
            else:
                answer = await self._link.ask(message)
        except NotConnected as error:
            self._screen.say(f"{error}; what was asked may not have been done", "yellow")
            return False
        if isinstance(answer, m.Refused):
            self._screen.say(f"refused: {answer.message} ({answer.code})", "red")
        return isinstance(answer, m.Ok)


def _stands(item: ItemView) -> tuple[object, ...]:
    """Return what is told again when it has changed."""
    return item.state, item.legs, item.consult, item.listener


def _wants_answer(item: ItemView) -> bool:
    """Say whether the resident has written and nobody has answered yet."""
    if item.state is not ItemState.HANDLING or item.text is None or not item.text.can_reply:
        return False
    return item.text.unanswered_since is not None


def _may_begin(item: ItemView) -> bool:
    """Say whether there is something to handle: the agent's telephone must have been answered."""
    if item.tempo is not Tempo.LIVE or item.state is ItemState.WRAP_UP:
        return True
    return any(leg.of == "agent" and leg.state is Leg.CONNECTED for leg in item.legs)
