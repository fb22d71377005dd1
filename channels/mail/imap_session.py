"""One connection to an IMAP server, signed in, with the mailbox open: blocking calls.

Used from one thread, except `interrupt`. What fails is a `ChannelError`; the connection is then of
no use any more. A message is moved as the server can: MOVE, or COPY and expunge of just these
messages; where it cannot expunge single messages, nothing else that somebody marked is expunged.
Source: RFC 3501; RFC 2177 (IDLE), RFC 2342 (NAMESPACE), RFC 4315 (UIDPLUS), RFC 6851 (MOVE);
RFC 2683 part 3.2.1.5 (length of a line).
"""

from __future__ import annotations

import logging
import os
import socket
import ssl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, Final

from imapclient import IMAPClient, SocketTimeout
from imapclient.exceptions import (
    IMAPClientAbortError,
    IMAPClientError,
    IMAPClientReadOnlyError,
    LoginError,
)

from channels.mail.server_address import ServerAddress
from router.errors import ChannelError

CONNECT_S: Final = 10.0
ANSWER_S: Final = 60.0  # of silence while an answer is due
SET_OCTETS_MAX: Final = 7_900  # of a command; servers take lines of 8,000 at least
FETCHED_COUNT: Final = 700  # the library names each: so many of ten digits fit into a command
SEARCHED_COUNT: Final = 50_000  # whose UIDs fit into one line of at most a million octets

logging.getLogger("imapclient").setLevel(logging.WARNING)  # below that it writes whole mails


class ImapSession:
    """Nothing happens before `open`; after `close` it is over."""

    def __init__(
        self,
        address: ServerAddress,
        password: str,
        tls: ssl.SSLContext,
        folders: Sequence[str],
    ) -> None:
        """`address.path` is the mailbox to open, `folders` those that messages are moved to."""
        self.validity = 0  # UIDVALIDITY: a UID means something together with it only
        self.can_idle = False
        self._address = address
        self._password = password
        self._tls = tls
        self._folders = {name: name for name in folders}  # as the server calls them
        self._client: Any = None
        self._line: socket.socket | None = None  # a second handle, to hang up from another thread
        self._is_over = False

    # --- beginning and end -----------------------------------------------------------------------

    def open(self) -> None:
        """Connect, sign in, see to the folders, open the mailbox.

        Errors: `ChannelError` with reason login | no-tls | tls | unreachable | timeout |
            cut-off | read-only | refused.
        """
        with _as_channel_errors(self._address.host):
            self._client = client = IMAPClient(
                self._address.host,
                port=self._address.port,
                ssl=self._address.is_tls,
                ssl_context=self._tls,
                timeout=SocketTimeout(CONNECT_S, ANSWER_S),
            )
            client._imap.debug = 0  # or every mail is written out as text, for a log nobody keeps
            self._line = socket.socket(fileno=os.dup(client.socket().fileno()))
            if self._is_over:
                self.interrupt()
            self._secure(client)
            self._sign_in(client)
            self.can_idle = client.has_capability("IDLE")
            self._see_to_folders(client)
            self._select()

    def interrupt(self) -> None:
        """Hang up, from any thread: whatever waits for the server fails now."""
        self._is_over = True
        if self._line is not None:
            with suppress(OSError):
                self._line.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Let go of the connection."""
        client, self._client = self._client, None
        line, self._line = self._line, None
        if client is not None:
            with suppress(Exception):  # it may be in any state, and nothing depends on it
                client.shutdown()
        if line is not None:
            line.close()

    def _secure(self, client: Any) -> None:
        if self._address.is_tls:
            return
        if client.has_capability("STARTTLS"):
            client.starttls(self._tls)
        elif not self._address.is_loopback:
            raise ChannelError(
                f"{self._address.host!r} offers no TLS and the password would go there in the"
                " clear: use imaps://",
                retryable=True,
                reason="no-tls",
            )

    def _sign_in(self, client: Any) -> None:
        """Prefer AUTHENTICATE PLAIN: LOGIN of the library takes ASCII passwords only."""
        if client.has_capability("AUTH=PLAIN"):
            client.plain_login(self._address.user, self._password)
        else:
            client.login(self._address.user, self._password)

    def _see_to_folders(self, client: Any) -> None:
        prefix = ""
        if client.has_capability("NAMESPACE"):
            personal = client.namespace().personal
            prefix = personal[0][0] if personal else ""
        for name in self._folders:
            self._folders[name] = prefix + name
            if not client.folder_exists(prefix + name):
                client.create_folder(prefix + name)
                client.subscribe_folder(prefix + name)

    # --- messages --------------------------------------------------------------------------------

    def waiting(self) -> list[int]:
        """Return the UIDs of the messages that are there, oldest first; sets `validity`.

        The mailbox is opened anew: when somebody deletes it and makes it again, servers go on to
        show the old one to those who have it open (dovecot does, with OK), for ever.
        """
        with _as_channel_errors(self._address.host):
            return self._search("UNDELETED", self._select())

    def _select(self) -> int:
        """Open the mailbox; return how many messages are in it."""
        opened = self._client.select_folder(self._address.path)
        self.validity = int(opened.get(b"UIDVALIDITY", 0))
        return int(opened.get(b"EXISTS", 0))

    def _search(self, criterion: str, count: int) -> list[int]:
        """Ask a part of the mailbox after the other: the library reads no line without end.

        Places move up when somebody expunges meanwhile: who is missed is found at the next look.
        """
        found: set[int] = set()
        for first in range(1, count + 1, SEARCHED_COUNT):
            last = first + SEARCHED_COUNT - 1
            places = f"{first}:{last if last < count else '*'}"
            found.update(self._client.search(f"{places} {criterion}"))
        return sorted(found)

    def sizes(self, uids: Sequence[int]) -> dict[int, int]:
        """Return the bytes of each message that is still there."""
        fetched = self._fetch(uids, b"RFC822.SIZE")
        return {uid: int(size) for uid, size in fetched.items()}

    def contents(self, uids: Sequence[int]) -> dict[int, bytes]:
        """Return each message that is still there, whole; it is not marked as read."""
        return self._fetch(uids, b"BODY.PEEK[]", b"BODY[]")

    def beginning(self, uid: int, size: int) -> dict[int, bytes]:
        """Return the first `size` bytes of the message if it is still there."""
        return self._fetch([uid], b"BODY.PEEK[]<0.%d>" % size, b"BODY[]<0>")

    def _fetch(self, uids: Sequence[int], wanted: bytes, key: bytes = b"") -> dict[int, Any]:
        fetched: dict[int, Any] = {}
        with _as_channel_errors(self._address.host):
            for start in range(0, len(uids), FETCHED_COUNT):
                fetched |= self._client.fetch(uids[start : start + FETCHED_COUNT], [wanted])
        found = {uid: fetched[uid].get(key or wanted) for uid in uids if uid in fetched}
        return {uid: value for uid, value in found.items() if value is not None}

    def move(self, uids: Sequence[int], folder: str) -> None:
        """Move the messages; those that are gone are no mistake. A repeat moves the rest.

        Errors: `ChannelError`; with reason refused the connection is as good as before.
        """
        client, target = self._client, self._folders[folder]
        with _as_channel_errors(self._address.host):
            for some in message_sets(uids):
                if client.has_capability("MOVE"):
                    client.move(some, target)
                    continue
                client.copy(some, target)
                client.add_flags(some, [rb"\Deleted"], silent=True)
                if client.has_capability("UIDPLUS"):
                    client.uid_expunge(some)
                elif set(client.search("DELETED")) <= set(uids):
                    client.expunge()

    def wait(self, limit_s: float) -> None:
        """Return once the server tells of a change, or after `limit_s` seconds.

        A notice that came together with another answer lies in the library's buffer, where this
        wait does not see it: whoever calls looks again after a short wait before a long one.
        """
        with _as_channel_errors(self._address.host):
            self._client.idle()
            self._client.idle_check(limit_s)
            self._client.idle_done()


def message_sets(uids: Sequence[int]) -> Iterator[str]:
    """Yield the messages as the protocol names them, "1:4,7", each set short enough for a command.

    A range holds only messages that were asked for: what lies between may be anybody's.
    """
    said = ""
    for first, last in _ranges(uids):
        some = str(first) if first == last else f"{first}:{last}"
        if said and len(said) + 1 + len(some) > SET_OCTETS_MAX:
            yield said
            said = ""
        said += f",{some}" if said else some
    if said:
        yield said


def _ranges(uids: Sequence[int]) -> Iterator[tuple[int, int]]:
    begun: tuple[int, int] | None = None
    for uid in sorted(uids):
        if begun is not None and uid == begun[1] + 1:
            begun = begun[0], uid
            continue
        if begun is not None:
            yield begun
        begun = uid, uid
    if begun is not None:
        yield begun


@contextmanager
def _as_channel_errors(host: str) -> Iterator[None]:
    try:
        yield
    except LoginError as error:  # the library says so of a connection cut in the middle, too
        is_cut = isinstance(error.__context__, IMAPClientAbortError | OSError)
        raise _failed(host, error, "cut-off" if is_cut else "login") from error
    except IMAPClientReadOnlyError as error:
        raise _failed(host, error, "read-only") from error
    except IMAPClientAbortError as error:
        raise _failed(host, error, "cut-off") from error
    except IMAPClientError as error:
        raise _failed(host, error, "refused") from error
    except ssl.SSLError as error:
        raise _failed(host, error, "tls") from error
    except TimeoutError as error:
        raise _failed(host, error, "timeout") from error
    except OSError as error:
        raise _failed(host, error, "unreachable") from error


def _failed(host: str, error: Exception, reason: str) -> ChannelError:
    return ChannelError(f"mailbox at {host!r}: {error}", retryable=True, reason=reason)
