"""A small town, compiled by hand, and a driver that applies what the engine decides."""

from __future__ import annotations

from router.core import commands as c
from router.core import events as e
from router.core import policy as p
from router.core.engine import Engine
from router.core.flows.texts import REQUIRED_TEXTS
from router.core.hours import Hours, Range
from router.core.model import (
    DAY,
    HOUR,
    MINUTE,
    SECOND,
    AgentId,
    AgentStatus,
    Condition,
    FlowId,
    Instant,
    ItemId,
    ListenMode,
    PolicyHash,
    QueueId,
    Tempo,
)
from router.core.policy_listening import ListeningRule
from router.core.policy_on_call import OnCallList, OnCallShift

# Monday 2026-11-23 10:00 in Toronto
OPEN: Instant = 1_795_446_000 * SECOND
# Saturday 2026-11-28 19:40 in Toronto
NIGHT: Instant = OPEN + 5 * DAY + 9 * HOUR + 40 * MINUTE
PLACE = p.Place(file="t.yaml", line=1)
NO_PROMPT = p.Prompt(text={}, audio={})


def both(text: str) -> dict[str, str]:
    return {"en": text, "fr": f"{text} (fr)"}


def said(text: str) -> p.Prompt:
    return p.Prompt(text=both(text), audio={})


def queue(name: str, requires: str, **changes: object) -> p.Queue:
    fields: dict[str, object] = {
        "id": QueueId(name),
        "name": both(name),
        "hours": "office",
        "requires": requires,
        "steps": (),
        "target_share": 0.7,
        "target_span": 30 * SECOND,
        "first_response": "2 business days",
        "first_response_span": 0,
        "first_response_days": 2,
        "first_response_business": True,
        "head_start": 0,
        "offer_timeout": {Tempo.LIVE: 20 * SECOND, Tempo.SLOW_TEXT: 120 * SECOND},
        "wrap_up": 30 * SECOND,
        "wrap_up_required": False,
        "wait_max": 0,
        "length_max": 0,
        "fates": {Condition.CLOSED: "night", Condition.EMERGENCY: "night"},
        "announcements": p.Announcements(
            first_after=5 * SECOND,
            every=30 * SECOND,
            say_place=True,
            say_wait=True,
            texts={},
            music="",
        ),
        "callback": p.CallbackRule(
            offer_after=20 * SECOND,
            attempts_max=2,
            retry_after=5 * MINUTE,
            expires_after=2 * DAY,
            hours="office",
            ring_timeout=25 * SECOND,
        ),
        "place": PLACE,
    }
    return p.Queue(**{**fields, **changes})  # type: ignore[arg-type]


def agent(name: str, skills: dict[str, int], capacity: str = "standard") -> p.AgentRule:
    return p.AgentRule(
        id=AgentId(name),
        name=name.title(),
        skills=skills,
        capacity=capacity,
        leg=f"client:{name}",
        team="",
    )


def rule(name: str, action: str, **changes: object) -> p.FallbackRule:
    fields: dict[str, object] = {
        "id": name,
        "when_subject": frozenset(),
        "when_channel": frozenset(),
        "when_condition": frozenset(),
        "when_hours": "",
        "action": action,
        "text": both(name),
        "queue": None,
        "targets": (),
        "chain": "",
        "urgent": False,
        "place": PLACE,
    }
    return p.FallbackRule(**{**fields, **changes})  # type: ignore[arg-type]


def main_flow() -> p.Flow:
    choice = p.Choice
    nodes = [
        p.Node(
            id="safety", kind="say", place=PLACE, prompt=said("In danger? Dial 911"), next="lang"
        ),
        p.Node(
            id="lang",
            kind="menu",
            place=PLACE,
            prompt=said("1 English, 2 French"),
            choices={
                "1": choice(next="subject", values=p.Values(language="en")),
                "2": choice(next="subject", values=p.Values(language="fr")),
            },
            otherwise="subject",
            timeout=6 * SECOND,
            tries=2,
        ),
        p.Node(
            id="subject",
            kind="menu",
            place=PLACE,
            prompt=said("1 roads, 2 tax, 9 urgent"),
            choices={
                "1": choice(next="roads", values=p.Values(subject="pothole")),
                "2": choice(next="general", values=p.Values(subject="tax")),
                "9": choice(next="roads", values=p.Values(subject="road_hazard")),
            },
            otherwise="general",
            timeout=6 * SECOND,
            tries=2,
        ),
        p.Node(id="roads", kind="queue", place=PLACE, queue=QueueId("roads")),
        p.Node(id="general", kind="queue", place=PLACE, queue=QueueId("general")),
    ]
    return p.Flow(
        id=FlowId("main"),
        start="safety",
        nodes={n.id: n for n in nodes},
        safety_node="safety",
        place=PLACE,
    )


def town(**changes: object) -> p.Policy:
    week = (Range(480, 1080),)
    steps = (
        p.Step(after=60 * SECOND, requires="roads", place=PLACE),
        p.Step(after=120 * SECOND, requires="roads or general", place=PLACE),
    )
    agents = [
        agent("amina", {"general": 5, "english": 9, "french": 8}),
        agent("boris", {"general": 5, "english": 9}),
        agent("chloe", {"roads": 7, "general": 3, "english": 8, "french": 9}),
    ]
    fields: dict[str, object] = {
        "town": "testville",
        "name": both("Testville"),
        "time_zone": "America/Toronto",
        "languages": (
            p.Language(id="en", skill="english", locale="en-CA", voice="", name="English"),
            p.Language(id="fr", skill="french", locale="fr-CA", voice="", name="Français"),
        ),
        "subjects": {s: both(s) for s in ("pothole", "tax", "road_hazard", "noise")},
        "skills": {
            s: p.Skill(id=s, name=both(s)) for s in ("general", "roads", "english", "french")
        },
        "capacities": {
            "standard": p.Capacity(
                id="standard",
                units={Tempo.LIVE: 1, Tempo.FAST_TEXT: 2, Tempo.SLOW_TEXT: 2},
                exclusive=frozenset({Tempo.LIVE}),
                blocked_by={},
            )
        },
        "agents": {a.id: a for a in agents},
        "away_reasons": {"break": both("break")},
        "wrap_up_codes": {"answered": both("answered"), "referred": both("referred")},
        "hours": {
            "office": Hours(
                id="office",
                time_zone="America/Toronto",
                weekly=(week, week, week, week, week, (Range(540, 780),), ()),
                holidays={"2026-12-25": "Christmas Day"},
                overrides=(),
            )
        },
        "queues": {
            q.id: q
            for q in (
                queue("general", "general and $language"),
                queue("roads", "roads >= 5 and $language", steps=steps),
            )
        },
        "fallbacks": {
            "night": p.Fallback(
                id="night",
                rules=(
                    rule(
                        "urgent",
                        "transfer",
                        when_subject=frozenset({"road_hazard"}),
                        targets=("security", "on_call"),
                    ),
                    rule("others", "defer"),
                ),
            ),
            "nobody": p.Fallback(id="nobody", rules=(rule("leave_message", "voicemail"),)),
        },
        "contacts": {
            name: p.OutsideContact(id=name, name=name, number=number, ring_timeout=20 * SECOND)
            for name, number in (
                ("security", "+19055550150"),
                ("officer", "+19055550151"),
                ("deputy", "+19055550152"),
            )
        },
        "on_call": {
            "on_call": OnCallList(
                id="on_call",
                time_zone="America/Toronto",
                shifts=(
                    OnCallShift(
                        first="2026-11-28", last="2026-11-28", contacts=("deputy", "officer")
                    ),
                ),
                otherwise=("officer",),
            )
        },
        "numbers": {"+19055550100": FlowId("main"), "*": FlowId("main")},
        "flows": {FlowId("main"): main_flow()},
        "front_messages": (),
        "forms": {
            "report": p.FormRule(
                id="report",
                title=both("Report"),
                intro=both("Tell us"),
                queue=QueueId("roads"),
                subject="pothole",
                subject_field="",
                head_start=0,
                requires="",
                fields=(),
                thanks=both("Thanks {reference}"),
                per_hour_max=10,
                size_max=10_000,
                place=PLACE,
            )
        },
        "dialling": p.Dialling(
            allowed=("+1905", "client:"),
            refused=(),
            per_number_day_max=5,
            per_day_max=100,
            caller_number="+19055550100",
        ),
        "offers": p.OfferRule(
            pass_over={
                "declined": 60 * SECOND,
                "missed": 60 * SECOND,
                "skipped": 30 * SECOND,
                "busy": 45 * SECOND,
                "unreachable": 15 * SECOND,
            },
            missed_max=2,
            lease=30 * SECOND,
        ),
        "retention": p.Retention(closed_in_core=2 * DAY, dedupe_text=7 * DAY, redial=5 * MINUTE),
        "texts": {key: both(key) for key in REQUIRED_TEXTS},
        "compiled_with": {},
        "listening": ListeningRule(tuple(ListenMode)),
    }
    return p.Policy(**{**fields, **changes})  # type: ignore[arg-type]


class Desk:
    """Drives an engine: commands in, events remembered, time moved by hand."""

    def __init__(self, policy: p.Policy | None = None, now: Instant = OPEN) -> None:
        self.engine = Engine()
        self.now = now
        self.story: list[e.AnyEvent] = []
        self.policy = policy if policy is not None else town()
        self.adopt(self.policy)

    @property
    def state(self):  # type: ignore[no-untyped-def]
        return self.engine.state

    def adopt(self, policy: p.Policy) -> None:
        digest = p.policy_hash(p.encode(policy))
        self.engine.state.policies[digest] = policy
        self.do(c.AdoptPolicy(policy_hash=PolicyHash(digest)))

    def do(self, command: c.Command) -> list[e.AnyEvent]:
        events = self.engine.run(command, self.now)
        self.story.extend(events)
        return events

    def wait(self, span: int) -> list[e.AnyEvent]:
        """Let time pass, waking whenever the engine asks for it."""
        end = self.now + span
        events: list[e.AnyEvent] = []
        while (due := self.engine.next_wakeup()) is not None and due <= end:
            self.now = max(self.now, due)
            events += self.do(c.PassTime())
        self.now = end
        return events

    def sign_in(self, *names: str) -> None:
        for name in names:
            self.do(c.SignIn(agent_id=AgentId(name), desk=f"desk-{name}"))
            self.do(c.SetStatus(agent_id=AgentId(name), status=AgentStatus.AVAILABLE))

    def keep_alive(self, span: int) -> None:
        """Let time pass while every desk proves that it is alive."""
        end = self.now + span
        while self.now < end:
            self.wait(min(10 * SECOND, end - self.now))
            self.do(
                c.RenewLeases(
                    desks=tuple((a.id, a.desk) for a in self.engine.state.agents.values())
                )
            )

    def call(self, name: str, *keys: str, caller: str = "caller") -> ItemId:
        """Phone the town and press keys."""
        item_id = ItemId(name)
        self.do(
            c.StartCall(
                item_id=item_id,
                key=f"call:{name}",
                call_id=f"CA{name}",
                called="+19055550100",
                address_key=caller,
                contact_ref=f"w_{caller}",
            )
        )
        for key in keys:
            position = self.engine.state.items[item_id].flow
            assert position is not None
            self.do(c.AdvanceFlow(item_id=item_id, step=position.step, digits=key))
        return item_id

    def form(self, name: str) -> ItemId:
        item_id = ItemId(name)
        self.do(
            c.SubmitForm(
                item_id=item_id,
                key=f"form:{name}",
                form="report",
                subject="pothole",
                address_key=f"k-{name}",
                contact_ref=f"c-{name}",
                words_ref=f"w-{name}",
                language="en",
            )
        )
        return item_id

    def answer(self, name: str) -> ItemId:
        """The agent accepts the open offer, their telephone rings and is picked up."""
        agent = self.engine.state.agents[AgentId(name)]
        assert agent.offer is not None, f"{name} has no offer"
        item_id = self.engine.state.offers[agent.offer].item
        self.do(c.AcceptOffer(offer_id=agent.offer, agent_id=AgentId(name)))
        from router.core.model import LegResult

        if self.engine.state.items[item_id].tempo is Tempo.LIVE:
            self.do(
                c.ReportLeg(
                    item_id=item_id, leg="agent", call_id=f"leg-{name}", result=LegResult.ANSWERED
                )
            )
        return item_id
