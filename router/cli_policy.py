"""`check`, `test`, `diff`, `publish`, `versions`, `rollback`: a policy that one can trust."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from router.cli_installation import our_settings, terminal, today

if TYPE_CHECKING:
    from rich.console import Console

    from router.core.policy import Policy
    from router.policy.complaints import Complaint
    from router.runtime.published import Version
    from router.runtime.settings import Settings
    from router.scenarios.reading import Scenario

ASKED_MAX: Final = 50  # times that a running daemon is asked whether it has the new policy
ASK_EVERY_S: Final = 0.2

Folder = Annotated[
    Path | None, typer.Argument(help="Folder of the policy; default: TOWNLINE_POLICY_DIR.")
]


def check(
    folder: Folder = None,
    show: Annotated[bool, typer.Option("--show", help="Print the policy as understood.")] = False,
) -> None:
    """Tell every mistake in the policy files, as file:line:column; exit 1 if there are any."""
    from router.cli_twin import check_model
    from router.policy.load import load
    from router.policy.show import show as shown

    console = terminal()
    folder = folder or our_settings().policy_dir
    if not folder.is_dir():
        raise typer.BadParameter(f"{folder} is no folder", param_hint="FOLDER")
    loaded = load(folder, today=today())
    for complaint in loaded.complaints:
        console.print(str(complaint), markup=False, highlight=False, soft_wrap=True)
    if loaded.errors:
        told = _mistakes(len(loaded.errors))
        console.print(f"[red]{told}: this policy would not be adopted[/red]")
        raise typer.Exit(1)
    if show and loaded.policy is not None:
        console.print(shown(loaded.policy), markup=False, highlight=False, soft_wrap=True)
    console.print(f"[green]{folder} is a policy[/green] {loaded.hash[:12]}")
    if loaded.policy is not None:
        check_model(folder, loaded.policy)


def act_scenarios(
    folder: Folder = None,
    only: Annotated[str, typer.Option(help="Only scenarios with this in their name.")] = "",
    mutate: Annotated[
        bool, typer.Option("--mutate", help="Change the policy in many ways: who notices?")
    ] = False,
) -> None:
    """Act the town's own scenarios (config/scenarios); exit 1 when one comes out otherwise."""
    from router.scenarios.acting import act

    console = terminal()
    folder = folder or our_settings().policy_dir
    policy, scenarios = _ready(folder, console, only)
    failures = [failure for each in scenarios for failure in act(each, policy)]
    for failure in failures:
        console.print(str(failure), markup=False, highlight=False, soft_wrap=True)
    failed = len({failure.scenario for failure in failures})
    if failures:
        console.print(f"[red]{failed} of {len(scenarios)} scenarios came out otherwise[/red]")
        raise typer.Exit(1)
    console.print(f"[green]{len(scenarios)} scenarios hold[/green]")
    if mutate:
        _mutate(policy, scenarios, console)


def _mutate(policy: Policy, scenarios: tuple[Scenario, ...], console: Console) -> None:
    from router.scenarios.judging import judge

    with console.status("acting the scenarios under every mutation: this takes a minute or two"):
        found = judge(policy, scenarios)
    for name, caught in found.caught.items():
        console.print(f"{name}: catches {len(caught)}", markup=False, highlight=False)
        for mutation in caught:
            console.print(f"    {mutation}", markup=False, highlight=False, soft_wrap=True)
    for name in found.blind:
        console.print(f"[yellow]{name} catches nothing: what does it show?[/yellow]")
    console.print(
        f"{len(found.mutations)} mutations, {len(found.survivors)} that nobody catches:",
        highlight=False,
    )
    for mutation in found.survivors:
        console.print(f"    {mutation}", markup=False, highlight=False, soft_wrap=True)
    if found.blind:
        raise typer.Exit(1)


def _ready(folder: Path, console: Console, only: str) -> tuple[Policy, tuple[Scenario, ...]]:
    """Return the policy and its scenarios. Raises Exit: mistakes, which are printed."""
    from router.scenarios.reading import read_scenarios

    policy = _checked(folder, console)
    scenarios, wrong = read_scenarios(folder, policy)
    _tell(wrong, console)
    return policy, tuple(each for each in scenarios if only in each.name)


def _checked(folder: Path, console: Console) -> Policy:
    """Return the policy of a folder. Raises Exit: mistakes, which are printed."""
    from router.policy.load import load

    if not folder.is_dir():
        raise typer.BadParameter(f"{folder} is no folder", param_hint="FOLDER")
    loaded = load(folder, today=today())
    _tell(loaded.errors, console)
    if loaded.policy is None:
        raise typer.Exit(1)
    return loaded.policy


def _tell(complaints: Sequence[Complaint], console: Console) -> None:
    for complaint in complaints:
        console.print(str(complaint), markup=False, highlight=False, soft_wrap=True)
    if complaints:
        console.print(f"[red]{_mistakes(len(complaints))}: correct them first[/red]")
        raise typer.Exit(1)


def _mistakes(count: int) -> str:
    return f"{count} mistake{'' if count == 1 else 's'}"


# --- publishing ----------------------------------------------------------------------------------

Reason = Annotated[str, typer.Option("--reason", help="Why, for those who come after.")]
Author = Annotated[str, typer.Option("--author", help="Who; default: who is signed in here.")]


def publish(reason: Reason, folder: Folder = None, author: Author = "") -> None:
    """Check and test the policy, keep it as a version that never changes, and put it in force."""
    from router.runtime.clock import SystemClock
    from router.runtime.published import PublishedPolicies
    from router.scenarios.acting import act

    console, settings = terminal(), our_settings()
    _must_say_why(reason)
    folder = folder or settings.policy_dir
    policy, scenarios = _ready(folder, console, "")
    failures = [failure for each in scenarios for failure in act(each, policy)]
    for failure in failures:
        console.print(str(failure), markup=False, highlight=False, soft_wrap=True)
    if failures:
        console.print("[red]nothing was published: change the policy, or its scenarios[/red]")
        raise typer.Exit(1)
    if not scenarios:
        console.print("[yellow]config/scenarios is empty: nobody tests this policy[/yellow]")
    before = _in_force(settings)
    version = PublishedPolicies(settings.data_dir).publish(
        folder, author=author or _author(), reason=reason, at=SystemClock(0).now()
    )
    console.print(f"version {version.number} is published, {len(scenarios)} scenarios hold")
    _audit(settings, version, console)
    _adopted(settings, before, console)


def rollback(
    number: Annotated[int, typer.Argument(metavar="VERSION", help="Number of the version.")],
    reason: Reason,
    author: Author = "",
) -> None:
    """Put an older version in force again, as a new one; whatever its scenarios say."""
    from router.runtime.clock import SystemClock
    from router.runtime.published import PublishedPolicies

    console, settings = terminal(), our_settings()
    _must_say_why(reason)
    published = PublishedPolicies(settings.data_dir)
    files = published.files_of(number)
    _checked(files, console)
    before = _in_force(settings)
    version = published.publish(
        files,
        author=author or _author(),
        reason=reason,
        at=SystemClock(0).now(),
        back_to=number,
    )
    console.print(f"version {version.number} is version {number} again")
    _audit(settings, version, console)
    _adopted(settings, before, console)


def versions() -> None:
    """List what was published: when, by whom and why."""
    from datetime import UTC, datetime

    from rich.table import Table

    from router.core.model import SECOND
    from router.runtime.published import PublishedPolicies

    table = Table("version", "published, UTC", "by", "why", "files")
    for each in PublishedPolicies(our_settings().data_dir).versions():
        at = datetime.fromtimestamp(each.at // SECOND, UTC)
        why = f"back to {each.back_to}: {each.reason}" if each.back_to else each.reason
        table.add_row(str(each.number), f"{at:%Y-%m-%d %H:%M}", each.author, why, each.hash[:12])
    terminal().print(table)


def diff(
    old: Annotated[
        str, typer.Argument(help="Version or folder; default: the newest version.")
    ] = "",
    new: Annotated[
        str, typer.Argument(help="Version or folder; default: TOWNLINE_POLICY_DIR.")
    ] = "",
) -> None:
    """Tell in the policy's words what is different between two policies."""
    from router.policy.differences import changes, told
    from router.runtime.published import PublishedPolicies

    console, settings = terminal(), our_settings()
    published = PublishedPolicies(settings.data_dir)

    def folder_of(named: str, otherwise: Path | None) -> Path:
        if named.isdecimal():
            return published.files_of(int(named))
        return Path(named) if named or otherwise is None else otherwise

    first = folder_of(old, None if old else published.newest())
    second = folder_of(new, settings.policy_dir)
    one, two = (_checked(each, console) for each in (first, second))
    lines = list(told(changes(one, two)))
    for line in lines:
        console.print(line, markup=False, highlight=False, soft_wrap=True)
    if not lines:
        console.print("both decide alike")


def _must_say_why(reason: str) -> None:
    if not reason.strip():
        raise typer.BadParameter("say why, for those who come after", param_hint="--reason")


def _author() -> str:
    import getpass

    return getpass.getuser()


def _audit(settings: Settings, version: Version, console: Console) -> None:
    """Add a line to the audit trail; the version itself says as much if that fails."""
    import asyncio

    from router.errors import StorageError
    from router.history.audit import Audit
    from router.history.database import Database, default_url
    from router.runtime.clock import SystemClock

    async def note() -> None:
        database = Database(settings.history or default_url(settings.data_dir))
        try:
            trail = Audit(database, SystemClock(0))
            target = f"version {version.number}: {version.reason}"
            await trail.note(version.author, "policy-published", target)
        finally:
            await database.close()

    try:
        asyncio.run(note())
    except StorageError as error:
        console.print(f"[yellow]not in the audit trail: {error}[/yellow]")


def _in_force(settings: Settings) -> str | None:
    """Return the hash of the policy of the running daemon; None when none answers."""
    from router.errors import SettingsError
    from router.runtime.status_screen import fetch

    try:
        picture = fetch(settings)
    except SettingsError:
        return None
    return None if picture is None else str(picture["policy"]["hash"])


def _adopted(settings: Settings, before: str | None, console: Console) -> None:
    """Say whether a running daemon has taken the new version over, waiting for it a little."""
    if settings.policy_source != "published":
        console.print(
            "[yellow]kept, not in force: TOWNLINE_POLICY_SOURCE=folder, so the daemon goes by the "
            "folder; set it to published[/yellow]"
        )
    elif before is None:
        console.print("no townline answers here: the next start puts it in force")
    elif _differs(settings, before):
        console.print("[green]it is in force[/green]")
    else:
        console.print("the running daemon decides as before: if that is wrong, see townline status")


def _differs(settings: Settings, before: str) -> bool:
    import time

    for _ in range(ASKED_MAX):
        if _in_force(settings) not in (None, before):
            return True
        time.sleep(ASK_EVERY_S)
    return False


COMMANDS: Final[dict[str, Callable[..., None]]] = {  # as they are typed
    "check": check,
    "test": act_scenarios,
    "diff": diff,
    "publish": publish,
    "versions": versions,
    "rollback": rollback,
}
