"""`townline resident` and `townline audit`: one resident's data, and who looked at whose.

Work beside a running daemon and without one. Without one the journal is read to its end first, so
that nothing of the resident is overlooked; beside one its feed is waited for.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import date, datetime, time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, TypeVar

import typer

from router.cli_history import catch_up, history, journal_of
from router.cli_installation import our_settings, terminal
from router.core.model import SECOND

if TYPE_CHECKING:
    from router.history.audit import AuditEntry
    from router.history.residents import Found, Redaction, Residents

T = TypeVar("T")

resident = typer.Typer(help="One resident's data: given out, or deleted.", no_args_is_help=True)

BY: Final = "operator"

Address = Annotated[str, typer.Argument(help="Mail address or telephone number.")]


@resident.command("export")
def resident_export(
    address: Address,
    to: Annotated[Path, typer.Option("--to", help="ZIP file to write; must not exist yet.")],
) -> None:
    """Write everything the town holds of a resident into a ZIP file."""
    done = _use(address, lambda residents: residents.export(address, to, by=BY))
    console = terminal()
    console.print(_found_table(done.found))
    for path in done.missing:
        console.print(f"its bytes are gone: {path}", markup=False, highlight=False)
    console.print(f"written to {to}, {done.files} files", highlight=False)


@resident.command("redact")
def resident_redact(
    address: Address,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Delete what a resident said, wrote and is called by; items and figures stay."""
    console = terminal()
    if not yes:
        console.print(_found_table(_use(address, lambda residents: residents.find(address))))
        typer.confirm("Delete all these words, for ever?", abort=True)
    console.print(_redaction_table(_use(address, lambda who: who.redact(address, by=BY))))


def audit(
    item: Annotated[str, typer.Option(help="Only about this reference number.")] = "",
    who: Annotated[str, typer.Option(help="Only what this account did.")] = "",
    since: Annotated[str, typer.Option(help="Only from this day on: 2026-11-18.")] = "",
    limit: Annotated[int, typer.Option(help="At most so many lines, up to 1000.")] = 100,
) -> None:
    """Show who changed what and who looked at whose words, newest first."""
    from rich.table import Table

    begin = _instant(since)

    async def find() -> list[AuditEntry]:
        from router.history.audit import Audit

        async with history() as (database, clock):
            trail = Audit(database, clock)
            return await trail.find(
                target=item.upper(), who=who.casefold(), since=begin, limit=limit
            )

    table = Table("when", "who", "what", "to what")
    for each in asyncio.run(find()):
        moment = datetime.fromtimestamp(each.at / SECOND).astimezone()
        table.add_row(moment.isoformat(" ", "seconds"), each.who, each.what, each.target)
    terminal().print(table)


# --- pieces --------------------------------------------------------------------------------------


def _instant(day: str) -> int:
    if not day:
        return 0
    try:
        begin = datetime.combine(date.fromisoformat(day), time()).astimezone()
    except ValueError:
        raise typer.BadParameter(
            f"{day!r} is no day: write for example 2026-11-18", param_hint="--since"
        ) from None
    return int(begin.timestamp()) * SECOND


def _found_table(found: Found) -> object:
    return _table(
        ("items", ", ".join(found.items)),
        ("of these still open", ", ".join(found.open_items)),
        ("conversations", str(found.conversations)),
        ("messages and notes", str(found.messages)),
        ("contacts", str(found.contacts)),
        ("other addresses in them", ", ".join(found.also)),
    )


def _redaction_table(done: Redaction) -> object:
    return _table(
        ("items whose words are gone", ", ".join(done.items)),
        ("of these still open", ", ".join(done.open_items)),
        ("messages and notes deleted", str(done.messages)),
        ("contacts deleted", str(done.contacts)),
        ("drafts deleted", str(done.drafts)),
        ("files deleted", str(done.files)),
        *((f"not deleted: {left.what}", left.why) for left in done.left),
    )


def _table(*rows: tuple[str, str]) -> object:
    from rich.markup import escape
    from rich.table import Table

    table = Table(show_header=False)
    for name, value in rows:
        table.add_row(escape(name), escape(value) or "none")
    return table


def _use(address: str, work: Callable[[Residents], Awaitable[T]]) -> T:
    from router.history.traces import sought

    try:
        sought(b"", address)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="ADDRESS") from error

    async def use() -> T:
        async with _residents() as residents:
            return await work(residents)

    return asyncio.run(use())


@asynccontextmanager
async def _residents() -> AsyncIterator[Residents]:
    from router.history.feeder import HistoryFeeder
    from router.history.residents import Residents
    from router.runtime.blobs import FolderBlobs
    from router.runtime.secret import installation_secret

    settings = our_settings()
    async with history() as (database, clock), journal_of(settings) as (journal, is_ours):
        feeder = HistoryFeeder(database, journal, journal, clock)
        await catch_up(feeder, journal, clock, is_ours=is_ours)
        blobs = FolderBlobs(settings.data_dir / "blobs")
        yield Residents(database, journal, blobs, clock, installation_secret(settings))
