"""`townline migrate-journal`: the journal goes to another address."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from router.cli_installation import our_settings, terminal

if TYPE_CHECKING:
    from rich.console import Console

    from router.runtime.journal_copy import Contents, Progress


def migrate_journal(
    source: Annotated[str, typer.Argument(metavar="FROM", help="As in TOWNLINE_JOURNAL.")],
    target: Annotated[str, typer.Argument(metavar="TO", help="The same; holds nothing yet.")],
) -> None:
    """Copy the journal to another address and check it there; no daemon may run."""
    from router.runtime.logs import configure_logs
    from router.runtime.moving import at_address, move_journal

    settings, console = our_settings(), terminal()
    configure_logs("warning", settings.log.format)
    old = at_address(settings, "FROM", source)
    new = at_address(settings, "TO", target)
    with progress_bar(console) as progress:
        found = asyncio.run(move_journal(old, new, progress))
    show_contents(console, found)
    console.print(
        f"both ends hold this; start with TOWNLINE_JOURNAL={new.shown_journal}, never again with "
        f"{old.shown_journal}, which is as it was",
        highlight=False,
        soft_wrap=True,
    )


def show_contents(console: Console, found: Contents) -> None:
    """Say what a journal holds."""
    for name, value in (
        ("events", f"{found.version:,}"),
        ("batches", f"{found.batches:,}"),
        ("policies", str(found.policies)),
        ("words that history does not have yet", f"{found.words:,}"),
        ("hash of its contents", found.digest),
        ("hash of the state", found.state),
    ):
        console.print(f"{name}: {value}", highlight=False, soft_wrap=True)


@contextmanager
def progress_bar(console: Console) -> Iterator[Progress]:
    """Show how far each step is, one line for each."""
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bars

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Bars(*columns, TimeRemainingColumn(), console=console) as bars:
        steps = {}

        def progress(what: str, done: int, whole: int) -> None:
            if what not in steps:
                steps[what] = bars.add_task(what)
            bars.update(steps[what], completed=done, total=whole)

        yield progress
