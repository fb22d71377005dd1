"""The mail channel's outlet: gathers what a letter is made of, composes it, hands it on.

Worst repeat: the same mail twice under one Message-ID. Nothing is sent while no server is
configured: the effect waits and is tried again.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import Final, Protocol

import msgspec
import structlog

from channels.mail.arriving import loop_mark
from channels.mail.composing import InvalidLetter, compose, written_address
from channels.mail.letters import Material, letter_of
from channels.mail.message import Address, Attachment
from channels.moments import iso
from router.core.announced import Announced, announced
from router.core.effects import Effect, SendMail
from router.core.model import AgentId, Instant
from router.core.policy import Policy
from router.core.policy_text import Mailbox, MailPolicy
from router.core.records import Conversation, Item
from router.core.transcript import AGENT, SAID
from router.errors import ChannelError
from router.ports import Blobs, Clock, Contact, Inbox, Said, Words, contact_in, said_in

FindWords = Callable[[list[str]], Awaitable[dict[str, Words]]]
SENT_WITH_FILES: Final = frozenset({"reply", "forward"})
ADDRESS: Final = re.compile(r"[^\s<>]+@[^\s<>]+")

log: Final = structlog.get_logger(__name__)


class Sender(Protocol):
    """Who hands a mail to the next server."""

    async def send(self, raw: bytes, mail_from: str, rcpt_to: tuple[str, ...]) -> None:
        """Send it. Errors: `ChannelError` with `retryable`."""
        ...


class _View(msgspec.Struct, frozen=True):
    policy: Policy
    conversation: Conversation | None
    item: Item | None
    announced: tuple[Announced, ...]


class MailOutlet:
    """An `Outlet` for `SendMail`. `sender` None: the town has no server to send by."""

    def __init__(
        self,
        inbox: Inbox,
        clock: Clock,
        blobs: Blobs,
        words: FindWords,
        sender: Sender | None,
        secret: bytes,
    ) -> None:
        self._inbox = inbox
        self._clock = clock
        self._blobs = blobs
        self._words = words
        self._sender = sender
        self._secret = secret

    async def perform(self, effect: Effect) -> str:
        """Send the mail. Errors: `ChannelError`."""
        if not isinstance(effect, SendMail):
            name = type(effect).__name__
            raise ChannelError(f"mail does not do {name}", retryable=False, reason="not-mail")
        if self._sender is None:
            raise ChannelError(
                "no mail server to send by: set TOWNLINE_MAIL__SMTP_URL",
                retryable=True,
                reason="no-server",
            )
        material = await self._gather(effect)
        try:
            letter = letter_of(material)
            raw = compose(letter, loop_mark=loop_mark(self._secret))
            to = written_address(material.to.address)
        except InvalidLetter as error:
            raise _without_addresses(str(error), "not-sendable") from error
        # a machine's answer must not be answered by a machine: RFC 3834, 3.3
        mail_from = "" if letter.is_automatic else material.answered_at
        try:
            await self._sender.send(raw, mail_from, (to,))
        except ChannelError as error:
            raise _without_addresses(str(error), error.reason, retryable=error.retryable) from error
        log.info("mail_sent", item=effect.item_id, what=effect.what)
        return ""

    async def _gather(self, effect: SendMail) -> Material:
        view = await self._inbox.read(
            lambda state: _View(
                state.policy,
                state.conversations.get(effect.conversation),
                state.items.get(effect.item_id),
                announced(state, self._clock.now()),
            )
        )
        conversation, item, rules = view.conversation, view.item, view.policy.mail
        if conversation is None or item is None or rules is None:
            raise ChannelError(
                f"conversation {effect.conversation!r} is gone", retryable=False, reason="gone"
            )
        refs = [m.ref for m in conversation.messages]
        found = await self._words([*refs, effect.words_ref, effect.contact_ref])
        read = {ref: said_in(words) for ref, words in found.items()}
        said = {ref: words for ref, words in read.items() if words is not None}
        to = self._to(effect, view.policy, found)
        written_at = _written_at(conversation, effect, self._clock.now())
        return Material(
            effect=effect,
            policy=view.policy,
            rules=rules,
            box=_box_of(rules, conversation),
            conversation=conversation,
            item=item,
            said=said,
            to=to,
            agent=_agent_of(view.policy, conversation, effect.number),
            secret=self._secret,
            zone=view.policy.time_zone,
            now=written_at,
            at=iso(written_at, view.policy.time_zone, to="seconds"),
            files=await self._files(effect, conversation, said, rules),
            announced=view.announced,
        )

    def _to(self, effect: SendMail, policy: Policy, found: dict[str, Words]) -> Address:
        if effect.contact:
            contact = policy.contacts.get(effect.contact)
            if contact is None or not contact.email:
                raise ChannelError(
                    f"contact {effect.contact!r} has no mail address",
                    retryable=False,
                    reason="no-address",
                )
            return Address(contact.email, contact.name)
        who = contact_in(found.get(effect.contact_ref)) or Contact()
        if not who.email:
            raise ChannelError("no address to write to", retryable=False, reason="no-address")
        return Address(who.email, who.name)

    async def _files(
        self,
        effect: SendMail,
        conversation: Conversation,
        said: dict[str, Said],
        rules: MailPolicy,
    ) -> tuple[Attachment, ...]:
        if effect.what not in SENT_WITH_FILES:
            return ()
        refs = [effect.words_ref]
        if effect.what == "forward":
            before = (m for m in conversation.messages if m.number < effect.number)
            refs += [m.ref for m in before if m.kind in SAID]
        wanted = [f for ref in dict.fromkeys(refs) if ref in said for f in said[ref].files]
        files: list[Attachment] = []
        for file in wanted:
            if sum(len(f.body) for f in files) + file.size > rules.attachment_bytes_max:
                break  # the desk refuses more for a reply; a forward says what it has
            body = await self._blobs.get(file.blob)
            if body is not None:
                files.append(Attachment(name=file.name, kind=file.kind, body=body))
        return tuple(files)


def _written_at(conversation: Conversation, effect: SendMail, now: Instant) -> Instant:
    """Return when the message was written: the same however often it is sent."""
    return next((m.at for m in conversation.messages if m.number == effect.number), now)


def _without_addresses(text: str, reason: str, *, retryable: bool = False) -> ChannelError:
    """Return the failure as it may be logged: mail servers repeat the resident's address."""
    return ChannelError(ADDRESS.sub("(address)", text), retryable=retryable, reason=reason)


def _box_of(rules: MailPolicy, conversation: Conversation) -> Mailbox:
    """Return the mailbox of the conversation; the first for chats and forms."""
    box = rules.mailboxes.get(conversation.door)
    return box if box is not None else rules.first


def _agent_of(policy: Policy, conversation: Conversation, number: int) -> str:
    by = next((m.by for m in conversation.messages if m.number == number), "")
    rule = policy.agents.get(AgentId(by.removeprefix(AGENT))) if by.startswith(AGENT) else None
    return rule.name if rule is not None else ""
