"""One town in memory: the production core, its clock moved by hand, and what residents hear.

Desks on this stage never lose their connection: an agent who is there stays until the scenario
says otherwise. Everything else is as in production, every command decided by the engine.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final
from zoneinfo import ZoneInfo

import msgspec

from channels.announcements import in_words
from router.core import commands as c
from router.core import events as e
from router.core.announced import announced
from router.core.effects import MoveCall, SendMail
from router.core.engine import Engine
from router.core.flows.nodes import rule_at
from router.core.flows.presentation import caller_script, wait_script
from router.core.flows.script import Listen, Then, Wait
from router.core.model import (
    DAY,
    IN_LINE,
    SECOND,
    Channel,
    EffectKey,
    Form,
    Instant,
    ItemId,
    MessageKind,
    PolicyHash,
    Span,
)
from router.core.policy import Policy
from router.core.records import Item
from router.errors import TownlineError

LEASE: Final[Span] = 3650 * DAY
ADOPTED: Final = PolicyHash("scenario")


class CannotAct(TownlineError):
    """What a scenario wants to happen cannot happen as things stand."""

    code = "scenario-cannot-act"


class Stage:
    """See the module's text. Instants are the engine's, nanoseconds UTC."""

    def __init__(self, policy: Policy, at: datetime) -> None:
        offers = msgspec.structs.replace(policy.offers, lease=LEASE)
        self.policy = msgspec.structs.replace(policy, offers=offers)
        self.zone = ZoneInfo(policy.time_zone)
        self.now = self.instant(at)
        self.heard: dict[ItemId, list[str]] = {}  # in this step
        self.mails: dict[ItemId, list[str]] = {}  # in this step
        self.walked: dict[ItemId, e.FallbackWalked] = {}  # the last one of each item
        self.met: set[str] = set()  # parts of the policy that mattered: `queue:roads`, `agent:lin`
        self._asks: dict[ItemId, Instant] = {}  # when the waiting room asks again
        self._engine = Engine()
        self._engine.state.policies[ADOPTED] = self.policy
        self.state = self._engine.state
        self.do(c.AdoptPolicy(ADOPTED))

    def instant(self, local: datetime) -> Instant:
        """Return the instant of a local time of the town."""
        return int(local.replace(tzinfo=self.zone).timestamp()) * SECOND

    def local(self, instant: Instant) -> str:
        """Return an instant as the town's clocks show it, `2026-11-30 08:00`."""
        moment = datetime.fromtimestamp(instant // SECOND, UTC).astimezone(self.zone)
        return f"{moment:%Y-%m-%d %H:%M}"

    def begin_step(self) -> None:
        """Forget what was heard and sent before."""
        self.heard.clear()
        self.mails.clear()

    def item(self, name: str) -> Item:
        """Return an item. Raises CannotAct: there is none of that name."""
        row = self.state.items.get(item_id(name))
        if row is None:
            raise CannotAct(f"there is no item {name!r} now")
        return row

    # --- commands and time -----------------------------------------------------------------------

    def do(self, command: c.Command) -> None:
        """Have the engine decide. Raises CommandRefused."""
        events: list[e.Event] = list(self._engine.run(command, self.now))
        for event in events:
            self._note(event)
        for key in [event.effect.key for event in events if isinstance(event, e.EffectWanted)]:
            if key in self.state.pending:
                self._confirm(key)
        for waiting in [i for i in self.state.items.values() if _waits(i)]:
            if waiting.id not in self._asks:
                self._asks[waiting.id] = self.now
                self._announce(waiting.id)

    def pass_until(self, end: Instant) -> None:
        """Let time pass; what falls due and what the waiting rooms ask comes in its order."""
        while True:
            wakeup = self._engine.next_wakeup()
            due = min((at for at in (wakeup, *self._asks.values()) if at is not None), default=end)
            if due > end or end <= self.now:
                break
            self.now = max(self.now, due)
            if wakeup is not None and wakeup <= self.now:
                self.do(c.PassTime())
            for item in [item for item, at in self._asks.items() if at <= self.now]:
                self._announce(item)
        self.now = max(self.now, end)

    def _confirm(self, key: EffectKey) -> None:
        effect = self.state.pending[key]
        if isinstance(effect, SendMail):
            what = f"page:{effect.contact}" if effect.what == "page" else effect.what
            self.mails.setdefault(effect.item_id, []).append(what)
        self.do(c.ReportEffect(key=key, done=True))
        if isinstance(effect, MoveCall):
            self.listen(effect.item_id)

    # --- what residents hear ---------------------------------------------------------------------

    def listen(self, item: ItemId) -> Then:
        """Let the caller hear what comes now; return what follows."""
        script = caller_script(self.state, item)
        self.heard.setdefault(item, []).extend(each.text for each in script.spoken)
        return script.then

    def then(self, item: ItemId) -> Then:
        """Return what the caller's leg does now, without hearing it again."""
        return caller_script(self.state, item).then

    def show_announced(self, item: ItemId, language: str) -> None:
        """Let who writes read what the town says in front of everything."""
        said = announced(self.state, self.now)
        zone = self.policy.time_zone
        self.heard.setdefault(item, []).extend(in_words(said, language, zone, self.now))

    def _announce(self, item: ItemId) -> None:
        row = self.state.items.get(item)
        if row is None or not _waits(row) or not isinstance(self.then(item), Wait):
            self._asks.pop(item, None)
            return
        self.do(c.AskWait(item_id=item, turn=row.spoken_turn + 1))
        script = wait_script(self.state, item)
        self.heard.setdefault(item, []).extend(each.text for each in script.spoken)
        if isinstance(script.then, Listen):
            self._asks[item] = self.now + max(script.then.pause, SECOND)
        else:
            self._asks.pop(item, None)

    def _note(self, event: e.Event) -> None:
        """Remember chains that were followed, and what was shown to those who write."""
        if isinstance(event, e.AgentSignedIn):
            self.met.add(f"agent:{event.agent}")
        item = self.state.items.get(ItemId(getattr(event, "item", "")))
        if item is None:
            return
        self.met |= {f"channel:{item.channel}", f"queue:{item.queue}"}
        if isinstance(event, e.FlowMoved):
            self.met |= {f"flow:{event.flow}", f"queue:{event.queue}"}
        language = item.language or self.policy.languages[0].id
        if isinstance(event, e.FallbackWalked):
            self.walked[item.id] = event
            self.met |= {f"chain:{tried.rule.partition('/')[0]}" for tried in event.tried}
            for tried in event.tried:
                rule = rule_at(self.policy, f"!{tried.rule}")
                written = not item.call_id and item.channel is not Channel.CHAT
                if tried.hit and rule is not None and written:
                    self.heard.setdefault(item.id, []).append(rule.text.get(language, ""))
        elif isinstance(event, e.MessageAdded) and event.kind is MessageKind.AUTOMATIC:
            rule = rule_at(self.policy, event.note)  # what a chain says in a chat
            if rule is not None:
                self.heard.setdefault(item.id, []).append(rule.text.get(language, ""))
        elif isinstance(event, e.RuleApplied) and self.policy.mail is not None:
            mail_rule = self.policy.mail.rule(event.rule)
            if mail_rule is not None:
                self.heard.setdefault(item.id, []).append(mail_rule.text.get(language, ""))


def item_id(name: str) -> ItemId:
    """Return the id of the item that a scenario calls so."""
    return ItemId(name.upper())


def _waits(item: Item) -> bool:
    return item.state in IN_LINE and item.form is Form.CALL and bool(item.call_id)
