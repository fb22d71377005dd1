"""An edited file is noticed once; other files are not."""

from __future__ import annotations

import asyncio

from router.policy.watch import changes
from tests.policy.conftest import Town


async def test_an_edited_policy_file_is_noticed_and_others_are_not(town: Town) -> None:
    noticed = asyncio.Event()
    ready = asyncio.Event()

    async def watch() -> None:
        ready.set()
        async for _ in changes(town.directory):
            noticed.set()
            return

    async with asyncio.TaskGroup() as group:
        group.create_task(watch())
        await ready.wait()
        file = town.directory / "config/queues.yaml"
        text = file.read_text(encoding="utf-8")
        (town.directory / "config/notes.txt").write_text("not policy")
        async with asyncio.timeout(20):
            while not noticed.is_set():  # the watch begins some time after the task does
                replacement = town.directory / "config/.queues.new"
                replacement.write_text(text, encoding="utf-8")
                replacement.replace(file)  # as editors save
                await asyncio.sleep(0.05)
