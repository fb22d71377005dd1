"""Who may come in: origins, tokens, limits of network addresses, and whoever was blocked.

A token is given to everybody, because residents have no accounts; what keeps it from being worth
much is that it opens one conversation, for a while, and that each address gets a few an hour.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final

import msgspec
import structlog
from starlette.requests import HTTPConnection

from channels.buckets import Buckets
from channels.chat import codec, replies
from channels.chat.limits import take
from channels.chat.posting import Visit
from channels.chat.refusals import Refused, bad
from channels.chat.standing import chat_of
from channels.chat.tokens import Grant, Tokens, Use
from channels.sameness import network_key
from router.core.model import HOUR, SECOND
from router.core.policy import Policy
from router.core.policy_text import ChatPolicy
from router.core.records import Conversation
from router.core.state import State
from router.errors import StorageUnavailable, TownlineError
from router.ports import Clock, Ids, Inbox

Blocked = Callable[[str], bool]  # a conversation, a resident's address key, a network address's

PAGES_PER_CHAT: Final = 10  # pages with a chat that are opened for each chat that is begun
_BEARER: Final = "bearer "
_SENDER: Final = "townline.sender"  # in the scope: the key is made once for a request
_WISHES_MAX: Final = 200  # characters of Accept-Language that are looked at

log = structlog.get_logger(__name__)


class ChatSettings(msgspec.Struct, frozen=True):
    """What the environment says about chat."""

    secret: bytes  # the installation's, for tokens and address keys
    public_url: str  # without a slash at its end; addresses of streams and files begin with it
    body_max: int  # bytes of a request without files
    has_demo: bool = False  # the page for trying out answers at the bare address


class _Asked(msgspec.Struct, frozen=True):
    """What a page says when it asks for a token."""

    user: codec.Account | None = None
    locale: str | None = None
    door: str | None = None


class Entrance:
    """See the module's text."""

    def __init__(
        self,
        inbox: Inbox,
        ids: Ids,
        clock: Clock,
        settings: ChatSettings,
        *,
        buckets: Buckets,
        blocked: Blocked,
    ) -> None:
        self.tokens = Tokens(settings.secret)
        self._inbox = inbox
        self._ids = ids
        self._clock = clock
        self._settings = settings
        self._buckets = buckets
        self._blocked = blocked
        self._own = replies.own_origins(settings.public_url)
        self._policy: Policy | None = None  # the last that was read, while nothing can be
        self._welcome: tuple[Policy | None, frozenset[str]] = (None, self._own)

    async def welcome(self) -> frozenset[str]:
        """Return the origins whose pages may use the chat."""
        policy = await self._read_policy()
        known, origins = self._welcome
        if policy is not known:
            chat = chat_of(policy)
            doors = chat.doors.values() if chat is not None else ()
            origins = self._own.union(o.lower() for door in doors for o in door.origins)
            self._welcome = (policy, origins)
        return origins

    async def check_origin(self, connection: HTTPConnection) -> None:
        """Raises Refused: the page is none of those the town's policy names.

        Raises `StorageUnavailable` while nobody knows the policy.
        """
        origin = connection.headers.get("origin", "")
        if origin and origin.lower() not in await self.welcome():
            self._need_policy()
            log.info("chat_origin_refused", origin=origin[:100])
            message = "chats are not opened from this page: see `origins` in config/chat.yaml"
            raise Refused(403, "OriginNotAllowed", message)

    def address(self, connection: HTTPConnection) -> str:
        """Return the address of ours that the client uses: only on one machine there are two."""
        scheme, _, rest = self._settings.public_url.partition("://")
        host, slash, path = rest.partition("/")
        asked = connection.headers.get("host", "").lower()
        host = asked if f"{scheme}://{asked}" in self._own else host
        return f"{scheme}://{host}{slash}{path}"

    # --- tokens ----------------------------------------------------------------------------------

    async def newcomer(self, connection: HTTPConnection, body: bytes) -> Grant:
        """Return what a client that comes for the first time may do. Raises Refused."""
        await self.check_origin(connection)
        _, chat = await self._chat()
        sender = self._sender(connection)
        origin = connection.headers.get("origin", "").lower()
        limit = chat.conversations_per_hour_max * (PAGES_PER_CHAT if origin else 1)
        take(self._buckets, f"{'page' if origin else 'program'}:{sender}", limit, HOUR)
        try:
            asked = msgspec.json.decode(body, type=_Asked) if body.strip() else _Asked()
        except (ValueError, RecursionError):
            raise bad("want a JSON object with user, locale and door, or nothing") from None
        user = self.tokens.user_of((asked.user.id or "") if asked.user is not None else "")
        return Grant(
            # 100 random bits in letters that the token of a mail can hold
            conversation=f"C{self._ids.item_id()}{self._ids.item_id()}",
            user=user or self._ids.unique("dl_"),
            born=self._clock.now() // SECOND,
            door=_door(chat, asked.door or "", origin),
            locale=(asked.locale or "")[:20],
        )

    def granted(
        self,
        connection: HTTPConnection,
        conversation: str = "",
        *,
        is_over_allowed: bool = False,
    ) -> Grant:
        """Return what the request's token says; one that is over only where it may be renewed.

        Raises: Refused: 401 without one, 403 for a wrong or old one, one of another conversation,
            or somebody blocked.
        """
        header = connection.headers.get("authorization", "")
        if not header.lower().startswith(_BEARER):
            raise Refused(401, "Unauthorized", "want a token: Authorization: Bearer ...")
        token = header[len(_BEARER) :].strip()
        now = self._clock.now()
        grant = self.tokens.read(token, now, is_over_allowed=is_over_allowed)
        return self._for(connection, grant, conversation)

    def checked(self, connection: HTTPConnection, token: str, conversation: str, use: Use) -> Grant:
        """Return what a token says that came by another way. Raises Refused: 403."""
        grant = self.tokens.read(token, self._clock.now(), use=use)
        return self._for(connection, grant, conversation)

    def _for(self, connection: HTTPConnection, grant: Grant, conversation: str) -> Grant:
        if conversation and grant.conversation != conversation:
            raise Refused(403, "BadArgument", "the token is for another conversation")
        self._sender(connection, grant.conversation)
        return grant

    # --- visits ----------------------------------------------------------------------------------

    async def visit(self, connection: HTTPConnection, grant: Grant) -> Visit:
        """Return who asks and how things stand. Raises Refused, and what `Inbox.read` raises."""
        policy, row = await self._inbox.read(partial(_seen_in, conversation=grant.conversation))
        chat = chat_of(policy)
        if policy is None or chat is None:
            raise _no_chat()
        wishes = connection.headers.get("accept-language", "")[:_WISHES_MAX].split(",")
        tags = (grant.locale, *(wish.partition(";")[0].strip() for wish in wishes))
        language = codec.language_of(policy.languages, *tags)
        sender = self._sender(connection, row.address_key if row is not None else "")
        address = self.address(connection)
        return Visit(grant, sender, policy, chat, row, language, address)

    async def _chat(self) -> tuple[Policy, ChatPolicy]:
        """Raises Refused, and `StorageUnavailable` while nobody knows whether there is a chat."""
        await self._read_policy()
        policy = self._need_policy()
        chat = chat_of(policy)
        if chat is None:
            raise _no_chat()
        return policy, chat

    def _need_policy(self) -> Policy:
        if self._policy is None:
            raise StorageUnavailable("no policy could be read yet")
        return self._policy

    async def _read_policy(self) -> Policy | None:
        try:
            self._policy = await self._inbox.read(_policy_in)
        except TownlineError as error:
            log.warning("chat_policy_not_read", code=error.code)
        return self._policy

    def _sender(self, connection: HTTPConnection, name: str = "") -> str:
        """Return the key of the network address.

        Raises: Refused: it is blocked, or `name` is: a conversation, a resident's address key.
        """
        sender: str = connection.scope.get(_SENDER, "")
        if not sender:
            host = connection.client.host if connection.client is not None else ""
            sender = connection.scope[_SENDER] = network_key(self._settings.secret, host)
        if self._blocked(sender) or (name and self._blocked(name)):
            raise Refused(403, "Blocked", "this chat was closed by the town")
        return sender


def _door(chat: ChatPolicy, asked: str, origin: str) -> str:
    if asked:
        if asked not in chat.doors:
            raise bad(f"there is no door {asked[:50]!r}: see config/chat.yaml")
        return asked
    for door in chat.doors.values():
        if origin and origin in (each.lower() for each in door.origins):
            return door.id
    return chat.first.id


def _no_chat() -> Refused:
    return Refused(404, "NotFound", "this town offers no chat")


def _policy_in(state: State) -> Policy | None:
    return state.policies.get(state.policy_hash)


def _seen_in(state: State, conversation: str) -> tuple[Policy | None, Conversation | None]:
    return state.policies.get(state.policy_hash), state.conversations.get(conversation)
