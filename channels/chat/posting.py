"""What residents do in a chat, handed to the engine; answered once it is stored.

Decides nothing: a wish of the codec becomes a command. Repeats have the same keys and references,
so they are answered with what the first one was. Who says who they are says it with a message, or
after one: by an address alone nothing is begun, and nothing is kept that is not stored.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final

import msgspec
import structlog

from channels.buckets import Buckets
from channels.chat import codec, contact
from channels.chat.body import File
from channels.chat.limits import take
from channels.chat.refusals import Refused
from channels.chat.stream import FindWords
from channels.chat.tokens import Grant
from channels.sameness import mail_key
from router.core import commands_text as c
from router.core.identity import address_key
from router.core.model import HOUR, MINUTE, SECOND, ItemId, MessageKind
from router.core.policy import Policy
from router.core.policy_text import ChatPolicy
from router.core.records import Conversation
from router.core.state import State
from router.ports import Blobs, Clock, Contact, FileRef, Ids, Inbox, Said, Words, contact_in

TYPING_PER_MINUTE_MAX: Final = 60  # beyond, it is not passed on

Typing = Callable[[str], None]  # a resident is writing in this conversation; best effort

log = structlog.get_logger(__name__)


class Visit(msgspec.Struct, frozen=True):
    """Who asks, by which rules, and how their conversation stands."""

    grant: Grant
    sender: str  # opaque key of the network address
    policy: Policy
    chat: ChatPolicy
    row: Conversation | None  # None: nothing was said yet
    language: str
    address: str  # of ours, as the client knows it, without a slash at its end


class _Post(msgspec.Struct, frozen=True):
    """An activity as it came, and the names that follow from it."""

    activity: codec.Activity
    client_id: str
    key: str
    files: tuple[File, ...] = ()


class Posting:
    """See the module's text. Errors: `Refused`, and what `Inbox.submit` raises."""

    def __init__(
        self,
        inbox: Inbox,
        ids: Ids,
        clock: Clock,
        secret: bytes,
        *,
        words: FindWords,
        blobs: Blobs,
        typing: Typing,
        buckets: Buckets,
    ) -> None:
        self._inbox = inbox
        self._ids = ids
        self._clock = clock
        self._secret = secret
        self._find = words
        self._blobs = blobs
        self._typing = typing
        self._buckets = buckets

    async def post(self, visit: Visit, body: bytes, files: tuple[File, ...] = ()) -> str:
        """Have what was sent stored; return the id of the activity."""
        activity = codec.read(body) if body else codec.Activity("message")
        wish = codec.wish_of(activity, visit.chat.message_max, with_files=bool(files))
        if isinstance(wish, codec.Type):
            return self._type(visit)
        given = codec.client_id(activity)
        conversation = visit.grant.conversation
        same = body + b"".join(file.body for file in files)
        key = codec.key_of(conversation, given, same, visit.row)
        post = _Post(activity, given, key, files)
        self._allow(visit)
        match wish:
            case codec.Say():
                return await self._say(visit, post, wish)
            case codec.Introduce():
                await self._introduce(visit, Contact(name=wish.name, email=wish.email))
            case codec.Ring():
                await self._ring(visit, post, wish)
            case codec.Copy():
                await self._copy(visit, post, wish)
            case codec.Rate():
                await self._rate(visit, post, wish)
            case codec.Leave():
                await self._inbox.submit(c.LeaveChat(conversation), _nothing)
        return codec.event_id(conversation, key)

    def _type(self, visit: Visit) -> str:
        conversation = visit.grant.conversation
        name = f"typing:{conversation}"
        if not self._buckets.wait_s(name, TYPING_PER_MINUTE_MAX, MINUTE):
            self._typing(conversation)
        return codec.event_id(conversation, "typing")

    def _allow(self, visit: Visit) -> None:
        """Raises Refused: too much at once, or for a conversation that was let go."""
        conversation = visit.grant.conversation
        take(self._buckets, f"say:{conversation}", visit.chat.per_minute_max, MINUTE)
        if visit.row is not None:
            return
        age = self._clock.now() - visit.grant.born * SECOND
        if age > visit.policy.retention.closed_in_core:
            raise Refused(404, "ConversationNotFound", "the conversation is over: begin another")
        hourly_max = visit.chat.conversations_per_hour_max
        take(self._buckets, f"begin:{visit.sender}", hourly_max, HOUR)

    # --- messages --------------------------------------------------------------------------------

    async def _say(self, visit: Visit, post: _Post, wish: codec.Say) -> str:
        said = Contact(name=wish.name, email=wish.email)
        if visit.row is None:
            known = contact.merged(Contact(name=wish.called), said)
            return await self._receive(visit, post, wish.text, known)
        if said != Contact():
            await self._introduce(visit, said)
        return await self._receive(visit, post, wish.text, Contact())

    async def _receive(self, visit: Visit, post: _Post, text: str, known: Contact) -> str:
        """Store a message; `known` is who begins a conversation, nothing in one that has begun."""
        conversation = visit.grant.conversation
        words = (self._contact_words(visit, known),) if known != Contact() else ()
        files = [
            FileRef(await self._blobs.put(file.body), file.name, file.kind, len(file.body))
            for file in post.files
        ]
        said = Said(text, files=tuple(files), client_id=post.client_id)
        ref = codec.ref_of("m", post.key)
        command = c.ReceiveChat(
            item_id=ItemId(self._ids.item_id()),
            conversation=conversation,
            key=post.key,
            door=visit.grant.door,
            address_key=self._address_key(known),
            contact_ref=words[0].ref if words else "",
            words_ref=ref,
            language=self._language(visit, post.activity),
            kind=MessageKind.FILE if files else MessageKind.TEXT,
        )
        number = await self._inbox.submit(
            command,
            partial(number_in, conversation=conversation, ref=ref),
            words=(*words, Words(ref, "said", msgspec.json.encode(said))),
        )
        log.info("chat_stored", conversation=conversation, message=number, files=len(files))
        return codec.activity_id(conversation, number)

    # --- the rest --------------------------------------------------------------------------------

    async def _introduce(self, visit: Visit, said: Contact) -> None:
        if visit.row is None:
            message = "nothing was said yet: say who you are with the first message, or after it"
            raise Refused(409, "NothingSaid", message)
        whole = contact.merged(await self._known(visit), said)
        words = self._contact_words(visit, whole)
        command = c.GiveContact(visit.grant.conversation, words.ref, self._address_key(whole))
        await self._inbox.submit(command, _nothing, words=(words,))

    async def _ring(self, visit: Visit, post: _Post, wish: codec.Ring) -> None:
        whole = contact.merged(await self._known(visit), Contact(number=wish.number))
        words = self._contact_words(visit, whole)
        command = c.AskCallback(
            conversation=visit.grant.conversation,
            item_id=ItemId(self._ids.item_id()),
            contact_ref=words.ref,
            address_key=address_key(self._secret, "phone", wish.number),
            door=visit.grant.door,
            language=self._language(visit, post.activity),
            starts=wish.starts,
        )
        await self._inbox.submit(command, _nothing, words=(words,))

    async def _copy(self, visit: Visit, post: _Post, wish: codec.Copy) -> None:
        whole = contact.merged(await self._known(visit), Contact(email=wish.email))
        if not whole.email:
            raise Refused(400, "NotAnAddress", "say which e-mail address the copy goes to")
        words = self._contact_words(visit, whole)
        command = c.AskTranscript(visit.grant.conversation, post.key, words.ref)
        await self._inbox.submit(command, _nothing, words=(words,))

    async def _rate(self, visit: Visit, post: _Post, wish: codec.Rate) -> None:
        words: tuple[Words, ...] = ()
        if wish.text:
            said = msgspec.json.encode(Said(wish.text, client_id=post.client_id))
            words = (Words(codec.ref_of("r", post.key), "said", said),)
        ref = words[0].ref if words else ""
        command = c.RateChat(visit.grant.conversation, wish.score, ref)
        await self._inbox.submit(command, _nothing, words=words)

    def _language(self, visit: Visit, activity: codec.Activity) -> str:
        return codec.language_of(visit.policy.languages, activity.locale or "", visit.language)

    async def _known(self, visit: Visit) -> Contact:
        """Return what the resident said of themselves before."""
        ref = visit.row.contact_ref if visit.row is not None else ""
        found = await self._find([ref]) if ref else {}
        return contact_in(found.get(ref)) or Contact()

    def _contact_words(self, visit: Visit, known: Contact) -> Words:
        body = msgspec.json.encode(known)
        ref = codec.ref_of("c", f"{visit.grant.conversation}:{body.decode()}")
        return Words(ref, "contact", body)

    def _address_key(self, known: Contact) -> str:
        if known.email:
            return mail_key(self._secret, known.email)
        return address_key(self._secret, "phone", known.number)


def number_in(state: State, conversation: str, ref: str) -> int:
    """Return the number of the message with these words; 0 when the core has let it go."""
    row = state.conversations.get(conversation)
    messages = row.messages if row is not None else ()
    return next((m.number for m in reversed(messages) if m.ref == ref), 0)


def _nothing(_: State) -> None:
    """Nobody asks for more than that it is stored."""
