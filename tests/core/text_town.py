"""The small town with mailboxes and a chat door, and residents who write."""

from __future__ import annotations

from router.core import commands_text as t
from router.core import events as e
from router.core import policy as p
from router.core.effects import SendMail
from router.core.model import (
    DAY,
    HOUR,
    MINUTE,
    SECOND,
    AgentId,
    Condition,
    ItemId,
    MessageKind,
    QueueId,
    Tempo,
)
from router.core.policy_text import (
    ChatDoor,
    ChatPolicy,
    Mailbox,
    MailPolicy,
    MailRule,
)
from router.core.records import Item
from tests.core.town import PLACE, Desk, both, queue, rule, town


def mail_rule(name: str, action: str = "route", **changes: object) -> MailRule:
    fields: dict[str, object] = {
        "id": name,
        "mailboxes": frozenset(),
        "senders": (),
        "recipients": (),
        "subject_words": (),
        "words": ("word",),
        "attachment": None,
        "attachment_kinds": (),
        "size_min": 0,
        "authentication": "",
        "action": action,
        "queue": None,
        "subject": "",
        "requires": "",
        "head_start": 0,
        "urgent": False,
        "text": {},
        "file": "mail.yaml",
        "line": 7,
    }
    return MailRule(**{**fields, **changes})  # type: ignore[arg-type]


def mail_policy(**changes: object) -> MailPolicy:
    fields: dict[str, object] = {
        "mailboxes": {
            "info": Mailbox(
                id="info",
                address="info@town.test",
                aliases=("hello@town.test",),
                name=both("Town"),
                queue=QueueId("general"),
                subject="",
                acknowledge=True,
                file="mail.yaml",
                line=2,
            )
        },
        "rules": (
            mail_rule("parking", "refuse", text=both("phone us")),
            mail_rule("spam", "set_aside"),
            mail_rule("stop_sign", queue=QueueId("roads"), subject="road_hazard", urgent=True),
            mail_rule("done", "close", queue=QueueId("roads"), subject="noise", code="answered"),
            mail_rule("quiet", acknowledge=False),
        ),
        "acknowledgement": both("{reference} {due}, 911"),
        "signature": both("{agent}"),
        "page": both("{reference}"),
        "authserv_ids": (),
        "answers_per_day_max": 2,
        "per_hour_max": 10,
        "reopen_within": 14 * DAY,
        "to_owner_for": 4 * HOUR,
        "waiting_max": 10 * DAY,
        "waiting_then": "close",
        "attachment_bytes_max": 10_000_000,
        "attachment_kinds": ("image/*",),
    }
    return MailPolicy(**{**fields, **changes})  # type: ignore[arg-type]


def chat_policy(**changes: object) -> ChatPolicy:
    fields: dict[str, object] = {
        "doors": {
            "site": ChatDoor(
                id="site",
                queue=QueueId("general"),
                subject="",
                origins=(),
                file="chat.yaml",
                line=2,
            )
        },
        "greeting": both("Hello"),
        "closed": both("Closed until {opens}"),
        "safety": both("In danger? Dial 911"),
        "answer_within": MINUTE,
        "dormant_after": 5 * MINUTE,
        "dormant_max": 2 * HOUR,
        "to_owner_for": HOUR,
        "mail_after": 10 * MINUTE,
        "message_max": 4000,
        "per_minute_max": 20,
        "conversations_per_hour_max": 20,
        "upload_bytes_max": 0,
        "upload_kinds": (),
    }
    return ChatPolicy(**{**fields, **changes})  # type: ignore[arg-type]


def writing_town(**changes: object) -> p.Policy:
    """The town of `tests.core.town` with mail and chat, and paging by mail at night."""
    base = town()
    timeout = {Tempo.LIVE: 20 * SECOND, Tempo.FAST_TEXT: 30 * SECOND, Tempo.SLOW_TEXT: 120 * SECOND}
    capacities = {
        "standard": p.Capacity(
            id="standard",
            units={Tempo.LIVE: 1, Tempo.FAST_TEXT: 2, Tempo.SLOW_TEXT: 2},
            exclusive=frozenset({Tempo.LIVE}),
            blocked_by={},
        )
    }
    night = p.Fallback(
        id="night",
        rules=(
            rule(
                "tell_on_call",
                "page",
                when_subject=frozenset({"road_hazard"}),
                targets=("on_call",),
                every=5 * MINUTE,
                urgent=True,
            ),
            rule("keep", "defer"),
        ),
    )
    contacts = {
        name: p.OutsideContact(
            id=name,
            name=name.title(),
            number=contact.number,
            ring_timeout=contact.ring_timeout,
            email=f"{name}@ops.test",
        )
        for name, contact in base.contacts.items()
    }
    fields: dict[str, object] = {
        "queues": {
            QueueId(name): queue(name, requires, offer_timeout=timeout)
            for name, requires in (("general", "$language"), ("roads", "$language"))
        },
        "capacities": base.capacities | capacities,
        "fallbacks": base.fallbacks | {"night": night},
        "contacts": contacts,
        "mail": mail_policy(),
        "chat": chat_policy(),
        **changes,
    }
    return town(**fields)


class TextDesk(Desk):
    """A `Desk` whose residents write."""

    def mail(self, name: str, sender: str = "sam", **changes: object) -> ItemId:
        """Write to the town; the item is called like the mail."""
        fields: dict[str, object] = {
            "item_id": ItemId(name),
            "conversation": f"v-{name}",
            "key": f"mail:{name}",
            "mailbox": "info",
            "address_key": sender,
            "contact_ref": f"c-{sender}",
            "words_ref": f"w-{name}",
            "language": "en",
        }
        self.do(t.ReceiveMail(**{**fields, **changes}))  # type: ignore[arg-type]
        return ItemId(name)

    def chat(self, name: str, conversation: str = "v", text: str = "1") -> ItemId:
        """Say something in a chat; a new item would be called `name`."""
        self.do(
            t.ReceiveChat(
                item_id=ItemId(name),
                conversation=conversation,
                key=f"chat:{conversation}:{text}",
                door="site",
                address_key=f"k-{conversation}",
                contact_ref="",
                words_ref=f"w-{conversation}-{text}",
                language="en",
            )
        )
        return ItemId(name)

    def reply(self, item: ItemId, agent: str, key: str = "r1", **changes: object) -> None:
        """The agent answers."""
        fields: dict[str, object] = {
            "item_id": item,
            "agent_id": AgentId(agent),
            "key": key,
            "words_ref": f"w-{key}",
        }
        self.do(t.SendReply(**{**fields, **changes}))  # type: ignore[arg-type]

    def item(self, item_id: str) -> Item:
        row: Item = self.state.items[ItemId(item_id)]
        return row

    def sent(self, what: str = "") -> list[str]:
        """Return what went out by mail, as "what item number"."""
        return [
            f"{ev.effect.what} {ev.effect.item_id} {ev.effect.number}"
            for ev in self.story
            if isinstance(ev, e.EffectWanted)
            and isinstance(ev.effect, SendMail)
            and what in ("", ev.effect.what)
        ]

    def written(self, conversation: str) -> list[tuple[str, MessageKind]]:
        """Return who wrote in a conversation, in order."""
        return [(m.by, m.kind) for m in self.state.conversations[conversation].messages]


__all__ = ["PLACE", "Condition", "TextDesk", "chat_policy", "mail_policy", "writing_town"]
