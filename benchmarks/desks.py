"""A hundred desks: from the engine's event to the painted offer, and memory for each desk.

    .venv/bin/python -m benchmarks.desks [DESKS] [PAGES] [OFFERS]

The real daemon with so many agents, each with a desk of their own over the WebSocket: so many in
real Chromium, each page in a profile of its own, the others as clients of the protocol. Four forms
a second are offered to those in the pages, six a second to the others; whoever is offered one takes
and closes it. The page notes when the offer came over its socket and when the second frame after it
was shown began; both are compared with `made_at` of the engine, by the same clock. Beside it in the
same run: the pages alone, nobody else connected.

Memory is the proportional set size. Of the daemon: between nobody and everybody at clients of the
protocol, nothing offered yet; beside it as many connections to a bare Starlette under uvicorn
(`bare_chat`). Of a page: its heap after a collection, and what all of Chromium grows by for each;
beside it an empty page.
"""

from __future__ import annotations

import asyncio
import os
import re
import sys
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Final, NamedTuple

import msgspec
from playwright.async_api import Browser, Page, async_playwright
from websockets.asyncio.client import connect

from benchmarks.chat_client import BASE
from benchmarks.desk_client import DeskClient
from benchmarks.servers import Server, bare, daemon, temporary_folder, town_copy
from benchmarks.towns import code, shipped
from benchmarks.wire import BadAnswer, Lines, median, percentile, post
from router.core.model import SECOND
from router.desk.browsers import COOKIE
from router.history.database import Database, default_url
from router.history.sessions import Sessions
from router.runtime.clock import SystemClock
from tests.chromium import CHROMIUM, FLAGS
from tests.end_to_end.rig import ALWAYS_OPEN

WRAP_UP: Final = code(shipped())
WHO: Final = {"name": "Ada Example", "email": "ada@example.org"}
SETTLE_S: Final = 8.0
ACCOUNTS_S: Final = 60.0
CLOCK: Final = SystemClock(0)
WATCH: Final = """code => {
  const root = new URL('../', location.href).pathname;
  const told = new Set();
  let offered = null;
  window.noted = [];
  window.act = (what, body) => fetch(`${root}api/v1/agents/me/${what}`, {
    method: 'POST', body: JSON.stringify(body),
    headers: {'X-Townline': root, 'Content-Type': 'application/json'},
  });
  const take = async ({offer, item, made, came}, painted) => {
    window.noted.push([came - made, painted - made]);
    await window.act('accept', {offer});
    await window.act('close', {item, code, note: ''});
  };
  window.heard = text => {
    const said = JSON.parse(text);
    if (said.type !== 'offer' || told.has(said.offer.offer)) return;
    told.add(said.offer.offer);
    const {offer, item, made_at} = said.offer;
    offered = {offer, item, made: Date.parse(made_at), came: Date.now()};
  };
  const look = () => {
    if (offered === null || !document.querySelector('section[aria-label="Offered to you"]')) return;
    const one = offered;
    offered = null;
    requestAnimationFrame(() => requestAnimationFrame(() => void take(one, Date.now())));
  };
  new MutationObserver(look).observe(document.body, {childList: true, subtree: true});
}"""
LISTEN: Final = """(() => {
  const Bare = window.WebSocket;
  window.WebSocket = class extends Bare {
    constructor(...given) {
      super(...given);
      this.addEventListener('message', event => window.heard?.(event.data));
    }
  };
})()"""


class Traffic(NamedTuple):
    """Forms that are offered to those who have the skill."""

    skill: str
    form: str
    fields: dict[str, str]
    a_second: float


IN_PAGES: Final = Traffic("general", "inquiry", {"question": "When is the market?"}, 4.0)
AT_SOCKETS: Final = Traffic("clerks", "licence", {"kind": "marriage", "message": "How?"}, 6.0)


class Noted(NamedTuple):
    """Milliseconds after the engine's event."""

    came: list[float]  # over the page's socket
    painted: list[float]


def prepare(folder: Path, desks: int, pages: int) -> list[str]:
    """Write a town, always open, with that many more agents; return them, those in pages first."""
    town = town_copy(folder)
    for name, replacements in ALWAYS_OPEN.items():
        path = town / name
        text = path.read_text(encoding="utf-8")
        for old, new in replacements:
            text = text.replace(old, new)
        path.write_text(text, encoding="utf-8")
    names = [f"desk{n:03}" for n in range(desks)]
    with (town / "skills.yaml").open("a", encoding="utf-8") as file:
        for n, name in enumerate(names):
            skill = (IN_PAGES if n < pages else AT_SOCKETS).skill
            file.write(
                f"  {name}:\n    name: {name}\n    team: information\n    capacity: text_only\n"
                f"    skills: {{english: 10, {skill}: 9}}\n"
            )
    return names


async def sessions(folder: Path, names: list[str]) -> dict[str, str]:
    """Open everybody's session, past the brake on passwords of one address; return the tokens."""
    said = folder / "log"
    ends = CLOCK.now() + ACCOUNTS_S * SECOND
    while b"practice accounts" not in said.read_bytes():
        if CLOCK.now() > ends:
            raise BadAnswer("the accounts are not made")
        await asyncio.sleep(0.2)
    database = Database(default_url(folder / "var"))
    await database.open()
    try:
        made = Sessions(database, CLOCK)
        return {name: await made.open(name) for name in names}
    finally:
        await database.close()


class Office:
    """Everybody at their desks, and residents who send forms."""

    def __init__(self, server: Server, browser: Browser) -> None:
        self.server = server
        self.pages: list[Page] = []
        self._browser = browser
        self._lines = Lines(server.port)
        self._sent = 0
        self._is_over = False

    async def in_page(self, token: str) -> None:
        """Have somebody at a desk in a profile of their own."""
        context = await self._browser.new_context(locale="en-CA")
        url = f"http://127.0.0.1:{self.server.port}"
        await context.add_cookies([{"name": COOKIE, "value": token, "url": url}])
        await context.add_init_script(LISTEN)
        page = await context.new_page()
        await page.goto(f"{url}/desk/")
        await page.get_by_role("button", name="Status:").wait_for()
        await page.evaluate(WATCH, WRAP_UP)
        await page.evaluate("window.act('status', {status: 'available'})")
        self.pages.append(page)

    async def send(self, kind: Traffic) -> None:
        """Send forms until it is over."""
        line = await self._lines.take()
        while not self._is_over:
            await asyncio.sleep(1 / kind.a_second)
            self._sent += 1
            body = {**kind.fields, **WHO, "email": f"ada{self._sent}@example.org"}
            request = post(f"/forms/{kind.form}", msgspec.json.encode(body), "application/json")
            status, answer = await line.ask(request)
            if status != 201:
                raise BadAnswer(f"{status}: {answer[:200]!r}")

    async def offered(self, offers: int, *kinds: Traffic) -> Noted:
        """Send forms until so many offers were painted; return what the pages have noted."""
        for page in self.pages:
            await page.evaluate("window.noted.length = 0")
        rows: list[list[float]] = []
        self._is_over = False
        async with asyncio.TaskGroup() as senders:
            for kind in kinds:
                senders.create_task(self.send(kind))
            while len(rows) < offers:
                await asyncio.sleep(0.5)
                rows = [row for page in self.pages for row in await page.evaluate("window.noted")]
            self._is_over = True
        return Noted([row[0] for row in rows], [row[1] for row in rows])


async def at_socket(
    port: int, name: str, token: str, tasks: asyncio.TaskGroup
) -> asyncio.Task[None]:
    """Have somebody at a desk without a page, who takes and closes what they are offered."""
    desk = DeskClient(port, name)
    await desk.open(token)

    async def work() -> None:
        async with asyncio.TaskGroup() as both:
            both.create_task(desk.attend())
            await desk.do("status", status="available")
            while True:
                _, offer = await desk.offers.get()
                if await desk.may("accept", offer=offer["offer"]):
                    await desk.do("close", item=offer["item"], code=WRAP_UP, note="")

    return tasks.create_task(work())


def told(noted: Noted, who: str) -> float:
    """Print one line; return the median of the painted."""
    print(
        f"{who}: {len(noted.painted)} offers, painted p50 {median(noted.painted):.0f} ms, "
        f"p99 {percentile(noted.painted, 0.99):.0f} ms, longest {max(noted.painted):.0f} ms; "
        f"over the socket p50 {median(noted.came):.0f} ms, p99 {percentile(noted.came, 0.99):.0f}",
        flush=True,
    )
    return median(noted.painted)


def kilobytes(pid: int) -> int:
    """Return the proportional set size of a process (Linux)."""
    text = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="utf-8")
    return int(re.findall(r"^Pss: +(\d+)", text, re.MULTILINE)[0])


def of_chromium() -> float:
    """Return the megabytes of every process of Chromium below this one."""
    parents, found = {}, []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            parents[int(path.name)] = int((path / "stat").read_text().rpartition(")")[2].split()[1])
            if b"chromium" in (path / "cmdline").read_bytes().split(b"\0")[0]:
                found.append(int(path.name))
        except OSError:
            continue  # has ended meanwhile

    def is_below(pid: int) -> bool:
        while pid > 1 and pid != os.getpid():
            pid = parents.get(pid, 0)
        return pid == os.getpid()

    return sum(kilobytes(pid) for pid in found if is_below(pid)) / 1e3


async def of_pages(office: Office, browser: Browser, before: float) -> None:
    """Tell what the pages hold; `before`: the megabytes of Chromium with one empty page."""
    heaps = []
    for page in office.pages:
        session = await page.context.new_cdp_session(page)
        await session.send("HeapProfiler.collectGarbage")
        heaps.append((await session.send("Runtime.getHeapUsage"))["usedSize"] / 1e6)
    count, full = len(office.pages), of_chromium()
    for _ in range(count):
        await (await (await browser.new_context()).new_page()).goto("about:blank")
    await asyncio.sleep(SETTLE_S)
    desk, empty = (full - before) / count, (of_chromium() - full) / count
    print(
        f"a page: heap {median(heaps):.1f} MB; Chromium grows by {desk:.0f} MB for each, by "
        f"{empty:.0f} MB for an empty one, ratio {desk / empty:.1f}"
    )


async def of_bare(folder: Path, desks: int) -> float:
    """Return the kilobytes that a connection to the bare server takes."""
    with bare("bare_chat", str(folder / "bare.sqlite"), folder=folder) as server:
        before = kilobytes(server.pid)
        address = f"ws://127.0.0.1:{server.port}{BASE}/conversations"
        async with AsyncExitStack() as stack:
            for n in range(desks):
                url = f"{address}/c{n}/stream"
                await stack.enter_async_context(connect(url, compression=None, proxy=None))
            await asyncio.sleep(1)
            return (kilobytes(server.pid) - before) / desks


async def memory(folder: Path, names: list[str]) -> None:
    """Tell what a connected desk takes."""
    with daemon(folder) as server:
        tokens = await sessions(folder, names)
        await asyncio.sleep(SETTLE_S)
        nobody = kilobytes(server.pid)
        async with asyncio.TaskGroup() as tasks:
            working = [await at_socket(server.port, one, tokens[one], tasks) for one in names]
            await asyncio.sleep(SETTLE_S)
            everybody = kilobytes(server.pid)
            for each in working:
                each.cancel()
    desk, connection = (everybody - nobody) / len(names), await of_bare(folder, len(names))
    print(
        f"daemon: {nobody / 1e3:.0f} MB with nobody, {everybody / 1e3:.0f} MB with {len(names)} "
        f"desks: {desk:.0f} kB each; bare connection {connection:.0f} kB, ratio "
        f"{desk / connection:.1f}",
        flush=True,
    )


async def painting(folder: Path, names: list[str], pages: int, offers: int) -> None:
    """Tell how soon an offer is painted, and what the pages hold."""
    async with AsyncExitStack() as stack:
        server = stack.enter_context(daemon(folder))
        tokens = await sessions(folder, names)
        playwright = await stack.enter_async_context(async_playwright())
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        stack.push_async_callback(browser.close)
        first = await browser.new_page()  # what the first page brings along is nobody's own
        await first.goto("about:blank")
        await asyncio.sleep(SETTLE_S)
        before = of_chromium()
        office = Office(server, browser)
        for name in names[:pages]:
            await office.in_page(tokens[name])
        few = told(await office.offered(offers, IN_PAGES), f"{pages} pages alone")
        async with asyncio.TaskGroup() as tasks:
            rest = names[pages:]
            working = [await at_socket(server.port, one, tokens[one], tasks) for one in rest]
            await asyncio.sleep(SETTLE_S)
            noted = await office.offered(offers, IN_PAGES, AT_SOCKETS)
            many = told(noted, f"{pages} pages and {len(rest)} clients")
            print(f"ratio of the medians: {many / few:.2f}", flush=True)
            for each in working:
                each.cancel()
        await of_pages(office, browser, before)


def main(arguments: list[str]) -> None:
    """Measure."""
    if CHROMIUM is None:
        sys.exit("chromium is missing (apt package chromium)")
    given = [int(word) for word in arguments]
    desks, pages, offers = [*given, *(100, 4, 400)[len(given) :]]
    print(f"load of the machine: {os.getloadavg()}")
    with temporary_folder() as name:
        folder = Path(name)
        names = prepare(folder, desks, pages)
        asyncio.run(memory(folder, names))
        asyncio.run(painting(folder, names, pages, offers))


if __name__ == "__main__":
    main(sys.argv[1:])
