"""Is the process alive, can it serve, and what should worry the operator.

Alive: it answers. Ready: a policy is in force and what comes in can be stored; otherwise the
answer is 503 with the reasons. Warnings do not make it unready.
"""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable
from typing import Final, Protocol

import msgspec
import structlog
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from router.core.model import SECOND, Span
from router.core.state import State
from router.errors import StorageError
from router.ports import Clock
from router.runtime.metrics import Metrics
from router.runtime.sequencer import Sequencer

BEHIND_MAX: Final[Span] = SECOND  # wall clock set back by more than this is told

log = structlog.get_logger(__name__)


class Room(Protocol):
    """Where the journal grows."""

    def free_bytes(self) -> int:
        """Return what it may still grow by. Errors: `StorageFailed`."""
        ...


class Health:
    """A `Duty` that looks at what nobody tells, and the routes that answer."""

    name = "health"
    period: Span = 10 * SECOND

    def __init__(
        self,
        sequencer: Sequencer,
        room: Room,
        clock: Clock,
        metrics: Metrics,
        *,
        free_bytes_min: int,
        ahead_of_wall: Callable[[], Span],
    ) -> None:
        self.stopping = False
        self._sequencer = sequencer
        self._room = room
        self._clock = clock
        self._metrics = metrics
        self._free_bytes_min = free_bytes_min
        self._ahead_of_wall = ahead_of_wall
        self._warnings: dict[str, str] = {}  # by event name

    async def __call__(self) -> None:
        """Look at the disk and the clock; an alarm is logged when it begins and when it ends."""
        try:
            free = self._room.free_bytes()
            few = f"{free} bytes free, alarm below {self._free_bytes_min}: make room"
            self._warn("disk_nearly_full", few if free < self._free_bytes_min else "")
            self._warn("disk_unreadable", "")
        except StorageError as error:
            self._warn("disk_unreadable", str(error))
        ahead = self._ahead_of_wall()
        back = f"the machine's clock is {ahead / SECOND:.1f} s behind the journal: set it right"
        self._warn("clock_set_back", back if ahead > BEHIND_MAX else "")
        self._metrics.ready.set(not await self.reasons())

    async def reasons(self) -> list[str]:
        """Return why nothing can be served; [] when all is well."""
        reasons = []
        if self.stopping:
            reasons.append("stopping")
        if self._sequencer.trouble:
            reasons.append(f"storage: {self._sequencer.trouble}")
        try:
            if not await self._sequencer.read(lambda state: state.policy_hash):
                reasons.append("no policy adopted yet")
        except StorageError:
            pass  # told above
        return reasons

    def _warn(self, name: str, text: str) -> None:
        if text and name not in self._warnings:
            log.error(name, why=text)
        if text:
            self._warnings[name] = text
        elif self._warnings.pop(name, ""):
            log.info(f"{name}_over")

    # --- routes ----------------------------------------------------------------------------------

    def routes(self) -> list[Route]:
        """Return what the daemon's application serves."""
        return [
            Route("/healthz", self._healthz),
            Route("/readyz", self._readyz),
            Route("/metrics", self._metrics_text),
        ]

    async def _healthz(self, request: Request) -> Response:
        return PlainTextResponse("alive\n")

    async def _readyz(self, request: Request) -> Response:
        reasons = await self.reasons()
        body = {"ready": not reasons, "reasons": reasons, "warnings": [*self._warnings.values()]}
        self._metrics.ready.set(not reasons)
        return Response(
            msgspec.json.encode(body), 503 if reasons else 200, media_type="application/json"
        )

    async def _metrics_text(self, request: Request) -> Response:
        now = self._clock.now()

        def text(state: State) -> bytes:
            return self._metrics.text(state, now)

        try:
            body = await self._sequencer.read(text)
        except StorageError as error:
            return PlainTextResponse(f"{error.code}\n", 503)
        return Response(body, media_type="text/plain; version=0.0.4; charset=utf-8")


def status_route(token: str, status: Callable[[], Awaitable[bytes]]) -> Route:
    """Return the route that `townline status` of the same data folder asks, and nobody else."""

    async def answer(request: Request) -> Response:
        given = request.headers.get("authorization", "").removeprefix("Bearer ")
        if not hmac.compare_digest(given.encode(), token.encode()):
            return PlainTextResponse("not-allowed\n", 403)
        try:
            return Response(await status(), media_type="application/json")
        except StorageError as error:
            return PlainTextResponse(f"{error.code}\n", 503)

    return Route("/statusz", answer)
