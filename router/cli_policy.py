"""`townline test`, `diff`, `publish`, `versions`, `rollback`: a policy that one can trust."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from router.core.policy import Policy
    from router.runtime.settings import Settings
    from router.scenarios.reading import Scenario

Folder = Annotated[
    Path | None, typer.Argument(help="Folder of the policy; default: TOWNLINE_POLICY_DIR.")
]


def test(
    folder: Folder = None,
    only: Annotated[str, typer.Option(help="Only scenarios with this in their name.")] = "",
    mutate: Annotated[
        bool, typer.Option("--mutate", help="Change the policy in many ways: who notices?")
    ] = False,
) -> None:
    """Act the town's own scenarios (config/scenarios); exit 1 when one comes out otherwise."""
    from router.scenarios.acting import act

    console = _console()
    folder = folder or _settings().policy_dir
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
    from router.policy.load import load
    from router.runtime.clock import SystemClock
    from router.runtime.policy_loader import date_of
    from router.scenarios.reading import read_scenarios

    if not folder.is_dir():
        raise typer.BadParameter(f"{folder} is no folder", param_hint="FOLDER")
    loaded = load(folder, today=date_of(SystemClock(0).now()))
    complaints = list(loaded.errors)
    scenarios: tuple[Scenario, ...] = ()
    if loaded.policy is not None:
        scenarios, wrong = read_scenarios(folder, loaded.policy)
        complaints += wrong
    for complaint in complaints:
        console.print(str(complaint), markup=False, highlight=False, soft_wrap=True)
    if complaints or loaded.policy is None:
        console.print(f"[red]{len(complaints)} mistakes: nothing was tested[/red]")
        raise typer.Exit(1)
    return loaded.policy, tuple(each for each in scenarios if only in each.name)


def _settings() -> Settings:
    from router.runtime.environment import load_settings

    return load_settings()


def _console() -> Console:
    from rich.console import Console

    return Console()
