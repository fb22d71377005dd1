"""Real Redis servers that Sentinels watch: a master, its replicas, and who names another master.

All of them are processes on free ports of 127.0.0.1, stopped by who started them. What a test does
to them happens to machines: killed, frozen (SIGSTOP) and set going again, started again.
"""

from __future__ import annotations

import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final, NamedTuple
from urllib.parse import quote

from redis import Redis
from redis.exceptions import RedisError

from tests.fakes.mail_servers import make_certificate
from tests.fakes.redis_server import PROGRAM
from tests.ports import free_ports

NAME: Final = "town"  # what the Sentinels call the master
REPLICA: Final = "replica"  # the user as whom replicas and Sentinels come
RIGHTS: Final = "~townline:* &townline:* +@all -@dangerous +info +config|get"  # as documented
OPENSSL: Final = shutil.which("openssl")
WITHIN_S: Final = 30.0
LOOK_S: Final = 0.02

DATA: Final = """
port {plain}
bind 127.0.0.1
dir "{folder}"
save ""
appendonly yes
appendfsync always
repl-diskless-sync-delay 0
repl-ping-replica-period 1
repl-timeout 10
"""
SENTINEL: Final = """
port {plain}
bind 127.0.0.1
dir "{folder}"
"""
TLS: Final = """
tls-port {port}
tls-cert-file {certificate}
tls-key-file {key}
tls-ca-cert-file {certificate}
tls-auth-clients no
tls-replication yes
"""


class Secrets(NamedTuple):
    """Who may speak to the servers, and to the Sentinels."""

    user: str = "townline"
    password: str = "geheim/1@a"  # must be quoted in an address
    replica_password: str = "treu"
    sentinel_password: str = "leise"


class Certificate(NamedTuple):
    """A certificate that signed itself, for 127.0.0.1."""

    certificate: Path
    key: Path


class Ground(NamedTuple):
    """What all processes have in common."""

    folder: Path
    master: int  # the port of the first one
    secrets: Secrets | None
    certificate: Certificate | None


class Node:
    """One process; its folder and port stay the same over restarts."""

    def __init__(self, folder: Path, port: int, text: str, *words: str, **access: Any) -> None:
        self.port = port
        self.client = Redis(
            host="127.0.0.1", port=port, socket_timeout=1, decode_responses=True, **access
        )
        self._configuration = folder / "redis.conf"
        self._words = words
        self._process: subprocess.Popen[bytes] | None = None
        folder.mkdir()
        self._configuration.write_text(text)

    def start(self) -> None:
        """Start it and wait until it answers."""
        assert PROGRAM is not None, "redis-server is not installed"
        self._process = subprocess.Popen(
            [PROGRAM, str(self._configuration), *self._words], stdout=subprocess.DEVNULL
        )
        until("the server answers", lambda: bool(self.client.ping()))

    def kill(self) -> None:
        """SIGKILL; harmless twice."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        self.client.close()

    def freeze(self) -> None:
        """Have it stand still: connections stay open and nothing is answered."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def cut_off(self, replica: Node) -> None:
        """Have a replica stand still, and nothing more sent to where it would read it later."""
        replica.freeze()
        for port in replica.ports_towards(self.port):
            self.client.client_kill(f"127.0.0.1:{port}")

    def ports_towards(self, port: int) -> list[int]:
        """Return its own ends of its connections to that port."""
        assert self._process is not None
        links = Path(f"/proc/{self._process.pid}/fd").iterdir()
        inodes = {str(link.readlink())[8:-1] for link in links}  # socket:[NUMBER]
        rows = [row.split() for row in Path("/proc/net/tcp").read_text().splitlines()[1:]]
        both = [(row[1], row[2]) for row in rows if row[9] in inodes]
        return [
            int(ours.rpartition(":")[2], 16)
            for ours, theirs in both
            if int(theirs.rpartition(":")[2], 16) == port
        ]

    def go_on(self) -> None:
        """Have it go on."""
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def told(self, *words: str) -> Any:
        """Say it to the server; return what it answers."""
        client: Any = self.client
        return client.execute_command(*words)

    def info(self) -> dict[str, Any]:
        """Return what it says of replication."""
        found: Any = self.client.info("replication")
        return dict(found)


class Watched:
    """The servers, the first of which is the master at the start, and the Sentinels."""

    def __init__(
        self,
        servers: list[Node],
        sentinels: list[Node],
        secrets: Secrets | None,
        certificate: Certificate | None,
    ) -> None:
        self.servers = servers
        self.sentinels = sentinels
        self.secrets = secrets
        self.certificate = certificate

    @property
    def url(self) -> str:
        """The address for `TOWNLINE_JOURNAL`."""
        hosts = ",".join(f"127.0.0.1:{each.port}" for each in self.sentinels)
        scheme, user, query = "redis+sentinel", "", f"master={NAME}"
        if self.certificate is not None:
            scheme = "rediss+sentinel"
            query += f"&ssl_ca_certs={self.certificate.certificate}"
        if self.secrets is not None:
            user = f"{self.secrets.user}:{quote(self.secrets.password, safe='')}@"
            query += f"&sentinel_password={self.secrets.sentinel_password}"
        return f"{scheme}://{user}{hosts}/0?{query}"

    @property
    def master(self) -> Node:
        """Who the Sentinels say is the master."""
        return self.of_port(self._of_any())

    def _of_any(self) -> int:
        for sentinel in self.sentinels:
            with suppress(RedisError):
                return _named(sentinel)
        raise AssertionError("no Sentinel answers")

    def of_port(self, port: int) -> Node:
        """Return the server on that port."""
        return next(each for each in self.servers if each.port == port)

    @property
    def replicas(self) -> list[Node]:
        """Everybody but the master, dead ones too."""
        master = self.master
        return [each for each in self.servers if each is not master]

    def promoted(self, old: Node) -> Node:
        """Wait until all Sentinels name another master, and that one knows; return it."""

        def is_another() -> bool:
            (port,) = {_named(each) for each in self.sentinels}  # ValueError while they differ
            return port != old.port and self.of_port(port).info()["role"] == "master"

        until("another master is named", is_another)
        return self.master

    def is_replica(self, node: Node) -> bool:
        """Say whether the server follows the master, and has got what there is."""
        found = node.info()
        return (
            found["role"] == "slave"
            and found["master_link_status"] == "up"
            and int(found["master_port"]) == self.master.port
        )

    def bring_back(self, node: Node) -> None:
        """Start a server that was killed; wait until it is a replica of today's master."""
        node.start()
        until("the old master follows", lambda: self.is_replica(node))


def _named(sentinel: Node) -> int:
    """Return the port of the master by that Sentinel."""
    found: Any = sentinel.client.sentinel_get_master_addr_by_name(NAME)
    return int(found[1])


def until(what: str, condition: Callable[[], bool]) -> None:
    """Return once it holds; what cannot be asked yet does not."""
    ends = time.monotonic() + WITHIN_S
    while True:
        with suppress(RedisError, OSError, ValueError):
            if condition():
                return
        assert time.monotonic() < ends, f"not reached: {what}"
        time.sleep(LOOK_S)  # real processes: there is nothing to wait on


def certificate_in(folder: Path) -> Certificate:
    """Have openssl make a certificate."""
    assert OPENSSL is not None, "openssl is not installed"
    make_certificate(folder)
    return Certificate(folder / "cert.pem", folder / "key.pem")


@contextmanager
def watched(
    *options: str,
    replicas: int = 2,
    sentinels: int = 3,
    down_after_ms: int = 1200,  # much less, and a master just promoted counts as dead
    secrets: Secrets | None = None,
    tls: bool = False,
) -> Iterator[Watched]:
    """Run a master, replicas and Sentinels that know each other; `options` are lines for servers.

    Durable as the documents ask for, except for what the options say.
    """
    with tempfile.TemporaryDirectory(prefix="sentinel-") as name:
        folder = Path(name)
        made = certificate_in(folder) if tls else None
        ports = free_ports(1 + replicas + sentinels)
        data, watching = ports[: 1 + replicas], ports[1 + replicas :]
        ground = Ground(folder, data[0], secrets, made)
        found = Watched(
            [_server(ground, port, options) for port in data],
            [_sentinel(ground, port, sentinels, down_after_ms) for port in watching],
            secrets,
            made,
        )
        try:
            for node in found.servers:
                node.start()
            until("all replicas follow", lambda: _follow(found.servers[0], replicas))
            for node in found.sentinels:
                node.start()
            until("all know each other", lambda: _know(found, replicas))
            yield found
        finally:
            for node in (*found.servers, *found.sentinels):
                node.kill()


def _follow(master: Node, replicas: int) -> bool:
    found = master.info()
    states = [found[f"slave{number}"]["state"] for number in range(found["connected_slaves"])]
    return states == ["online"] * replicas


def _know(it: Watched, replicas: int) -> bool:
    for sentinel in it.sentinels:
        told: Any = sentinel.client.sentinel_master(NAME)
        others = len(it.sentinels) - 1
        if (told["num-other-sentinels"], told["num-slaves"]) != (others, replicas):
            return False
        if told["flags"] != "master":
            return False
    return True


def _node(
    ground: Ground, port: int, template: str, rows: list[str], *words: str, **access: str
) -> Node:
    home, made = ground.folder / str(port), ground.certificate
    text = template.format(plain=0 if made else port, folder=home)
    speaks: dict[str, Any] = dict(access)
    if made:
        text += TLS.format(port=port, certificate=made.certificate, key=made.key)
        speaks |= {"ssl": True, "ssl_ca_certs": str(made.certificate)}
    return Node(home, port, "\n".join([text, *rows, ""]), *words, **speaks)


def _server(ground: Ground, port: int, options: tuple[str, ...]) -> Node:
    rows, secrets = list(options), ground.secrets
    if port != ground.master:
        rows.append(f"replicaof 127.0.0.1 {ground.master}")
    if secrets is None:
        return _node(ground, port, DATA, rows)
    rows += [
        f'user {secrets.user} on ">{secrets.password}" {RIGHTS}',
        f"user {REPLICA} on >{secrets.replica_password} ~* &* +@all",
        "user default off",
        f"masteruser {REPLICA}",
        f"masterauth {secrets.replica_password}",
    ]
    access = {"username": REPLICA, "password": secrets.replica_password}
    return _node(ground, port, DATA, rows, **access)


def _sentinel(ground: Ground, port: int, count: int, down_after_ms: int) -> Node:
    secrets = ground.secrets
    rows = [
        f"sentinel monitor {NAME} 127.0.0.1 {ground.master} {count // 2 + 1}",
        f"sentinel down-after-milliseconds {NAME} {down_after_ms}",
        f"sentinel failover-timeout {NAME} {3 * down_after_ms}",
        f"sentinel parallel-syncs {NAME} 2",
    ]
    if secrets is None:
        return _node(ground, port, SENTINEL, rows, "--sentinel")
    rows += [
        f"sentinel auth-user {NAME} {REPLICA}",
        f"sentinel auth-pass {NAME} {secrets.replica_password}",
        f"requirepass {secrets.sentinel_password}",
        f"sentinel sentinel-pass {secrets.sentinel_password}",
    ]
    return _node(ground, port, SENTINEL, rows, "--sentinel", password=secrets.sentinel_password)
