"""What `townline agent` prints: offers, items, refusals, and one status line at the bottom.

At a terminal the status line stays below everything and counts down. In a pipe, a file, or a
terminal that can do no more than a typewriter there is none: each change is a line of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Final

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from router.core.model import AgentStatus, ItemState
from router.desk.terminal_commands import TYPED, Shown
from router.desk.views import AgentView, ItemView, OfferView, WhoView, WordsView
from router.desk.views_calls import AgreementView
from router.desk.views_text import InboxView

_COLOURS: Final = {
    AgentStatus.AVAILABLE: "green",
    AgentStatus.AWAY: "yellow",
    AgentStatus.OFFLINE: "red",
}

_HANDED_OVER: Final = {
    "at_once": "they are rung by themselves once you talk; stay until they answer",
    "number": "tell the resident their number: {number}",
}
_AGREED: Final = {
    "none": "note it and hand it over at once",
    "partial": "tell what is known, ask for the details, hand it over",
    "full": "done here",
}


def can_redraw(console: Console) -> bool:
    """Say whether a line can be written over: not in a pipe, nor where TERM is `dumb`."""
    return console.file.isatty() and console.is_terminal and not console.is_dumb_terminal


class Screen:
    """Prints; asks nobody and remembers only what it has to redraw."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._live: Live | None = None
        self._drawn = Text()

    @contextmanager
    def open(self) -> Iterator[None]:
        """Keep the status line at the bottom of a terminal meanwhile."""
        if not can_redraw(self._console):
            yield
            return
        with Live(console=self._console, auto_refresh=False, transient=True) as self._live:
            yield
        self._live = None

    def say(self, text: str, style: str = "") -> None:
        """Print a line; the text is taken as it is."""
        self._console.print(Text(text, style=style))

    def bottom(self, shown: Shown, *, is_connected: bool, left_s: float | None, typed: str) -> None:
        """Redraw the status line, where it has changed: transcripts keep each drawing."""
        if self._live is None:
            return
        line = status_line(shown, is_connected=is_connected, left_s=left_s)
        drawn = Text.assemble(line, "\n> ", typed, "▏")
        if drawn != self._drawn:
            self._drawn = drawn
            self._live.update(drawn, refresh=True)

    def offer(self, offer: OfferView, left_s: float) -> None:
        """Ring and tell who, what and why."""
        self._console.bell()
        who = offer.who
        name = (who.name or who.number or who.email) if who is not None else "withheld"
        queue = offer.queue.name if offer.queue is not None else "-"
        self.say(f"☎ offer: {offer.form} from {name}", "bold cyan")
        self.say(f"  about {offer.subject or 'anything'}, {queue}, in {offer.language or '?'}")
        self.say(f"  waited {span(offer.waited_s)}; asks for {offer.asks_for or 'anyone'}")
        if offer.due is not None:
            self.say(f"  first response due {offer.due:%Y-%m-%d %H:%M} UTC")
        self.say(f"  why you: {offer.why}")
        self._agreed(offer.agreement)
        for line in offer.story:
            self.say(f"  · {line}", "dim")
        self.say(f"  a accept, d decline; {left_s:.0f} s left", "bold")

    def _agreed(self, agreement: AgreementView | None) -> None:
        """Say who does what about the subject."""
        if agreement is None:
            return
        to = agreement.department
        tail = f"; ask them with + contact:{to.id}" if to is not None else ""
        self.say(f"  agreement {agreement.level}: {_AGREED[agreement.level]}{tail}", "magenta")
        told = _HANDED_OVER.get(agreement.hand_over, "").format(number=agreement.number)
        for line in (told, agreement.script, agreement.link):
            if line:
                self.say(f"    {line}", "magenta")

    def item(self, item: ItemView, *, yours: bool) -> None:
        """Tell how an item stands now."""
        if not yours:
            self.say(f"{item.item} is {item.state} and no longer with you", "dim")
            return
        legs = ", ".join(f"{leg.of} {leg.state}" for leg in item.legs)
        tail = f" ({legs})" if legs else ""
        self.say(f"▶ {item.item} {item.form} {item.state}{tail}", "bold")
        asked = item.consult
        if asked is not None:
            result = f": {asked.result}" if asked.result is not None else ""
            then = {"talking": "; = leaves them together, - lets them go"}.get(asked.state, "")
            self.say(f"  asks {asked.name or asked.to}, {asked.state}{result}{then}", "cyan")
        if item.listener is not None:
            who, mode = item.listener.name, item.listener.mode
            self.say(f"  {who} is in the call: {mode}, {item.listener.state}", "magenta")
        if item.state is ItemState.WRAP_UP:
            until = f" until {item.wrap_up_until:%H:%M:%S} UTC" if item.wrap_up_until else ""
            need = ", a code is needed (w CODE)" if item.wrap_up_required else ""
            self.say(f"  wrap-up{until}{need}; c closes")

    def words(self, item: ItemView) -> None:
        """Show who it is and what they wrote."""
        if item.who is not None:
            parts = (item.who.name, item.who.number, item.who.email)
            self.say("  " + ", ".join(part for part in parts if part))
        self._left(item.words)
        for one in item.contacts:
            self.say(f"  contact: {one.form} {one.item}, told by {one.told_by}{_at(one.who)}")
            if one.item != item.item:
                self._left(one.words)
        for other in item.duplicates:
            self.say(f"  perhaps the same: {other.form} {other.item} ({other.why})", "yellow")

    def _left(self, words: WordsView | None) -> None:
        if words is not None:
            for key, value in words.fields.items():
                self.say(f"  {key}: {value}")
            if words.text:
                self.say(f"  {words.kind}: {words.text}")

    def written(self, item: ItemView, read: set[tuple[str, int]]) -> None:
        """Show what was written and has not been shown yet."""
        if item.text is None:
            return
        for message in item.text.messages:
            if (message.ref, message.number) in read:
                continue
            read.add((message.ref, message.number))
            who = message.who or ("resident" if message.by == "resident" else message.by)
            what = f"{message.kind} {message.note}".rstrip()
            kind = "" if message.kind == "text" else f" [{what}]"
            colour = "cyan" if message.by == "resident" else "dim"
            subject = f"{message.subject}: " if message.subject else ""
            own = message.conversation == item.text.conversation
            number = f"{message.number} " if own else ""  # of others it would split nothing
            self.say(f"  {number}{who}{kind}: {subject}{message.text}", colour)
            for file in message.files:
                self.say(f"    file {file.name} ({file.kind}, {file.size} bytes)", "dim")

    def waiting(self, lines: tuple[InboxView, ...]) -> None:
        """List what was written and waits."""
        if not lines:
            self.say("nothing that was written waits")
        table = Table.grid(padding=(0, 2))
        for line in lines:
            due = f"{line.due:%m-%d %H:%M}" if line.due is not None else ""
            mark = "!" if line.urgent else ""
            whose = line.agent or (f"({line.owner})" if line.owner else "")
            queue = line.queue.name if line.queue is not None else ""
            state = line.waiting_for or line.state.value
            row = (line.item, mark, line.form.value, state, whose, queue, span(line.age_s), due)
            table.add_row(*row)
        if lines:
            self._console.print(table)

    def agent(self, agent: AgentView) -> None:
        """Tell one's own status."""
        reason = f" ({agent.reason})" if agent.reason else ""
        then = f", then {agent.then_status}" if agent.then_status is not None else ""
        self.say(f"● {agent.status}{reason}{then}; {agent.state}", _COLOURS[agent.status])

    def in_hand(self, shown: Shown) -> None:
        """List what is in hand."""
        if not shown.items:
            self.say("nothing in hand")
        for item in shown.items.values():
            self.item(item, yours=True)
            self.words(item)

    def help(self) -> None:
        """List the commands."""
        table = Table.grid(padding=(0, 2))
        for typed in TYPED:
            table.add_row(
                Text(typed.letter, style="bold"), typed.word, Text(typed.takes), typed.help
            )
        self._console.print(table)


def status_line(shown: Shown, *, is_connected: bool, left_s: float | None) -> Text:
    """Return the line at the bottom."""
    agent = shown.agent
    if not is_connected or agent is None:
        return Text("○ not connected; trying again", style="red")
    line = Text(f"● {agent.status}", style=_COLOURS[agent.status])
    line.append(f" {agent.reason}" if agent.reason else "")
    line.append(f"  {agent.name}  {agent.state}", style="default")
    load = "  ".join(f"{one.tempo} {one.held}/{one.most}" for one in agent.load if one.most)
    line.append(f"  {load}", style="dim")
    if left_s is not None:
        line.append(f"  ☎ offer, {max(0, left_s):.0f} s left", style="bold cyan")
    line.append("  ? help", style="dim")
    return line


def _at(who: WhoView | None) -> str:
    return f" ({who.number or who.email})" if who is not None else ""


def span(seconds: float) -> str:
    """Return a wait as people say it."""
    return str(timedelta(seconds=round(seconds))) if seconds >= 60 else f"{seconds:.0f} s"
