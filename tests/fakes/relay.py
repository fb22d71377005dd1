"""A TCP wire on 127.0.0.1: to one server or to several in turn, that can be cut and mended.

While it is cut nothing passes and nobody is told: what was sent waits, as on a real network.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from typing import Final

AGAIN_S: Final = 0.1
CHUNK: Final = 65_536
Pair = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Relay:
    """Takes connections (`serve`) and passes them on to the targets, in turn.

    Args:
        patience_s: how long a connection waits for a target that takes it; then it is closed.
        swaps: what targets say is passed on with these octets replaced, each by as many.
    """

    def __init__(
        self,
        *targets: int,
        patience_s: float = 0.0,
        swaps: Mapping[bytes, bytes] | None = None,
    ) -> None:
        self.targets = targets
        self._patience_s = patience_s
        self._swaps = dict(swaps or {})
        self._turn = 0
        self._under_way: dict[asyncio.Task[None], int] = {}
        self._whole = asyncio.Event()
        self._whole.set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Pass one connection on until either end closes it."""
        task = asyncio.current_task()
        assert task is not None
        self._under_way[task] = 0
        ends = [writer]
        try:
            target, (ours, theirs) = await self._connected()
            self._under_way[task] = target
            ends.append(theirs)
            await asyncio.gather(
                self._copy(reader, theirs, {}), self._copy(ours, writer, self._swaps)
            )
        except (OSError, TimeoutError, asyncio.CancelledError):
            pass  # whoever connected tries again
        finally:
            del self._under_way[task]
            for end in ends:
                end.close()
                with suppress(OSError):
                    await end.wait_closed()

    def choose(self, *targets: int) -> None:
        """Send everybody there; connections to others end, so that they begin anew."""
        self.targets = targets
        for task, target in self._under_way.items():
            if target not in targets and target:
                task.cancel()

    def cut(self) -> None:
        """Let nothing pass."""
        self._whole.clear()

    def mend(self) -> None:
        """Let everything pass, what was held up first."""
        self._whole.set()

    async def _connected(self) -> tuple[int, Pair]:
        async with asyncio.timeout(self._patience_s or None):
            while True:
                await self._whole.wait()
                for _ in self.targets:
                    self._turn += 1
                    target = self.targets[self._turn % len(self.targets)]
                    with suppress(OSError):
                        return target, await asyncio.open_connection("127.0.0.1", target)
                if not self._patience_s:
                    raise ConnectionRefusedError
                await asyncio.sleep(AGAIN_S)

    async def _copy(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        swaps: Mapping[bytes, bytes],
    ) -> None:
        with suppress(OSError):
            while body := await reader.read(CHUNK):
                for old, new in swaps.items():
                    body = body.replace(old, new)
                await self._whole.wait()
                if writer.is_closing():  # the other direction has ended it
                    return
                writer.write(body)
                await writer.drain()
        writer.close()
