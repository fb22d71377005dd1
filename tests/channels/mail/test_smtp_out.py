"""A mail is sent, may be sent later, or never: and it is said which."""

from __future__ import annotations

import asyncio
import socket
import ssl
import time
from pathlib import Path
from typing import Any

import pytest

from channels.mail.smtp_out import SmtpSender, SmtpSenderSettings
from router.errors import ChannelError, SettingsError
from tests.fakes.mail_servers import make_certificate
from tests.fakes.smtp_server import WithoutEsmtp, only_known, smtp_server
from tests.ports import free_port

MAIL = b"Subject: Your bin\r\n\r\nIt was collected.\r\n.\r\n..dots\r\n"
US, ANN = "info@town.test", ("ann@home.test",)


def sender(port: int, user: str = "", scheme: str = "smtp", **settings: Any) -> SmtpSender:
    who = f"{user}@" if user else ""
    return SmtpSender(SmtpSenderSettings(url=f"{scheme}://{who}localhost:{port}", **settings))


async def failure(port: int, *, raw: bytes = MAIL, user: str = "", **settings: Any) -> ChannelError:
    with pytest.raises(ChannelError) as failed:
        await sender(port, user, **settings).send(raw, US, ANN)
    return failed.value


async def test_a_mail_arrives_as_it_was_written() -> None:
    async with smtp_server() as server:
        await sender(server.port).send(MAIL, US, ANN)
    assert [(m.mail_from, m.rcpt_tos, m.content) for m in server.mails] == [(US, [*ANN], MAIL)]


async def test_an_automatic_answer_has_no_sender() -> None:
    """RFC 3834: nobody answers the null sender."""
    async with smtp_server() as server:
        await sender(server.port).send(MAIL, "", ANN)
    assert server.mails[0].mail_from == "<>"


async def test_no_mail_of_ours_carries_a_false_end() -> None:
    raw = b"Subject: x\n\nover\n.\nMAIL FROM:<boss@town.test>\r.\r\n.\r\nend"
    async with smtp_server() as server:
        await sender(server.port).send(raw, US, ANN)
    assert server.mails[0].content == (
        b"Subject: x\r\n\r\nover\r\n.\r\nMAIL FROM:<boss@town.test>\r\n.\r\n.\r\nend\r\n"
    )


async def test_eight_bits_and_foreign_addresses_are_announced() -> None:
    async with smtp_server(enable_SMTPUTF8=True) as server:
        await sender(server.port).send("Subject: é\r\n\r\né\r\n".encode(), US, ("zoé@home.test",))
    assert {"SMTPUTF8", "BODY=8BITMIME"} <= set(server.mails[0].mail_options)


async def test_a_server_that_cannot_write_the_address_never_will() -> None:
    async with smtp_server() as server:
        with pytest.raises(ChannelError) as failed:
            await sender(server.port).send(MAIL, US, ("zoé@home.test",))
    assert (failed.value.retryable, failed.value.reason) == (False, "unsupported")


async def test_an_address_cannot_carry_a_command() -> None:
    async with smtp_server() as server:
        with pytest.raises(ChannelError) as failed:
            await sender(server.port).send(MAIL, US, ("a@home.test>\r\nRCPT TO:<b@home.test",))
        assert not failed.value.retryable
    assert not server.mails


@pytest.mark.parametrize("command", ["MAIL", "RCPT", "DATA"])
@pytest.mark.parametrize(
    ("reply", "retryable", "reason"),
    [
        ("451 4.7.1 greylisted", True, "busy"),
        ("550 5.1.1 no such user", False, "refused"),
        ("", True, "unreachable"),
        (None, True, "timeout"),
    ],
)
async def test_what_the_server_says_decides(
    command: str, reply: str | None, retryable: bool, reason: str
) -> None:
    async with smtp_server() as server:
        server.replies[command] = reply
        error = await failure(server.port, effect_s=0.3)
    assert (error.retryable, error.reason) == (retryable, reason)
    if reply:
        assert reply[4:] in str(error)
    assert not server.mails


async def test_some_recipients_refused_are_told() -> None:
    async with smtp_server() as server:
        server.replies["RCPT bob@home.test"] = "550 5.1.1 who?"
        with pytest.raises(ChannelError) as failed:
            await sender(server.port).send(MAIL, US, (*ANN, "bob@home.test"))
    assert failed.value.reason == "refused"


@pytest.mark.parametrize("reply", ["", None, "421 leave me alone"])
async def test_how_they_part_is_no_matter(reply: str | None) -> None:
    """The mail was taken: to send it again would be a second copy."""
    async with smtp_server() as server:
        server.replies["QUIT"] = reply
        await sender(server.port, effect_s=0.5).send(MAIL, US, ANN)
    assert len(server.mails) == 1


async def test_nobody_there() -> None:
    error = await failure(free_port())
    assert (error.retryable, error.reason) == (True, "unreachable")


async def test_a_server_that_does_not_greet_is_given_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        began = time.monotonic()
        error = await failure(silent.getsockname()[1], effect_s=0.2)
    assert (error.retryable, error.reason) == (True, "timeout")
    assert time.monotonic() - began < 2


async def test_a_server_that_turns_everybody_away_may_not_always() -> None:
    async def turn_away(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"554 no service\r\n")
        writer.close()

    server = await asyncio.start_server(turn_away, "127.0.0.1", 0)
    async with server:
        error = await failure(server.sockets[0].getsockname()[1])
    assert (error.retryable, error.reason) == (True, "unreachable")


# --- TLS, passwords ------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("keys")
    make_certificate(folder)
    return folder


@pytest.fixture
def tls(keys: Path) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(keys / "cert.pem", keys / "key.pem")
    return context


async def test_starttls_is_used_where_it_is_offered(keys: Path, tls: ssl.SSLContext) -> None:
    async with smtp_server(tls) as server:
        await sender(server.port, ca_file=keys / "cert.pem").send(MAIL, US, ANN)
    assert server.is_tls == [True]


async def test_a_certificate_of_a_stranger_is_not_believed(tls: ssl.SSLContext) -> None:
    async with smtp_server(tls) as server:
        error = await failure(server.port)
    assert (error.retryable, error.reason) == (True, "tls")


async def test_mail_does_not_leave_the_machine_in_the_clear(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    loop = asyncio.get_running_loop()
    there = loop.create_connection

    async def instead(protocol: Any, *, host: str, port: int, **more: Any) -> Any:
        return await there(protocol, host="127.0.0.1", port=port, **more)

    async with smtp_server() as server:
        monkeypatch.setattr(loop, "create_connection", instead)
        settings = SmtpSenderSettings(url=f"smtp://mail.town.test:{server.port}")
        with pytest.raises(ChannelError) as failed:
            await SmtpSender(settings).send(MAIL, US, ANN)
        assert (failed.value.retryable, failed.value.reason) == (True, "no-tls")
        settings = SmtpSenderSettings(
            url=f"smtp://mail.town.test:{server.port}", is_tls_required=False
        )
        await SmtpSender(settings).send(MAIL, US, ANN)
    assert len(server.mails) == 1


async def test_it_signs_in(keys: Path, tls: ssl.SSLContext) -> None:
    async with smtp_server(tls, authenticator=only_known, auth_required=True) as server:
        made = sender(server.port, "town", password="pässword", ca_file=keys / "cert.pem")
        await made.send(MAIL, US, ANN)
    assert len(server.mails) == 1


async def test_a_refused_password_loses_no_mail(keys: Path, tls: ssl.SSLContext) -> None:
    """Who mistypes a password in the settings does not want all mail returned for good."""
    async with smtp_server(tls, authenticator=only_known, auth_required=True) as server:
        error = await failure(server.port, user="town", password="wrong", ca_file=keys / "cert.pem")
    assert (error.retryable, error.reason) == (True, "login")
    assert "wrong" not in str(error)


async def test_a_server_that_knows_no_passwords_is_told_of() -> None:
    async with smtp_server() as server:
        error = await failure(server.port, user="town", password="secret")
    assert (error.retryable, error.reason) == (True, "login")


async def test_a_server_of_1982_will_do() -> None:
    async with smtp_server(kind=WithoutEsmtp) as server:
        await sender(server.port).send(MAIL, US, ANN)
    assert len(server.mails) == 1


def test_the_password_is_not_shown() -> None:
    settings = SmtpSenderSettings(url="smtps://town@mail.town.test", password="secret")
    assert "secret" not in repr(settings)
    with pytest.raises(SettingsError, match="smtp:// or smtps://"):
        SmtpSender(SmtpSenderSettings(url="mail.town.test"))


async def test_many_send_at_once() -> None:
    async with smtp_server() as server, asyncio.TaskGroup() as tasks:
        made = sender(server.port)
        for number in range(30):
            tasks.create_task(made.send(MAIL + b"%d\r\n" % number, US, ANN))
    assert len({mail.content for mail in server.mails}) == 30
