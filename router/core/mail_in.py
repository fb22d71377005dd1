"""Mail coming in: a new item, a word more in a conversation, or nothing that anybody must do.

Which rule of the policy a mail meets is found by the channel, because rules look at residents'
words; what the rule does is decided here. Only the same sender joins a conversation by a token or
a reference; anybody else gets an item of their own that is linked.
"""

from __future__ import annotations

from collections.abc import Iterator

from router.core import commands_text as c
from router.core import events as e
from router.core.auto_answers import answer_by_itself, may_answer, told_by
from router.core.callbacks import closed
from router.core.mail_rules import close_at_once, has_become_urgent, shape
from router.core.model import (
    ENDED,
    AgentId,
    Channel,
    Instant,
    ItemId,
    ItemState,
    MessageKind,
)
from router.core.paging import PAGE, nobody_answered, took
from router.core.policy_text import Mailbox, MailPolicy, MailRule
from router.core.records import Conversation, Item, Message
from router.core.state import State
from router.core.threads import (
    begin_item,
    enter_for_owner,
    kept,
    mail_policy,
    reopened,
    work_on,
    wrote_again,
)
from router.core.transcript import AGENT, BY_MAIL, RESIDENT, TOWN, added
from router.errors import UnknownTarget

Events = Iterator[e.Event]

_JOINABLE = frozenset({ItemState.CLOSED, ItemState.ABANDONED, ItemState.DIVERTED})


def mailbox_of(mail: MailPolicy, mailbox: str) -> Mailbox:
    """Return the mailbox. Raises UnknownTarget."""
    box = mail.mailboxes.get(mailbox)
    if box is None:
        raise UnknownTarget(f"no mailbox {mailbox!r}; mailboxes are {', '.join(mail.mailboxes)}")
    return box


def receive_mail(s: State, now: Instant, c_: c.ReceiveMail) -> Events:
    """A person has written."""
    if c_.key in s.keys:
        return
    mail = mail_policy(s)
    box = mailbox_of(mail, c_.mailbox)
    threads = c_.threads if c_.past is None else (*c_.threads, c_.past.conversation)
    conversation = _thread(s, threads, c_.known)
    rule = mail.rule(c_.rule)
    is_believed = rule is None or rule.action != "set_aside"
    if conversation is not None and is_believed:
        if conversation.address_key == c_.address_key != "":
            yield from _resident_wrote(s, now, c_, conversation, mail, box)
            return
        work = work_on(s, conversation)
        if c_.contact and work is not None:
            yield from _contact_wrote(s, now, c_, conversation, work)
            return
    yield from _new_item(s, now, c_, mail, box, conversation)


def _thread(s: State, threads: tuple[str, ...], known: tuple[str, ...]) -> Conversation | None:
    """Return the conversation that a mail names, by our tokens first, then by what it answers."""
    for thread in threads:
        if (row := s.conversations.get(thread)) is not None:
            return row
    for key in known:
        kept_key = s.keys.get(key)
        item = s.items.get(kept_key.item) if kept_key is not None else None
        if item is not None and item.text is not None:
            row = s.conversations.get(item.text.conversation)
            if row is not None:
                return row
    return None


def _keys(s: State, now: Instant, c_: c.ReceiveMail, item_id: ItemId) -> Events:
    """Remember the mail, so that a copy is nothing new, and its id, so that answers find it."""
    yield kept(s, now, c_.key, item_id)
    if c_.message_key and c_.message_key not in s.keys:
        yield kept(s, now, c_.message_key, item_id)


def _contact_wrote(
    s: State, now: Instant, c_: c.ReceiveMail, conversation: Conversation, item: Item
) -> Events:
    """A department answers what was forwarded, or somebody on call takes a page."""
    yield from _keys(s, now, c_, item.id)
    yield added(
        s,
        now,
        conversation.id,
        item.id,
        by=f"contact:{c_.contact}",
        ref=c_.words_ref,
        kind=MessageKind.FORWARD,
    )
    yield from took(s, now, item, c_.contact)
    why = f"{c_.contact} answered"
    if item.state in _JOINABLE:
        yield from reopened(s, now, item, c_.contact, why)
    elif item.state not in ENDED:
        yield from wrote_again(s, now, item, why)


def _resident_wrote(
    s: State,
    now: Instant,
    c_: c.ReceiveMail,
    conversation: Conversation,
    mail: MailPolicy,
    box: Mailbox,
) -> Events:
    item = work_on(s, conversation)
    long_ago = (
        item is None
        or item.text is None
        or (item.state in _JOINABLE and now - (item.ended_at or now) > mail.reopen_within)
    )
    if item is None or long_ago:
        yield from _new_item(s, now, c_, mail, box, conversation, joins=True)
        return
    yield from _keys(s, now, c_, item.id)
    note = _note(conversation)
    yield added(s, now, conversation.id, item.id, by=RESIDENT, ref=c_.words_ref, note=note)
    item = s.items[item.id]
    if item.state in _JOINABLE:
        yield from reopened(s, now, item, RESIDENT, "the resident wrote again")
    elif item.state not in ENDED:
        yield from wrote_again(s, now, item, "the resident answered")
    rule = mail.rule(c_.rule)
    yield from has_become_urgent(s, now, s.items[item.id], rule)


def _note(conversation: Conversation) -> str:
    return BY_MAIL if conversation.channel is Channel.CHAT else ""


def _new_item(
    s: State,
    now: Instant,
    c_: c.ReceiveMail,
    mail: MailPolicy,
    box: Mailbox,
    other: Conversation | None,
    *,
    joins: bool = False,
) -> Events:
    """Open an item; `other` is a conversation it is linked to, or (joins) goes on in."""
    rule = mail.rule(c_.rule)
    past = c_.past if c_.past is not None and c_.past.address_key == c_.address_key else None
    conversation, count = c_.conversation, 0
    if joins and other is not None:
        conversation = other.id
    elif past is not None:
        conversation, count = past.conversation, past.count
    yield from begin_item(
        s,
        now,
        item_id=c_.item_id,
        channel=Channel.MAIL,
        door=box.id,
        conversation=conversation,
        address_key=c_.address_key,
        contact_ref=c_.contact_ref,
        words_ref=c_.words_ref,
        language=c_.language,
        subject=box.subject,
        count=count,
    )
    yield from _keys(s, now, c_, c_.item_id)
    note = _note(s.conversations[conversation])
    yield added(s, now, conversation, c_.item_id, by=RESIDENT, ref=c_.words_ref, note=note)
    owner = past.owner if past is not None else _owner_of(s, other) if joins else None
    if owner is not None:
        yield e.OwnerNoted(at=now, item=c_.item_id, owner=owner)
    linked = _linked(c_, other, joins=joins)
    if linked is not None:
        yield e.ItemLinked(at=now, item=c_.item_id, to=linked[0], why=linked[1])
    if rule is not None:
        yield from shape(s, now, c_.item_id, rule)
    yield from _place(s, now, c_, box, rule, mail)


def _linked(
    c_: c.ReceiveMail, other: Conversation | None, *, joins: bool
) -> tuple[ItemId, str] | None:
    if other is not None and other.item is not None:
        if joins:
            return other.item, "answers what was closed long ago"
        same = other.address_key == c_.address_key != ""
        return other.item, "set aside by a rule" if same else "another address"
    if c_.past is not None:
        same = c_.past.address_key == c_.address_key
        return c_.past.item, "answers what was closed long ago" if same else "another address"
    return None


def _owner_of(s: State, conversation: Conversation | None) -> AgentId | None:
    item = work_on(s, conversation) if conversation is not None else None
    return item.text.owner if item is not None and item.text is not None else None


def _place(
    s: State,
    now: Instant,
    c_: c.ReceiveMail,
    box: Mailbox,
    rule: MailRule | None,
    mail: MailPolicy,
) -> Events:
    item_id = c_.item_id
    action = rule.action if rule is not None else "route"
    if rule is not None and action == "close":  # burdens nobody, however many they are
        yield from close_at_once(s, now, item_id, rule.queue or box.queue, rule)
    elif c_.spent:
        yield e.ItemShunted(at=now, item=item_id, reason="too many mails from this sender")
    elif action == "set_aside" and rule is not None:
        yield e.ItemShunted(at=now, item=item_id, reason=f"mail rule {rule.id}")
    elif action == "refuse" and rule is not None:
        if may_answer(s, now, mail, box.id, c_.address_key):
            yield from answer_by_itself(s, now, item_id, box.id, "refusal", rule.id)
        yield closed(s, now, item_id, "refused")
    else:
        queue = rule.queue if rule is not None and rule.queue is not None else box.queue
        why = f"mailbox {box.id}" if rule is None else f"mail rule {rule.id}"
        told: list[str] = []
        for event in enter_for_owner(s, now, item_id, queue, f"{why} goes to queue {queue}"):
            told += told_by(s, event)
            yield event
        wanted = box.acknowledge and (rule is None or rule.acknowledge)
        if wanted and may_answer(s, now, mail, box.id, c_.address_key):
            rules = ",".join(told)
            yield from answer_by_itself(s, now, item_id, box.id, "acknowledgement", rules)


# --- machines' mail, and what could not be understood --------------------------------------------


def keep_mail(s: State, now: Instant, c_: c.KeepMail) -> Events:
    """A machine has written: a bounce of ours goes back to its agent, the rest is only kept."""
    if c_.key in s.keys:
        return
    conversation = _thread(s, c_.threads, ())
    item = work_on(s, conversation) if conversation is not None else None
    yield e.MailKept(
        at=now,
        conversation=conversation.id if conversation is not None else "",
        item=item.id if item is not None else None,
        kind=c_.kind,
        why=c_.why,
        ref=c_.words_ref,
        contact_ref=c_.contact_ref,
    )
    yield kept(s, now, c_.key, item.id if item is not None else ItemId(""))
    if conversation is None or item is None:
        return
    yield added(
        s,
        now,
        conversation.id,
        item.id,
        by=TOWN,
        ref=c_.words_ref,
        kind=MessageKind.MACHINE,
        note=c_.kind,
    )
    if c_.failed:
        yield from undelivered(s, now, conversation.id, c_.number, c_.kind)


def undelivered(s: State, now: Instant, conversation_id: str, number: int, why: str) -> Events:
    """A message of ours did not arrive: what a person wrote goes back to that person.

    `number` 0: the notice does not say which; then it was the last that a person wrote, since
    automatic answers have no sender to whom a notice could go.
    """
    conversation = s.conversations.get(conversation_id)
    item = work_on(s, conversation) if conversation is not None else None
    if conversation is None or item is None:
        return
    message = _returned(conversation, number)
    number = message.number if message is not None else number
    yield e.DeliveryFailed(
        at=now, conversation=conversation_id, item=item.id, number=number, why=why
    )
    if message is None:
        return
    item = s.items[item.id]
    reason = f"message {number} did not arrive: {why}"
    if message.note.startswith(PAGE):
        last = [m for m in conversation.messages if m.note.startswith(PAGE)][-1]
        if last is message and item.text is not None and item.text.page_due is not None:
            yield from nobody_answered(s, now, item)
    elif not message.by.startswith(AGENT):
        return
    elif item.state in _JOINABLE:
        yield from reopened(s, now, item, TOWN, reason)
    elif item.state not in ENDED:
        yield from wrote_again(s, now, item, reason)


def _returned(conversation: Conversation, number: int) -> Message | None:
    if number:
        return next((m for m in conversation.messages if m.number == number), None)
    sent = (m for m in reversed(conversation.messages) if m.kind is not MessageKind.NOTE)
    return next((m for m in sent if m.by.startswith(AGENT)), None)


def set_aside(s: State, now: Instant, c_: c.SetMailAside) -> Events:
    """A mail that could not be understood waits for a person."""
    if c_.key in s.keys:
        return
    yield from begin_item(
        s,
        now,
        item_id=c_.item_id,
        channel=Channel.MAIL,
        door=c_.mailbox,
        conversation=f"{c_.item_id}A",
        address_key="",
        contact_ref="",
        words_ref=c_.words_ref,
        language="",
        subject="",
    )
    yield kept(s, now, c_.key, c_.item_id)
    yield added(s, now, f"{c_.item_id}A", c_.item_id, by=RESIDENT, ref=c_.words_ref)
    yield e.ItemShunted(at=now, item=c_.item_id, reason=c_.reason)
