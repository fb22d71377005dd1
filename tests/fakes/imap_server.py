"""An IMAP server for what no real one is made to do: hold very many messages, refuse to move them.

Its mailbox is a list of UIDs; every message is a few octets that name its UID. It knows the
commands that the door uses, as RFC 3501 and RFC 6851 write them, and no others.
"""

from __future__ import annotations

import re
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

CAPABILITIES: Final = b"IMAP4rev1 MOVE"


class FakeImapServer(socketserver.ThreadingTCPServer):
    """Whoever comes is signed in."""

    daemon_threads = True

    def __init__(self, uids: list[int]) -> None:
        super().__init__(("127.0.0.1", 0), _Talk)
        self.uids = uids
        self.moved: list[int] = []
        self.refusal = ""  # "" moves; otherwise the NO that every MOVE is answered with
        self.commands: list[str] = []
        self.line_max = 0  # octets of the longest line it was sent

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    def chosen(self, numbers: str) -> list[int]:
        """Return the UIDs in a set like 1:4,7."""
        wanted: set[int] = set()
        for part in numbers.split(","):
            first, _, last = part.partition(":")
            wanted |= set(range(int(first), int(last or first) + 1))
        return [uid for uid in self.uids if uid in wanted]

    def answer(self, command: str) -> tuple[list[bytes], str]:
        """Return the untagged lines and how the tagged one goes on."""
        name, _, rest = command.partition(" ")
        if name == "UID":
            name, _, rest = rest.partition(" ")
        answering = getattr(self, f"_{name.lower()}", None)
        return answering(rest) if answering is not None else ([], "OK done")

    def _capability(self, _: str) -> tuple[list[bytes], str]:
        return [b"CAPABILITY " + CAPABILITIES], "OK done"

    def _list(self, rest: str) -> tuple[list[bytes], str]:
        return [b'LIST () "/" ' + rest.split()[-1].encode()], "OK done"

    def _select(self, _: str) -> tuple[list[bytes], str]:
        return [b"%d EXISTS" % len(self.uids), b"OK [UIDVALIDITY 1] fixed"], "OK [READ-WRITE] done"

    def _search(self, rest: str) -> tuple[list[bytes], str]:
        found = re.match(r"(\d+):(\d+|\*) UNDELETED", rest)
        assert found is not None, rest
        first, last = int(found[1]), len(self.uids) if found[2] == "*" else int(found[2])
        return [
            b"SEARCH " + b" ".join(b"%d" % uid for uid in self.uids[first - 1 : last])
        ], "OK done"

    def _fetch(self, rest: str) -> tuple[list[bytes], str]:
        numbers, _, wanted = rest.partition(" ")
        lines = []
        for uid in self.chosen(numbers):
            raw = b"Subject: %d\r\n\r\nmail %d\r\n" % (uid, uid)
            said = b"RFC822.SIZE %d" % len(raw)
            if "BODY" in wanted:
                said = b"BODY[] {%d}\r\n%b" % (len(raw), raw)
            place = self.uids.index(uid) + 1
            lines.append(b"%d FETCH (UID %d %b)" % (place, uid, said))
        return lines, "OK done"

    def _move(self, rest: str) -> tuple[list[bytes], str]:
        if self.refusal:
            return [], f"NO {self.refusal}"
        chosen = self.chosen(rest.split()[0])
        places = [self.uids.index(uid) + 1 for uid in chosen]
        self.uids = [uid for uid in self.uids if uid not in set(chosen)]
        self.moved += chosen
        return [b"%d EXPUNGE" % place for place in reversed(places)], "OK done"


class _Talk(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        server = self.server
        assert isinstance(server, FakeImapServer)
        self.wfile.write(b"* OK ready\r\n")
        while line := self.rfile.readline():
            server.line_max = max(server.line_max, len(line))
            tag, _, command = line.decode().rstrip("\r\n").partition(" ")
            server.commands.append(command)
            lines, end = server.answer(command)
            said = b"".join(b"* " + line + b"\r\n" for line in lines)
            self.wfile.write(said + f"{tag} {end}\r\n".encode())
            if command == "LOGOUT":
                return


@contextmanager
def imap_server(uids: list[int]) -> Iterator[FakeImapServer]:
    """Serve a mailbox with these messages; the client's address is imap://user@127.0.0.1:PORT."""
    with FakeImapServer(uids) as server:
        serving = threading.Thread(target=server.serve_forever, args=(0.01,))
        serving.start()
        try:
            yield server
        finally:
            server.shutdown()
            serving.join()
