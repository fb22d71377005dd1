"""The wallboard: what a second costs the daemon, and whether the page is smooth.

    .venv/bin/python -m benchmarks.wallboard 500 2000

So many agents are in talks, so many callers wait, in the shipped town's queues; each second ten
agents finish and take the next caller, and ten callers come. First the daemon's part alone: CPU and
bytes of a picture and of what has changed. Then a real Chromium with the page: the time between
frames in each view while the figures run, a line of many looked into and scrolled through.
"""

from __future__ import annotations

import asyncio
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Final

import msgspec
import structlog
from msgspec.structs import replace
from playwright.sync_api import Page, sync_playwright

from benchmarks.towns import code, shipped, with_agents
from router.core import commands as c
from router.core.model import SECOND, AgentStatus, ItemId, ItemState, LegResult
from router.core.policy import Policy
from router.core.state import State
from router.desk.browsers import COOKIE
from router.desk.town import status_view
from router.desk.watching import Viewer
from tests.chromium import CHROMIUM, FLAGS
from tests.desk.house import House, house

TURNOVER: Final = 10  # agents who finish, and callers who come, each second
WATCHED_S: Final = 20
LEASE_EVERY: Final = 5  # seconds
FRAMES: Final = """seconds => new Promise(done => {
  const gaps = [], began = performance.now();
  let last = began;
  const frame = now => {
    gaps.push(now - last);
    last = now;
    if (now - began < seconds * 1000) requestAnimationFrame(frame); else done(gaps.slice(1));
  };
  requestAnimationFrame(frame);
})"""
SCROLL: Final = """() => {
  const list = document.querySelector('.scroll');
  let by = 40;
  setInterval(() => {
    if (list.scrollTop + list.clientHeight >= list.scrollHeight) by = -40;
    if (list.scrollTop <= 0) by = 40;
    list.scrollTop += by;
  }, 16);
}"""


class Town:
    """A town at work in this process, without a disk."""

    def __init__(self, made: House) -> None:
        self.made = made
        self.rng = random.Random(5)
        self.calls = 0

    @property
    def state(self) -> State:
        return self.made.engine.state

    async def do(self, command: c.Command) -> None:
        await self.made.inbox.submit(command, lambda _: None)

    async def call(self) -> None:
        """Somebody rings and gets into a line."""
        self.calls += 1
        item = await self.made.call(f"C{self.calls:06}")
        for _ in range(4):
            row = self.state.items[item]
            if row.state is not ItemState.IN_FLOW or row.flow is None:
                return
            await self.do(c.AdvanceFlow(item, row.flow.step, digits=self.rng.choice("123")))

    async def sign_in(self) -> None:
        for agent in self.state.policy.agents:
            await self.do(c.SignIn(agent, f"desk-{agent}"))
            await self.do(c.SetStatus(agent, AgentStatus.AVAILABLE))

    async def accept(self) -> None:
        """Everybody takes what they are offered."""
        for agent in list(self.state.agents.values()):
            if agent.offer is None:
                continue
            item = self.state.offers[agent.offer].item
            await self.do(c.AcceptOffer(agent.offer, agent.id))
            leg = f"leg-{item}"
            await self.do(c.ReportLeg(item, leg="agent", call_id=leg, result=LegResult.ANSWERED))

    async def turn(self, second: int) -> None:
        """One second of a busy day."""
        if second % LEASE_EVERY == 0:
            desks = tuple((agent.id, agent.desk) for agent in self.state.agents.values())
            await self.do(c.RenewLeases(desks))
        busy = [agent for agent in self.state.agents.values() if agent.holdings]
        wrap_up = code(self.state.policy)
        for agent in self.rng.sample(busy, min(TURNOVER, len(busy))):
            held = agent.holdings[0]
            if held.state != "offered":
                await self.do(c.CloseItem(ItemId(held.item), agent.id, code=wrap_up))
        for _ in range(TURNOVER):
            await self.call()
        await self.accept()


def policy_of(agents: int) -> Policy:
    """Return the shipped town with so many agents, and room in its lines."""
    policy = with_agents(shipped(), agents)
    queues = {
        name: replace(queue, length_max=0, length_per_agent=0, wait_max=0, fates={})
        for name, queue in policy.queues.items()
    }
    return replace(policy, queues=queues)


@asynccontextmanager
async def town(agents: int, waiting: int) -> AsyncIterator[Town]:
    """Run a town in which everybody has a caller and so many wait."""
    with tempfile.TemporaryDirectory() as folder:
        async with house(Path(folder), policy=policy_of(agents)) as made:
            found = Town(made)
            await found.sign_in()
            for _ in range(agents + waiting):
                await found.call()
            await found.accept()
            yield found


async def serve(agents: int, waiting: int) -> None:
    """Serve it, say where, and let it go on by the clock until the input ends."""
    async with town(agents, waiting) as found:
        print(found.made.url, await found.made.token("sam"), flush=True)
        began, second = time.monotonic(), 0
        while True:
            await asyncio.sleep(max(0.0, began + second + 1 - time.monotonic()))
            second += 1
            await found.made.pass_time(SECOND)
            await found.turn(second)
            for duty in found.made.surface.duties():
                await duty()


async def alone(agents: int, waiting: int) -> None:
    """Tell what the daemon spends on wallboards."""
    async with town(agents, waiting) as found:
        watching = next(d for d in found.made.surface.duties() if d.name == "wallboards")
        lines = found.state.index.lines
        queue = max(lines, key=lambda each: len(lines[each]))[0]
        for looked_into in ("", str(queue)):
            viewers = [Viewer() for _ in range(3)]
            for viewer in viewers:
                await watching.watch(viewer, looked_into)  # type: ignore[attr-defined]
            first = _bytes(viewers[0])
            spent: list[float] = []
            told: list[int] = []
            for second in range(1, WATCHED_S + 1):
                await found.made.pass_time(SECOND)
                await found.turn(second)
                began = time.process_time()
                await watching()
                spent.append((time.process_time() - began) * 1000)
                told += [_bytes(viewer) for viewer in viewers]
            waits = sum(len(line) for line in lines.values())
            in_line = sum(len(line) for key, line in lines.items() if key[0] == queue)
            what = f"and the line of {queue}, {in_line} long" if looked_into else "without a line"
            print(
                f"{len(found.state.agents)} agents, {waits} waiting, {what}: CPU a second "
                f"{statistics.median(spent):.1f} ms (most {max(spent):.1f}); whole "
                f"{first / 1000:.0f} kB, each second {statistics.median(told) / 1000:.1f} kB"
            )
            for viewer in viewers:
                watching.part(viewer)  # type: ignore[attr-defined]
        began = time.process_time()
        for _ in range(WATCHED_S):
            view = status_view(found.state, found.made.about, found.made.clock.now())
            size = len(msgspec.json.encode(view))
        spent_ms = (time.process_time() - began) * 1000 / WATCHED_S
        print(f"/api/v1/status instead, for each who asks: {spent_ms:.1f} ms, {size / 1000:.0f} kB")


def _bytes(viewer: Viewer) -> int:
    """Return how much a viewer is told, and take it as told."""
    return sum(len(str(viewer.told.get_nowait())) for _ in range(viewer.told.qsize()))


@contextmanager
def served(agents: int, waiting: int) -> Iterator[tuple[str, str]]:
    """Serve the town in another process; give its address and a supervisor's token."""
    words = [sys.executable, "-m", "benchmarks.wallboard", "serve", str(agents), str(waiting)]
    with subprocess.Popen(
        words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        try:
            assert process.stdout is not None
            url, token = process.stdout.readline().split()
            yield url, token
        finally:
            process.terminate()


def frames(page: Page, what: str) -> None:
    """Tell how long the frames took."""
    gaps = sorted(page.evaluate(FRAMES, WATCHED_S))
    late = sum(gap > 50 for gap in gaps)
    print(
        f"{what}: {len(gaps) / WATCHED_S:.0f} frames/s, p50 {gaps[len(gaps) // 2]:.1f} ms, "
        f"p99 {gaps[len(gaps) * 99 // 100]:.1f} ms, longest {gaps[-1]:.1f} ms, over 50 ms: {late}"
    )


def in_browser(agents: int, waiting: int) -> None:
    """Tell how smooth the page is."""
    if CHROMIUM is None:
        sys.exit("chromium is missing (apt package chromium)")
    with served(agents, waiting) as (url, token), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        context = browser.new_context(viewport={"width": 1600, "height": 900}, locale="en-CA")
        context.add_cookies([{"name": COOKIE, "value": token, "url": url}])
        page = context.new_page()
        page.goto("about:blank")
        frames(page, "an empty page")
        page.goto(f"{url}/desk/wall")
        page.locator("table tbody tr").first.wait_for()
        print(f"elements in the page: {page.evaluate('document.querySelectorAll(`*`).length')}")
        frames(page, "table and agents")
        page.evaluate(SCROLL)
        frames(page, "the same, agents scrolled")
        longest = "() => [...document.querySelectorAll('tbody tr')].reduce((a, b) =>"
        longest += " +a.cells[1].textContent > +b.cells[1].textContent ? a : b)"
        page.evaluate_handle(longest).as_element().query_selector("button").click()  # type: ignore[union-attr]
        page.locator(".side li").first.wait_for()
        page.evaluate(SCROLL)
        frames(page, "the longest line, scrolled")
        page.get_by_role("button", name="Wall", exact=True).click()
        frames(page, "large figures")
        browser.close()


def main(arguments: list[str]) -> None:
    """Measure, or serve for another process that measures."""
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    if arguments[:1] == ["serve"]:
        asyncio.run(serve(int(arguments[1]), int(arguments[2])))
        return
    agents, waiting = (int(word) for word in arguments or ("500", "2000"))
    asyncio.run(alone(agents, waiting))
    in_browser(agents, waiting)


if __name__ == "__main__":
    main(sys.argv[1:])
