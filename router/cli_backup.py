"""`townline backup` and `townline restore`: everything that must survive, in one file."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from router.cli_installation import our_settings, terminal
from router.cli_moving import progress_bar, show_contents

if TYPE_CHECKING:
    from rich.console import Console

    from router.core.model import Instant
    from router.runtime.backup_file import Manifest
    from router.runtime.settings import Settings


class AboutThis:
    """What a manifest says of this installation."""

    def __init__(self, settings: Settings) -> None:
        from importlib.metadata import version

        from router.runtime.clock import SystemClock
        from router.runtime.environment import set_variables
        from router.runtime.secret import installation_secret

        self.release = version("townline")
        self.environment = tuple(set_variables())
        self.secret = installation_secret(settings)
        self.now: Instant = SystemClock(0).now()


def backup(
    to: Annotated[Path, typer.Argument(help="File to write, or a folder to write it into.")],
) -> None:
    """Write journal, history, files and policies into one file, beside a running daemon."""
    from router.history.copying import history_at
    from router.history.database import default_url
    from router.runtime.backup import back_up
    from router.runtime.logs import configure_logs

    settings, console = our_settings(), terminal()
    configure_logs("warning", settings.log.format)

    async def write() -> tuple[Path, Manifest]:
        history = history_at(settings.history or default_url(settings.data_dir))
        try:
            return await back_up(settings, history, to, AboutThis(settings), progress)
        finally:
            await history.close()

    with progress_bar(console) as progress:
        path, manifest = asyncio.run(write())
    _show(console, manifest)
    secret = "TOWNLINE_SECRET" if settings.secret else settings.data_dir / "secret"
    values = ", ".join(manifest.environment)
    for line in (
        f"written to {path}, {path.stat().st_size:,} bytes",
        f"keep apart, it is not in there: the secret ({secret})"
        + (f"; the values of: {values}" if values else ""),
    ):
        console.print(line, markup=False, highlight=False, soft_wrap=True)
    if manifest.history == "elsewhere":
        console.print("now dump history's database, as docs/operations.md says", highlight=False)


def restore(
    file: Annotated[Path, typer.Argument(help="What `townline backup` has written.")],
    check: Annotated[
        bool, typer.Option("--check", help="Only read it to its end; change nothing.")
    ] = False,
    other_secret: Annotated[
        bool, typer.Option("--other-secret", help="Go on without the secret of the backup.")
    ] = False,
) -> None:
    """Put a backup into an empty installation: where the settings say, with no daemon running."""
    from router.history.copying import EmbeddedHistory, history_at
    from router.history.database import default_url
    from router.runtime import restore as restoring
    from router.runtime.backup_file import opened
    from router.runtime.logs import configure_logs
    from router.runtime.secret import present_secret

    settings, console = our_settings(), terminal()
    configure_logs("warning", settings.log.format)
    with opened(file) as whole, progress_bar(console) as progress:
        if check:
            with tempfile.TemporaryDirectory(prefix="townline-") as scratch:
                asyncio.run(restoring.check_backup(whole, Path(scratch), progress))
        else:
            history = history_at(settings.history or default_url(settings.data_dir))
            at = history.path if isinstance(history, EmbeddedHistory) else None
            secret = None if other_secret else present_secret(settings)
            asyncio.run(restoring.restore(whole, settings, at, secret, progress))
        manifest = whole.manifest
    _show(console, manifest)
    done = "is whole" if check else "is restored; start with: townline run"
    console.print(f"the backup of {manifest.made_at} {done}", highlight=False)


def _show(console: Console, manifest: Manifest) -> None:
    show_contents(console, manifest.journal)
    console.print(f"files: {manifest.blobs:,}; history: {manifest.history}", highlight=False)
    if manifest.missing:
        count = len(manifest.missing)
        console.print(f"[red]{count} files that words refer to are gone or damaged[/red]")
