"""From a typed line to the message that the desk protocol knows.

A line is a command (its letter or its word) and what it needs; what is not said is taken
from what the desk shows: the open offer, the item in hand.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from secrets import token_hex
from typing import Final, NamedTuple

from router.core.model import AgentStatus
from router.desk import messages as m
from router.desk import messages_calls as x
from router.desk import messages_text as w
from router.desk.view_types import NamedView
from router.desk.views import AgentView, ItemView, OfferView

_UNITS: Final = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}


class Posted(NamedTuple):
    """What the HTTP API does and the WebSocket does not."""

    path: str  # below /api/v1
    body: Mapping[str, object]


class Unclear(Exception):
    """The line cannot be obeyed; the message says what would be right."""


class Shown:
    """What the terminal's desk shows."""

    def __init__(self) -> None:
        self.agent: AgentView | None = None
        self.offer: OfferView | None = None
        self.items: dict[str, ItemView] = {}  # in hand, oldest first
        self.policy: m.PolicyTexts | None = None
        self.chosen = ""  # the item that commands are about
        self.codes: dict[str, str] = {}  # item -> wrap-up code picked beforehand
        self.notes: dict[str, str] = {}  # item -> what was noted so far
        self.read: dict[str, set[tuple[str, int]]] = {}  # item -> messages that were printed
        self.at: datetime | None = None  # the daemon's time, as last heard
        self._keys = 0

    def fresh_key(self) -> str:
        """Return a key that no other answer of this desk has."""
        self._keys += 1
        return f"{token_hex(4)}-{self._keys}"

    def item(self) -> str:
        """Return the item that commands are about. Errors: `Unclear` when none is in hand."""
        if self.chosen in self.items:
            return self.chosen
        if not self.items:
            raise Unclear("you have no item in hand")
        return next(reversed(self.items))

    def open_offer(self) -> str:
        """Return the open offer. Errors: `Unclear` when there is none."""
        if self.offer is None:
            raise Unclear("nothing is offered to you now")
        return self.offer.offer


def _decline(shown: Shown, rest: str) -> m.Action:
    return m.Decline(offer=shown.open_offer(), reason=rest)


def _undo(shown: Shown, _: str) -> m.Action:
    if shown.agent is None or shown.agent.may_take_back is None:
        raise Unclear("there is no declined offer that can be taken back")
    return m.TakeBack(offer=shown.agent.may_take_back)


def _transfer(shown: Shown, rest: str) -> m.Action:
    kind, colon, name = rest.partition(":")
    places = _places(shown)
    if not colon:
        kinds = [k for k, names in places.items() if rest in names]
        if len(kinds) != 1:
            raise Unclear(f"transfer to what? {_listed(places)}")
        kind, name = kinds[0], rest
    if name not in places.get(kind, ()):
        raise Unclear(f"no {rest!r} to transfer to: {_listed(places)}")
    item = shown.item()
    if kind == "queue":
        return m.Transfer(item=item, queue=name)
    return (
        m.Transfer(item=item, agent=name)
        if kind == "agent"
        else m.Transfer(item=item, contact=name)
    )


def _consult(shown: Shown, rest: str) -> m.Action:
    item = shown.item()
    number = rest.removeprefix("number:").strip()
    if number.startswith("+"):
        return x.Consult(item=item, number=number)
    to = _transfer(shown, rest)
    if not isinstance(to, m.Transfer):
        raise Unclear("ask whom? consult queue:X, agent:X, contact:X or +19055550123")
    return x.Consult(item=item, queue=to.queue, agent=to.agent, contact=to.contact)


def _promise(shown: Shown, rest: str) -> m.Action:
    if not rest:
        return x.Promise(item=shown.item())
    return x.Promise(item=shown.item(), at=_in(shown, rest, "promise 30m, promise 2h, promise 1d"))


def _in(shown: Shown, rest: str, right: str) -> datetime:
    number, unit = rest.rstrip("mhd"), rest[-1:]
    if not number.isdigit() or unit not in _UNITS or shown.at is None:
        raise Unclear(f"how long? {right}")
    return shown.at + int(number) * _UNITS[unit]


def _places(shown: Shown) -> dict[str, list[str]]:
    policy = shown.policy
    if policy is None:
        return {}
    return {
        "queue": [one.id for one in policy.queues],
        "agent": [one.id for one in policy.agents],
        "contact": [one.id for one in policy.contacts],
    }


def _listed(places: dict[str, list[str]]) -> str:
    return ", ".join(f"{kind}:{name}" for kind, names in places.items() for name in names)


def _close(shown: Shown, rest: str) -> m.Action:
    item = shown.item()
    code = _one_of(rest, shown, "wrap_up_codes") if rest else shown.codes.get(item, "")
    return m.Close(item=item, code=code, note=shown.notes.get(item, ""))


def _wrap_up(shown: Shown, rest: str) -> None:
    shown.codes[shown.item()] = _one_of(rest, shown, "wrap_up_codes")


def _note(shown: Shown, rest: str) -> None:
    item = shown.item()
    before = shown.notes.get(item, "")
    shown.notes[item] = f"{before}\n{rest}".strip()


def _reply(shown: Shown, rest: str) -> m.Action:
    if not rest:
        raise Unclear("say what? message TEXT")
    return w.Reply(item=shown.item(), text=rest, key=shown.fresh_key())


def _take(shown: Shown, rest: str) -> m.Action:
    item, _, force = rest.partition(" ")
    if not item:
        raise Unclear("take which item? take ITEM; `list` shows what waits")
    return w.Take(item=item.upper(), force=force == "force")


def _snooze(shown: Shown, rest: str) -> m.Action:
    until = _in(shown, rest, "snooze 30m, snooze 2h, snooze 3d")
    return w.Snooze(item=shown.item(), until=until)


def _forward(shown: Shown, rest: str) -> m.Action:
    contact, _, text = rest.partition(" ")
    known = [one.id for one in shown.policy.contacts] if shown.policy is not None else []
    if contact not in known or not text:
        raise Unclear(f"forward CONTACT TEXT; contacts are {', '.join(known)}")
    return w.Forward(item=shown.item(), contact=contact, text=text, key=shown.fresh_key())


def _merge(shown: Shown, rest: str) -> m.Action:
    if not rest:
        raise Unclear("merge the item in hand into which? merge ITEM; merge ITEM here: into yours")
    other, _, here = rest.upper().partition(" ")
    mine = shown.item()
    return w.Merge(item=other, into=mine) if here == "HERE" else w.Merge(item=mine, into=other)


def _unmerge(shown: Shown, rest: str) -> m.Action:
    if not rest:
        raise Unclear("take back the merge of which item? unmerge ITEM")
    return w.Unmerge(item=rest.upper())


def _split(shown: Shown, rest: str) -> m.Action:
    if not rest.isdecimal() or int(rest) < 1:
        raise Unclear("from which message on? split NUMBER; numbers stand before the messages")
    return w.Split(item=shown.item(), number=int(rest))


def _flag(shown: Shown, rest: str) -> Posted:
    if not rest:
        raise Unclear("what is wrong? flag TEXT")
    return Posted(f"/items/{shown.item()}/flag", {"text": rest, "key": shown.fresh_key()})


def _block(shown: Shown, rest: str) -> Posted:
    first, _, more = rest.partition(" ")
    hours, reason = (int(first), more.strip()) if first.isdecimal() else (None, rest)
    if not reason:
        raise Unclear("why? block WHY, or for some hours: block 24 WHY")
    return Posted(f"/items/{shown.item()}/block", {"reason": reason, "hours": hours})


def _prioritise(shown: Shown, rest: str) -> Posted:
    item, _, more = rest.partition(" ")
    seconds, _, reason = more.strip().partition(" ")
    if not seconds.removeprefix("-").isdecimal():
        raise Unclear("which item, by how much? prioritise ITEM SECONDS [WHY]; -60 ranks it later")
    body = {"head_start_s": int(seconds), "reason": reason.strip()}
    return Posted(f"/items/{item.upper()}/prioritise", body)


def _assign(shown: Shown, rest: str) -> Posted:
    item, _, more = rest.partition(" ")
    agent, _, reason = more.strip().partition(" ")
    known = [one.id for one in shown.policy.agents] if shown.policy is not None else []
    if agent not in known:
        raise Unclear(f"which item to whom? assign ITEM AGENT [WHY]; agents are {', '.join(known)}")
    return Posted(f"/items/{item.upper()}/assign", {"agent": agent, "reason": reason.strip()})


def _pick(shown: Shown, rest: str) -> None:
    if rest and rest not in shown.items:
        raise Unclear(f"you do not have {rest!r}; in hand: {', '.join(shown.items) or 'nothing'}")
    shown.chosen = rest or shown.chosen


def _status(shown: Shown, rest: str) -> m.Action:
    word, _, more = rest.partition(" ")
    if word == AgentStatus.AVAILABLE:
        return m.Status(status=AgentStatus.AVAILABLE)
    if word == AgentStatus.OFFLINE:
        return m.SignOut()
    if word == AgentStatus.AWAY:
        return _break(shown, more)
    raise Unclear("status what? available, away REASON, offline")


def _break(shown: Shown, rest: str) -> m.Action:
    reason = rest.removesuffix("after").strip()
    later = rest != reason and rest.endswith("after")
    reason = _one_of(reason, shown, "away_reasons")
    return m.Status(status=AgentStatus.AWAY, reason=reason, after_item=later)


def _one_of(name: str, shown: Shown, choices: str) -> str:
    known: tuple[NamedView, ...] = getattr(shown.policy, choices, ())
    if name in {one.id for one in known}:
        return name
    right = ", ".join(f"{one.id} ({one.name})" for one in known)
    raise Unclear(f"{name or 'which'!r}: choose one of {right}" if name else f"which? {right}")


class Typed(NamedTuple):
    """One thing that can be typed; `act` gives the message to send, or does it here."""

    letter: str
    word: str
    takes: str
    help: str
    act: Callable[[Shown, str], m.Action | Posted | None]


TYPED: Final = (
    Typed("a", "accept", "", "take the offered item", lambda s, _: m.Accept(offer=s.open_offer())),
    Typed("d", "decline", "", "leave it to somebody else", _decline),
    Typed("u", "undo", "", "take back a mistaken decline", _undo),
    Typed("h", "hold", "", "hold music for the resident", lambda s, _: m.Hold(item=s.item())),
    Typed("r", "resume", "", "back to the resident", lambda s, _: m.Resume(item=s.item())),
    Typed("t", "transfer", "queue:X", "or agent:X, contact:X", _transfer),
    Typed("+", "consult", "WHOM", "ask queue:X, agent:X, contact:X, +1905...; they stay", _consult),
    Typed(
        "=",
        "complete",
        "",
        "leave the resident to whom you asked",
        lambda s, _: x.Complete(item=s.item()),
    ),
    Typed(
        "-",
        "unconsult",
        "",
        "let go whom you asked",
        lambda s, _: x.Unconsult(item=s.item()),
    ),
    Typed("@", "promise", "[30m|2h|1d]", "hang up; you ring them back then, or soon", _promise),
    Typed(
        "g",
        "giveback",
        "[why]",
        "back into its queue, place kept",
        lambda s, why: m.Return(item=s.item(), reason=why),
    ),
    Typed("f", "finish", "", "hang up, wrap-up follows", lambda s, _: m.Finish(item=s.item())),
    Typed("w", "wrap", "CODE", "choose the wrap-up code", _wrap_up),
    Typed("n", "note", "TEXT", "add to the note that is kept with the item", _note),
    Typed("m", "message", "TEXT", "answer the resident, by chat or mail", _reply),
    Typed("l", "list", "", "what was written and waits", lambda *_: None),
    Typed("k", "take", "ITEM [force]", "take it from the list, or from a colleague", _take),
    Typed("p", "park", "", "until the resident answers", lambda s, _: w.Wait(item=s.item())),
    Typed("z", "snooze", "30m|2h|3d", "put it away; it comes back to you", _snooze),
    Typed("o", "forward", "CONTACT TEXT", "ask a department by mail", _forward),
    Typed("j", "merge", "ITEM [here]", "the item in hand goes into ITEM, or ITEM into it", _merge),
    Typed("y", "unmerge", "ITEM", "take back that ITEM was merged", _unmerge),
    Typed("/", "split", "NUMBER", "from that message on it is another matter", _split),
    Typed("!", "flag", "TEXT", "tell supervisors that the resident abuses the chat", _flag),
    Typed("v", "block", "[HOURS] WHY", "they write no more by chat; for supervisors", _block),
    Typed(
        "^",
        "prioritise",
        "ITEM SECONDS",
        "rank it earlier, or -60 later; for supervisors",
        _prioritise,
    ),
    Typed(">", "assign", "ITEM AGENT", "also beyond what they may hold; for supervisors", _assign),
    Typed(
        "x",
        "undo-rule",
        "[why]",
        "the mail rule was wrong",
        lambda s, why: w.UndoRule(item=s.item(), reason=why),
    ),
    Typed("c", "close", "[CODE]", "done with the item", _close),
    Typed("i", "items", "[ITEM]", "show what is in hand; choose one", _pick),
    Typed("s", "status", "available", "or away REASON, offline", _status),
    Typed("b", "break", "REASON [after]", "away now, or after this item", _break),
    Typed("e", "end", "", "end of shift; leaves when nothing is in hand", lambda *_: m.SignOut()),
    Typed("q", "quit", "", "sign out and leave now", lambda *_: m.SignOut()),
    Typed("?", "help", "", "this list", lambda *_: None),
)
_BY_NAME: Final = {name: typed for typed in TYPED for name in (typed.letter, typed.word)}
_SHORT: Final = {"available": "status available"}


def understood(line: str) -> tuple[Typed, str]:
    """Return the command and what was given with it. Errors: `Unclear`."""
    name, _, rest = _SHORT.get(line, line).partition(" ")
    typed = _BY_NAME.get(name.lower())
    if typed is None:
        raise Unclear(f"{name!r} is no command; ? shows them all")
    return typed, rest.strip()
