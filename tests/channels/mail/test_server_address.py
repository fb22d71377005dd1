"""An address says host, port, user, folder and whether TLS; it never holds a password."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.mail.server_address import IMAP_PORTS, SMTP_PORTS, client_tls, server_address
from router.errors import SettingsError


@pytest.mark.parametrize(
    ("url", "read"),
    [
        ("imaps://info@mail.town.test/INBOX", ("mail.town.test", 993, "info", "INBOX", True)),
        ("imap://info@mail.town.test/INBOX", ("mail.town.test", 143, "info", "INBOX", False)),
        ("imap://info@mail.town.test:1143/a/b", ("mail.town.test", 1143, "info", "a/b", False)),
        (
            "imaps://info%40town.test@mail.town.test/Letters%20in",
            ("mail.town.test", 993, "info@town.test", "Letters in", True),
        ),
        ("imaps://info@[::1]/INBOX", ("::1", 993, "info", "INBOX", True)),
        ("imaps://MAIL.town.test", ("mail.town.test", 993, "", "", True)),
    ],
)
def test_what_stands_in_an_address(url: str, read: tuple[str, int, str, str, bool]) -> None:
    found = server_address(url, IMAP_PORTS)
    assert (found.host, found.port, found.user, found.path, found.is_tls) == read


@pytest.mark.parametrize(("url", "port"), [("smtp://a", 587), ("smtps://a", 465)])
def test_the_ports_of_sending(url: str, port: int) -> None:
    assert server_address(url, SMTP_PORTS).port == port


@pytest.mark.parametrize(
    ("url", "complaint"),
    [
        ("", "must begin with imap:// or imaps:// and name a host"),
        ("mail.town.test", "must begin with"),
        ("smtp://mail.town.test", "must begin with"),
        ("imaps://", "name a host"),
        ("imaps://info@/INBOX", "name a host"),
        ("imaps://mail.town.test:99999", "cannot be read"),
        ("imaps://[::1", "cannot be read"),
        ("imaps://info:secret@mail.town.test", "'mail.town.test' holds a password"),
        ("info:secret@mail.town.test", "holds a password"),
        ("imaps://info:secret/1@mail.town.test", "holds a password"),
    ],
)
def test_what_is_no_address_is_told(url: str, complaint: str) -> None:
    with pytest.raises(SettingsError, match=complaint) as refused:
        server_address(url, IMAP_PORTS)
    assert "secret" not in str(refused.value)


@given(
    st.text(),
    st.sampled_from(["", "//", "://", "ftp://", "imap://", "imaps://"]),
)
def test_a_password_never_stands_in_a_message(password: str, scheme: str) -> None:
    secret = f"geheim{password}"
    url = f"{scheme}info:{secret}@mail.town.test/INBOX"
    with pytest.raises(SettingsError) as refused:
        server_address(url, IMAP_PORTS)
    assert "geheim" not in str(refused.value)


@pytest.mark.parametrize(
    ("host", "is_here"),
    [
        ("localhost", True),
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("[::1]", True),
        ("192.0.2.1", False),
        ("mail.town.test", False),
        ("localhost.town.test", False),
    ],
)
def test_only_this_machine_is_here(host: str, is_here: bool) -> None:
    assert server_address(f"imap://{host}", IMAP_PORTS).is_loopback is is_here


def test_certificates_and_names_are_checked() -> None:
    context = client_tls(None)
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname


def test_a_file_without_certificates_is_told(tmp_path: Path) -> None:
    (tmp_path / "ours.pem").write_text("no certificate")
    for name in ("ours.pem", "none.pem"):
        with pytest.raises(SettingsError, match=name):
            client_tls(tmp_path / name)
