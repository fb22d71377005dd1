"""Real mail servers on 127.0.0.1: dovecot and OpenSMTPD.

Each runs as a program of its own, started by a `with` and gone after it.
"""

from __future__ import annotations

import fcntl
import grp
import imaplib
import os
import pwd
import shutil
import signal
import smtplib
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final

from tests.ports import free_port

START_S: Final = 60.0
STOP_S: Final = 1.0  # until it is ended by force
STEP_S: Final = 0.01
MAILBOXES: Final = 600
PACKAGES: Final = {  # as in scripts/system.sh
    "dovecot": "dovecot-imapd dovecot-lmtpd",
    "nginx": "nginx",
    "openssl": "openssl",
    "pg_createcluster": "postgresql",
    "setpriv": "util-linux",
    "smtpctl": "opensmtpd",
    "smtpd": "opensmtpd",
}
PASSWORD: Final = 'pässword ✓ "quoted" \\'

DOVECOT_CONF: Final = """
base_dir = {base}/run
state_dir = {base}/state
log_path = {base}/log
protocols = imap lmtp
listen = 127.0.0.1
default_internal_user = {user}
default_internal_group = {group}
default_login_user = {user}
first_valid_uid = 1
first_valid_gid = 1
mail_home = {base}/home/%n
mail_location = maildir:{base}/mail/%n
mail_fsync = never
auth_mechanisms = plain login
disable_plaintext_auth = no
ssl = {ssl}
ssl_cert = <{base}/cert.pem
ssl_key = <{base}/key.pem
lmtp_save_to_detail_mailbox = yes
recipient_delimiter = +
passdb {{
  driver = passwd-file
  args = scheme=PLAIN username_format=%n {base}/users
}}
userdb {{
  driver = passwd-file
  args = username_format=%n {base}/users
}}
namespace inbox {{
  inbox = yes
  separator = /
}}
auth_failure_delay = 0
service anvil {{
  chroot =
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service stats {{
  chroot =
}}
service imap {{
  service_count = 0
}}
service imap-login {{
  chroot =
  service_count = 0
  inet_listener imap {{
    port = {imap_port}
  }}
  inet_listener imaps {{
    port = {imaps_port}
  }}
}}
service lmtp {{
  inet_listener lmtp {{
    address = 127.0.0.1
    port = {lmtp_port}
  }}
}}
protocol lmtp {{
  lmtp_rcpt_check_quota = no
}}
"""


def missing(*programs: str) -> str:
    """Return why these servers cannot be started, "" when they can."""
    places = f"{os.environ.get('PATH', '')}:/usr/sbin"
    absent = [name for name in programs if shutil.which(name, path=places) is None]
    return ", ".join(f"{name} is missing (apt package {PACKAGES[name]})" for name in absent)


def make_certificate(folder: Path) -> None:
    """Write cert.pem and key.pem for localhost and 127.0.0.1."""
    subprocess.run(
        [
            "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
            "-nodes", "-days", "2", "-subj", "/CN=localhost",
            "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
            "-keyout", folder / "key.pem", "-out", folder / "cert.pem",
        ],
        check=True,
        capture_output=True,
    )  # fmt: skip


def wait_until_greeted(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    """Return once the server on that port has said its first word."""
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=START_S) as line:
                if line.recv(1):
                    return
        except OSError:
            time.sleep(STEP_S)
    raise RuntimeError(f"does not start:\n{log.read_text() if log.exists() else ''}")


@contextmanager
def running(command: Sequence[str | Path], port: int, log: Path) -> Iterator[None]:
    with log.open("ab") as written:
        process = subprocess.Popen(command, stdout=written, stderr=written, start_new_session=True)
    try:
        wait_until_greeted(port, process, log)
        yield
    finally:
        _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the server and its processes, which otherwise wait for each other for seconds."""
    for sign in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):  # all of them are gone
            os.killpg(process.pid, sign)
        with suppress(subprocess.TimeoutExpired):
            process.wait(STOP_S)


# --- dovecot -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Dovecot:
    """A running dovecot with many users and one password, `PASSWORD`."""

    folder: Path
    port: int  # IMAP, STARTTLS
    tls_port: int  # IMAPS
    lmtp_port: int
    numbers: Iterator[int] = field(default_factory=partial(iter, range(MAILBOXES)))

    @property
    def certificate(self) -> Path:
        return self.folder / "cert.pem"

    def mailbox(self) -> Mailbox:
        """Return a mailbox that nobody else uses."""
        return Mailbox(self, f"user{next(self.numbers)}")


@dataclass(frozen=True)
class Mailbox:
    """One user's mail."""

    server: Dovecot
    user: str

    def url(self, port: int = 0) -> str:
        return f"imap://{self.user}@127.0.0.1:{port or self.server.port}/INBOX"

    def deliver(self, *mails: bytes, folder: str = "") -> None:
        """Have mails put into INBOX, or into another folder that exists."""
        address = f"{self.user}+{folder}@town.test" if folder else f"{self.user}@town.test"
        with smtplib.LMTP("127.0.0.1", self.server.lmtp_port) as line:
            for mail in mails:
                line.sendmail("sender@home.test", [address], mail)

    def files(self, folder: str = "") -> list[Path]:
        """Return the files of a folder's messages ("" is INBOX), whoever reads them."""
        place = self.server.folder / "mail" / self.user / (f".{folder}" if folder else "")
        return [path for part in ("new", "cur") for path in (place / part).glob("*")]

    def count(self, folder: str = "") -> int:
        """Return how many messages a folder holds; those marked as deleted do not count."""
        return sum("T" not in path.name.partition(":2,")[2] for path in self.files(folder))

    @contextmanager
    def opened(self) -> Iterator[imaplib.IMAP4]:
        """Another program looks into the mailbox."""
        client = imaplib.IMAP4("127.0.0.1", self.server.port)
        try:
            client.authenticate("PLAIN", lambda _: f"\0{self.user}\0{PASSWORD}".encode())
            client.select("INBOX")
            yield client
        finally:
            client.logout()


@contextmanager
def dovecot(*, capability: str = "", tls: bool = True) -> Iterator[Dovecot]:
    """Start one; `capability` is all it admits to be capable of ("": everything).

    Its login process refuses to be root: as root, all of it runs as nobody, in a folder of its own
    (pytest's are closed to others, and closed again whenever another pytest starts).
    """
    is_root = os.getuid() == 0
    person = pwd.getpwnam("nobody") if is_root else pwd.getpwuid(os.getuid())
    group = grp.getgrgid(person.pw_gid).gr_name
    with tempfile.TemporaryDirectory(prefix="townline-dovecot-") as name:
        base = Path(name)
        for part in ("run", "state", "mail", "home"):
            (base / part).mkdir()
        make_certificate(base)
        made = Dovecot(base, free_port(), free_port(), free_port())
        rest = f"{{PLAIN}}{PASSWORD}:{person.pw_uid}:{person.pw_gid}::{base}/home::"
        users = "".join(f"user{number}:{rest}\n" for number in range(MAILBOXES))
        (base / "users").write_text(users, encoding="utf-8")
        conf = DOVECOT_CONF.format(
            base=base, user=person.pw_name, group=group, ssl="yes" if tls else "no",
            imap_port=made.port, imaps_port=made.tls_port if tls else 0, lmtp_port=made.lmtp_port,
        )  # fmt: skip
        if capability:
            conf += f"imap_capability = {capability}\n"
        (base / "conf").write_text(conf, encoding="utf-8")
        command: list[str | Path] = ["/usr/sbin/dovecot", "-F", "-c", base / "conf"]
        if is_root:
            for path in (base, *base.rglob("*")):
                os.chown(path, person.pw_uid, person.pw_gid)
            who = [f"--reuid={person.pw_name}", f"--regid={group}", "--clear-groups"]
            command = ["setpriv", *who, *command]
        with running(command, made.port, base / "output"):
            yield made


# --- OpenSMTPD -----------------------------------------------------------------------------------

OPENSMTPD_CONF: Final = """
listen on 127.0.0.1 port {port} hostname mta.test
bounce warn-interval 1s
action "in" relay host smtp://127.0.0.1:{town_port}
action "out" relay host smtp://127.0.0.1:{world_port}
match from any for domain "town.test" action "in"
match from any for any action "out"
"""


@contextmanager
def opensmtpd(folder: Path, *, town_port: int, world_port: int) -> Iterator[int]:
    """Start one that hands mail for town.test to one port and all other mail to another.

    Yields its port. It tells a sender of a delay after a second. It must be started by root, and
    has one queue for the whole machine: a second one waits for the first to end.
    """
    port = free_port()
    conf = folder / "smtpd.conf"
    conf.write_text(
        OPENSMTPD_CONF.format(port=port, town_port=town_port, world_port=world_port),
        encoding="utf-8",
    )
    with (Path(tempfile.gettempdir()) / "townline-tests-opensmtpd.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        command: list[str | Path] = ["/usr/sbin/smtpd", "-d", "-f", conf]
        with running(command, port, folder / "smtpd.log"):
            try:
                yield port
            finally:
                subprocess.run(
                    ["/usr/sbin/smtpctl", "remove", "all"], capture_output=True, check=False
                )
