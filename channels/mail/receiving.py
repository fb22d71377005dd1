"""What happens to a mail that a door hands over: read, judged, kept, told to the core.

Answers `TAKEN` only once the core has stored it. What cannot be decided is set aside where a person
sees it; what cannot be stored stays with the sender. The whole mail is kept as it came.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

import msgspec
import structlog

from channels.mail.arriving import (
    Arrival,
    arrival_of,
    contact_words,
    digest_key,
    id_key,
    mailbox_for,
    said_words,
)
from channels.mail.budgets import Budgets
from channels.mail.intake import Answer, Envelope
from channels.mail.message import Kind, Mail
from channels.mail.reading import read
from channels.mail.rules import first_met
from router.core.commands import Command
from router.core.commands_text import KeepMail, PastThread, ReceiveMail, SetMailAside
from router.core.model import ItemId
from router.core.policy import Policy
from router.core.policy_text import MailPolicy
from router.core.state import State
from router.errors import CommandRefused
from router.ports import Blobs, Ids, Inbox, Said, Words

FindThread = Callable[[tuple[str, ...], tuple[str, ...]], Awaitable[PastThread | None]]
T = TypeVar("T")

LARGE: Final = 64 * 1024  # bytes from which a mail is read off the loop
KNOWN_MAX: Final = 50  # message ids looked for
EMPTY: Final = Mail("", None, None, (), (), "", "", (), (), "", "", (), (), (), is_readable=False)

log: Final = structlog.get_logger(__name__)


class Receiver:
    """An `Intake`. `past` finds conversations that the core has let go."""

    def __init__(
        self,
        inbox: Inbox,
        ids: Ids,
        blobs: Blobs,
        budgets: Budgets,
        secret: bytes,
        past: FindThread,
    ) -> None:
        self._inbox = inbox
        self._ids = ids
        self._blobs = blobs
        self._budgets = budgets
        self._secret = secret
        self._past = past

    async def __call__(self, raw: bytes, envelope: Envelope) -> Answer:
        """Take one mail. Errors: those of storage, which the door answers with "later"."""
        policy = await self._inbox.read(_policy_of)
        if policy.mail is None:
            return Answer.LATER
        rules = policy.mail
        mail, arrival = await self._understood(raw, envelope, policy, rules)
        key = arrival.key if arrival is not None else digest_key(mail, raw)
        if await self._inbox.read(lambda state: key in state.keys):
            log.info("mail_copy")  # the other mailbox had it, or somebody was not sure
            return Answer.TAKEN
        blobs = {"original": await self._blobs.put(raw)}
        if arrival is None:
            reason = "too large" if envelope.cut_from else "not readable"
            await self._set_aside(mail, raw, envelope, rules, blobs, reason)
            return Answer.TAKEN
        blobs |= await self._store_parts(mail)
        try:
            if arrival.verdict.kind is Kind.PERSON:
                await self._receive(mail, arrival, rules, blobs)
            else:
                await self._keep(mail, arrival, blobs)
        except CommandRefused as error:
            log.warning("mail_refused_by_core", code=error.code, mailbox=arrival.mailbox.id)
            await self._set_aside(mail, raw, envelope, rules, blobs, f"not placed: {error.code}")
        return Answer.TAKEN

    async def _understood(
        self, raw: bytes, envelope: Envelope, policy: Policy, rules: MailPolicy
    ) -> tuple[Mail, Arrival | None]:
        """Return the mail, and what it is; None when a person must look at it."""
        mail = EMPTY
        try:
            mail = await _aside(len(raw), lambda: read(raw))
            if not mail.is_readable or envelope.cut_from:
                return mail, None
            return mail, await _aside(
                len(raw), lambda: arrival_of(mail, raw, envelope, policy, rules, self._secret)
            )
        except Exception:  # a mistake of ours must not keep a resident's mail from people
            log.exception("mail_not_understood")
            return mail, None

    async def _store_parts(self, mail: Mail) -> dict[str, str]:
        named = {str(n): await self._blobs.put(a.body) for n, a in enumerate(mail.attachments)}
        if mail.html:
            named["html"] = await self._blobs.put(mail.html.encode("utf-8", "replace"))
        return named

    async def _receive(
        self, mail: Mail, arrival: Arrival, rules: MailPolicy, blobs: dict[str, str]
    ) -> None:
        rule = first_met(rules, arrival.facts)
        known = tuple(id_key(i) for i in arrival.thread.foreign[:KNOWN_MAX])
        words, contact = self._words(mail, arrival, blobs)
        spent = not arrival.contact and self._budgets.spent(
            arrival.mailbox.id, arrival.address_key, rules.per_hour_max
        )
        command = ReceiveMail(
            item_id=ItemId(self._ids.item_id()),
            conversation=self._ids.item_id(),
            key=arrival.key,
            mailbox=arrival.mailbox.id,
            address_key=arrival.address_key,
            contact_ref=contact.ref,
            words_ref=words.ref,
            language=arrival.language,
            rule=rule.id if rule is not None else "",
            threads=arrival.thread.conversations,
            known=known,
            message_key=arrival.message_key,
            past=await self._past_of(arrival, known),
            contact=arrival.contact,
            spent=spent,
        )
        item = await self._submit(command, (words, contact))
        log.info("mail_received", item=item, mailbox=arrival.mailbox.id, rule=command.rule)

    async def _past_of(self, arrival: Arrival, known: tuple[str, ...]) -> PastThread | None:
        """Ask history only when the mail answers something that the core does not have."""
        threads = arrival.thread.conversations
        if not threads and not known:
            return None
        if await self._inbox.read(lambda state: _has_any(state, threads, known)):
            return None
        return await self._past(threads, known)

    async def _keep(self, mail: Mail, arrival: Arrival, blobs: dict[str, str]) -> None:
        words, contact = self._words(mail, arrival, blobs)
        command = KeepMail(
            item_id=ItemId(self._ids.item_id()),
            key=arrival.key,
            mailbox=arrival.mailbox.id,
            kind=arrival.verdict.kind.value,
            why=arrival.verdict.why,
            words_ref=words.ref,
            contact_ref=contact.ref,
            threads=arrival.thread.conversations,
            number=arrival.number,
            failed=arrival.failed,
        )
        await self._submit(command, (words, contact))
        log.info("mail_kept", kind=command.kind, mailbox=command.mailbox, failed=command.failed)

    async def _set_aside(
        self,
        mail: Mail,
        raw: bytes,
        envelope: Envelope,
        rules: MailPolicy,
        blobs: dict[str, str],
        reason: str,
    ) -> None:
        box = mailbox_for(rules, [*envelope.rcpt_to, *(a.address for a in (*mail.to, *mail.cc))])
        words = Words(
            ref=self._ids.unique("w-"),
            kind="said",
            body=msgspec.json.encode(
                Said(
                    text=mail.text,
                    subject=mail.subject,
                    original=blobs["original"],
                    message_id=mail.message_id,
                    sender=mail.sender.address if mail.sender is not None else "",
                    defects=mail.defects,
                )
            ),
        )
        command = SetMailAside(
            item_id=ItemId(self._ids.item_id()),
            key=digest_key(mail, raw),
            mailbox=box.id,
            words_ref=words.ref,
            reason=reason,
        )
        item = await self._submit(command, (words,))
        log.warning("mail_set_aside", item=item, mailbox=box.id, reason=reason)

    def _words(self, mail: Mail, arrival: Arrival, blobs: dict[str, str]) -> tuple[Words, Words]:
        words = said_words(self._ids.unique("w-"), mail, arrival, blobs)
        return words, contact_words(self._ids.unique("c-"), mail, arrival)

    async def _submit(self, command: Command, words: tuple[Words, ...]) -> str:
        key: str = command.key  # type: ignore[attr-defined]
        return await self._inbox.submit(command, lambda state: _item_of(state, key), words=words)


def _policy_of(state: State) -> Policy:
    return state.policy


def _item_of(state: State, key: str) -> str:
    row = state.keys.get(key)
    return row.item if row is not None else ""


def _has_any(state: State, threads: tuple[str, ...], known: tuple[str, ...]) -> bool:
    return any(t in state.conversations for t in threads) or any(k in state.keys for k in known)


async def _aside(size: int, work: Callable[[], T]) -> T:
    """Do it off the loop when it may take long."""
    return await asyncio.to_thread(work) if size > LARGE else work()
