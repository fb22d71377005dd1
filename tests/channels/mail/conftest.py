"""Mail servers that several modules of tests use, started once for each."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.fakes.mail_servers import Dovecot, dovecot


@pytest.fixture(scope="module")
def server() -> Iterator[Dovecot]:
    with dovecot() as running:
        yield running


@pytest.fixture(scope="module")
def old_server() -> Iterator[Dovecot]:
    """It can do what every server can, and nothing else: no IDLE, MOVE, UIDPLUS, NAMESPACE."""
    with dovecot(capability="IMAP4rev1", tls=False) as running:
        yield running
