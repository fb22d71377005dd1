"""Mail that is delivered behind TLS: offered, required, with a certificate that is renewed."""

from __future__ import annotations

import shutil
import ssl
import subprocess
from pathlib import Path

import aiosmtplib
import pytest
import structlog
import uvloop

from channels.mail.smtp_in import SmtpDoor, SmtpDoorSettings
from router.errors import SettingsError
from tests.channels.mail.imap_rig import until
from tests.channels.mail.smtp_client import greeted
from tests.channels.mail.smtp_rig import MAIL, door, is_ours
from tests.fakes.intake import Ledger
from tests.fakes.mail_servers import make_certificate

FROM, TO = "ann@home.example", "info@town.example"


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Two folders, each with a certificate of localhost and its key."""
    folders = (tmp_path_factory.mktemp("old"), tmp_path_factory.mktemp("new"))
    for folder in folders:
        make_certificate(folder)
    return folders


@pytest.fixture
def files(made: tuple[Path, Path], tmp_path: Path) -> Path:
    """Return a folder with cert.pem and key.pem that a test may spoil."""
    shutil.copytree(made[0], tmp_path, dirs_exist_ok=True)
    return tmp_path


def at(files: Path) -> dict[str, Path]:
    return {"certificate": files / "cert.pem", "key": files / "key.pem"}


def trusting(certificate: Path) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(certificate))


async def deliver(port: int, certificate: Path | None) -> bytes | None:
    """Deliver as another server's library does; return the certificate shown, None without TLS.

    Errors: those of the library, also when what is shown is not `certificate`.
    """
    client = aiosmtplib.SMTP(
        hostname="localhost",
        port=port,
        start_tls=certificate is not None,
        tls_context=trusting(certificate) if certificate is not None else None,
    )
    async with client:
        shown = client.get_transport_info("ssl_object")
        await client.sendmail(FROM, [TO], MAIL)
    return None if shown is None else shown.getpeercert(binary_form=True)


async def test_a_library_of_others_delivers_behind_tls_and_without(files: Path) -> None:
    ledger = Ledger()
    async with door(ledger, **at(files)) as opened:
        assert await deliver(opened.port, files / "cert.pem") is not None
        assert await deliver(opened.port, None) is None
    assert ledger.handed.total() == 2


async def test_key_and_certificate_may_stand_in_one_file(files: Path) -> None:
    both = files / "both.pem"
    both.write_bytes((files / "cert.pem").read_bytes() + (files / "key.pem").read_bytes())
    async with door(Ledger(), certificate=both) as opened:
        assert await deliver(opened.port, files / "cert.pem") is not None


async def test_where_tls_is_required_nothing_is_taken_without_it(files: Path) -> None:
    ledger = Ledger()
    async with door(ledger, is_tls_required=True, **at(files)) as opened:
        with pytest.raises(aiosmtplib.SMTPSenderRefused) as refused:
            await deliver(opened.port, None)
        assert refused.value.code == 530
        async with greeted(opened.port) as talk:
            for line in ("HELO client.example", f"MAIL FROM:<{FROM}>", f"RCPT TO:<{TO}>", "DATA"):
                assert (await talk.say(line))[:3] == "530"
            assert (await talk.say("QUIT"))[:3] == "221"
        assert not ledger.handed
        assert await deliver(opened.port, files / "cert.pem") is not None
    assert list(ledger.taken.values()) == [MAIL]


async def _deliver_behind_tls(files: Path) -> list[bytes]:
    ledger = Ledger()
    async with door(ledger, **at(files)) as opened, greeted(opened.port) as talk:
        assert (await talk.say("EHLO client.example"))[:3] == "250"
        talk.write(b"STARTTLS\r\nMAIL FROM:<slipped@in.example>\r\n")  # RFC 3207, 4.2
        assert (await talk.hear())[0][:3] == "220"
        await talk.secure(files / "cert.pem")
        assert (await talk.say("MAIL FROM:<ann@home.example>"))[:3] == "503"  # EHLO again
        talk.write(b"EHLO client.example\r\n")
        announced = await talk.hear()
        assert not [line for line in announced if "STARTTLS" in line or "AUTH" in line]
        await talk.envelope()
        assert (await talk.deliver(MAIL))[:3] == "250"
        assert (await talk.say("QUIT"))[:3] == "221"
    return list(ledger.taken.values())


async def test_starttls_under_asyncio(files: Path) -> None:
    assert await _deliver_behind_tls(files) == [MAIL]


def test_starttls_under_uvloop(files: Path) -> None:
    """The daemon's loop."""
    assert uvloop.run(_deliver_behind_tls(files)) == [MAIL]


async def test_a_handshake_that_fails_is_a_line_in_the_log_and_no_mistake_of_ours(
    made: tuple[Path, Path], files: Path
) -> None:
    with structlog.testing.capture_logs() as logs:
        async with door(Ledger(), **at(files)) as opened:
            with pytest.raises((ssl.SSLError, aiosmtplib.SMTPException)):
                await deliver(opened.port, made[1] / "cert.pem")  # trusts another
            async with greeted(opened.port) as talk:
                assert (await talk.say("STARTTLS"))[:3] == "220"
                talk.write(b"GET / HTTP/1.1\r\n\r\n")
                await talk.reader.read()
            await until(lambda: not opened.connections)
            assert await deliver(opened.port, files / "cert.pem") is not None
    said = [line["event"] for line in logs if line["log_level"] in {"warning", "error"}]
    assert said == ["smtp_tls_failed"] * 2


# --- the files -----------------------------------------------------------------------------------


def spoiled(files: Path, spoil: str, other: Path) -> str:
    """Spoil a file; return the name of it that the complaint must say."""
    certificate, key = files / "cert.pem", files / "key.pem"
    if spoil == "certificate missing":
        certificate.unlink()
        return str(certificate)
    if spoil == "key missing":
        key.unlink()
        return f"{str(key)!r}, for TLS"
    if spoil == "certificate a folder":
        certificate.unlink()
        certificate.mkdir()
    elif spoil == "no certificate":
        certificate.write_text("hello")
    elif spoil == "key of another":
        shutil.copy(other / "key.pem", key)
    else:
        encrypted = subprocess.run(
            ["openssl", "pkcs8", "-topk8", "-in", key, "-passout", "pass:secret"],
            check=True,
            capture_output=True,
        )
        key.write_bytes(encrypted.stdout)
        return "without a password"
    return str(certificate)


SPOILS = (
    "certificate missing",
    "key missing",
    "certificate a folder",
    "no certificate",
    "key of another",
    "key with a password",
)


@pytest.mark.parametrize("spoil", SPOILS)
async def test_files_that_cannot_be_used_are_named_at_the_start_and_change_nothing_later(
    made: tuple[Path, Path], files: Path, spoil: str
) -> None:
    trusted = files / "trusted.pem"
    shutil.copy(files / "cert.pem", trusted)
    with structlog.testing.capture_logs() as logs:
        async with door(Ledger(), **at(files)) as opened:
            named = spoiled(files, spoil, made[1])
            opened.renew()
            assert await deliver(opened.port, trusted) is not None
    refused = [line["why"] for line in logs if line["event"] == "smtp_certificate_refused"]
    with pytest.raises(SettingsError) as caught:
        SmtpDoor(Ledger(), is_ours, SmtpDoorSettings(**at(files)))  # type: ignore[arg-type]
    assert named in str(caught.value)
    assert refused == [str(caught.value)]


async def test_a_new_certificate_is_shown_once_it_is_read_again(
    made: tuple[Path, Path], files: Path
) -> None:
    old, new = made
    async with door(Ledger(), **at(files)) as opened, greeted(opened.port) as talk:
        before = await deliver(opened.port, old / "cert.pem")
        await talk.say("EHLO client.example")
        shutil.copytree(new, files, dirs_exist_ok=True)
        assert await deliver(opened.port, old / "cert.pem") == before
        opened.renew()
        assert await deliver(opened.port, new / "cert.pem") not in (None, before)
        await talk.envelope()
        assert (await talk.deliver(MAIL))[:3] == "250"  # who was talking goes on


async def test_a_door_without_a_certificate_has_none_to_renew() -> None:
    async with door(Ledger()) as opened:
        opened.renew()
        assert await deliver(opened.port, None) is None
