"""`townline simulate`: the town's own policy under traffic, on a simulated clock."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from router.cli_installation import on_journal, our_settings, terminal, today
from router.core.model import Channel
from router.policy.models_queues import ItemOrder

if TYPE_CHECKING:
    from router.core.policy import Policy
    from router.policy.models_traffic import TrafficFile
    from router.runtime.journals import OpenJournal
    from router.runtime.settings import Settings
    from router.twin.contacts import Case
    from router.twin.demand import Demand
    from router.twin.figures import Figures
    from router.twin.past import Past
    from router.twin.replications import Source, Told

HISTORY: Final = "history"
AS_IT_IS: Final = "the policy as it is"

PolicyDir = Annotated[
    Path | None,
    typer.Option("--policy", help="Folder of the policy; default: TOWNLINE_POLICY_DIR."),
]
TrafficFrom = Annotated[
    str,
    typer.Option(
        "--traffic",
        help="A traffic file, a CSV of contacts, or `history`: what the journal has seen. Default:"
        " config/traffic.yaml of the policy.",
    ),
]
Replications = Annotated[int, typer.Option(min=1, max=10_000, help="Runs, each by other chance.")]
Seed = Annotated[int, typer.Option(help="The same seed gives the same contacts.")]


def simulate(
    policy: PolicyDir = None,
    traffic: TrafficFrom = "",
    days: Annotated[int, typer.Option(min=1, max=400, help="Days that are simulated.")] = 7,
    replications: Replications = 10,
    seed: Seed = 1,
    csv: Annotated[
        Path | None, typer.Option("--csv", help="Write all figures, by quarters of an hour, too.")
    ] = None,
    chart: Annotated[
        Path | None, typer.Option(help="Write a chart of the calls' day, SVG.")
    ] = None,
    compare: Annotated[
        tuple[Path, Path] | None,
        typer.Option(help="Two policy folders that meet the same contacts, and the difference."),
    ] = None,
    compare_order: Annotated[
        ItemOrder | None,
        typer.Option(help="Compare with the same policy under this order: who pays for it?"),
    ] = None,
    formulas: Annotated[
        bool, typer.Option("--formulas", help="Also the service level by every formula.")
    ] = False,
    from_journal: Annotated[
        bool, typer.Option("--from-journal", help="Replay what came, exactly as it came.")
    ] = False,
) -> None:
    """Say what would happen: service level, waits, who gives up, how busy everybody is."""
    if chart is not None and chart.suffix != ".svg":
        raise typer.BadParameter(f"{chart}: a chart is SVG; call it *.svg", param_hint="--chart")
    if compare is not None and (compare_order is not None or policy is not None):
        raise typer.BadParameter("stands alone: it names both policies", param_hint="--compare")
    folders = list(compare) if compare is not None else [policy or our_settings().policy_dir]
    names = [AS_IT_IS] if compare is None else [str(folder) for folder in folders]
    named = {name: load_policy(folder) for name, folder in zip(names, folders, strict=True)}
    if compare_order is not None:
        from router.twin.variants import with_order

        named[compare_order.value] = with_order(named[AS_IT_IS], compare_order)
    policies = list(named.values())
    if from_journal:
        past = read_past(our_settings())
        source: Source = case_from(past, policies)
        seeds = [seed]
        _show_past(past, policies[0])
    else:
        source = demand_from(traffic, folders[0], policies[0], days)
        _check_queues(source, named)
        seeds = list(range(seed, seed + replications))
    with progress(len(policies) * len(seeds)) as told:
        from router.twin.replications import run_all

        runs = dict(zip(named, run_all(policies, source, seeds, told), strict=True))
    _show(runs)
    if formulas:
        _show_levels(runs)
    _write(runs, policies[0], csv, chart)


def _show(runs: dict[str, list[Figures]]) -> None:
    from router.twin.reports import differences, rows
    from router.twin.screen import figures_table, occupancy_difference, occupancy_line

    shown = terminal()
    for name, figures in runs.items():
        shown.print(figures_table(name, rows(figures), width=shown.width))
        shown.print(occupancy_line(figures), highlight=False)
    if len(runs) == 2:
        (one, ours), (other, others) = runs.items()
        table = differences(others, ours)
        title = f"{other} less {one}; bold: 0 lies outside the interval"
        shown.print(figures_table(title, table, width=shown.width, is_difference=True))
        shown.print(occupancy_difference(others, ours), highlight=False)


def _show_levels(runs: dict[str, list[Figures]]) -> None:
    from router.twin.reports import ALL, rows
    from router.twin.screen import levels_table

    for name, figures in runs.items():
        terminal().print(levels_table(name, [r for r in rows(figures) if r.queue == ALL]))


def _show_past(past: Past, policy: Policy) -> None:
    from router.twin.figures import figures_of
    from router.twin.reports import rows
    from router.twin.screen import figures_table

    seen = figures_of(past.results(policy), {}, past.presences, policy.time_zone)
    shown = terminal()
    shown.print(figures_table("as it was", rows([seen]), width=shown.width))


def _write(
    runs: dict[str, list[Figures]], policy: Policy, csv: Path | None, chart: Path | None
) -> None:
    from router.twin.chart import day_chart
    from router.twin.reports import ALL, as_csv, rows

    if csv is not None:
        csv.write_text(as_csv(runs), encoding="utf-8")
        terminal().print(f"figures written to {csv}", highlight=False)
    if chart is not None:
        named = {
            name: [
                row
                for row in rows(figures, quarters=True)
                if row.queue == ALL and row.channel == Channel.VOICE.value
            ]
            for name, figures in runs.items()
        }
        promised = min(queue.target_share for queue in policy.queues.values())
        title = f"{next(iter(policy.name.values()))}: calls"
        chart.write_text(day_chart(title, named, promised), encoding="utf-8")
        terminal().print(f"chart written to {chart}", highlight=False)


def check_model(folder: Path, policy: Policy) -> None:
    """Tell every mistake in the folder's traffic model, if it has one; exit 1 if there are any."""
    from router.policy.traffic import FILE, load_traffic

    complaints = load_traffic(folder, FILE, policy).complaints if (folder / FILE).exists() else ()
    for complaint in complaints:
        terminal().print(str(complaint), markup=False, highlight=False, soft_wrap=True)
    if complaints:
        terminal().print(f"[red]{FILE} has mistakes;[/red] it is no part of the policy")
        raise typer.Exit(1)


# --- what is simulated ---------------------------------------------------------------------------


def load_policy(folder: Path) -> Policy:
    """Return the folder's policy. Raises: PolicyError with all its mistakes."""
    from router.errors import PolicyError
    from router.policy.load import load

    if not folder.is_dir():
        raise typer.BadParameter(f"{folder} is no folder")
    loaded = load(folder, today=today())
    if loaded.policy is None:
        raise PolicyError("\n".join(str(each) for each in loaded.errors))
    return loaded.policy


def load_model(folder: Path, file: str, policy: Policy) -> TrafficFile:
    """Return the traffic file. Raises: PolicyError with all its mistakes."""
    from router.errors import PolicyError
    from router.policy.traffic import load_traffic

    loaded = load_traffic(folder, file, policy)
    if loaded.traffic is None:
        raise PolicyError("\n".join(str(each) for each in loaded.complaints))
    return loaded.traffic


def traffic_file(traffic: str, folder: Path, policy: Policy) -> TrafficFile:
    """Return the file that `--traffic` names, else the policy's own (which has the shifts)."""
    from router.policy.traffic import FILE

    if traffic.endswith((".yaml", ".yml")):
        return load_model(Path(), traffic, policy)
    return load_model(folder, FILE, policy)


def demand_from(traffic: str, folder: Path, policy: Policy, days: int) -> Demand:
    """Return what `--traffic` means; contacts that were seen come in the shifts of the model."""
    from router.twin.fitted import with_kinds_of
    from router.twin.modelled import demand_of
    from router.twin.recorded import read_recorded

    demand = demand_of(traffic_file(traffic, folder, policy), policy, days)
    try:
        if traffic == HISTORY:
            seen = read_past(our_settings()).results(policy)
            return with_kinds_of(demand, seen, policy.time_zone)
        if traffic.endswith(".csv"):
            recorded = read_recorded(Path(traffic), policy)
            return with_kinds_of(demand, recorded, policy.time_zone)
    except (ValueError, OSError) as error:
        raise typer.BadParameter(str(error), param_hint="--traffic") from error
    if traffic and not traffic.endswith((".yaml", ".yml")):
        raise typer.BadParameter(
            f"{traffic!r}: name a *.yaml or *.csv file, or `{HISTORY}`", param_hint="--traffic"
        )
    return demand


def case_from(past: Past, policies: Sequence[Policy]) -> Case:
    """Return what came, of the queues that every policy has."""
    case = past.case(policies[0])
    if not case.contacts:
        raise typer.BadParameter("the journal knows nobody in line", param_hint="--from-journal")
    for policy in policies:
        kept = tuple(each for each in case.contacts if each.queue in policy.queues)
        case = case._replace(contacts=kept)
    return case


def _check_queues(demand: Demand, named: dict[str, Policy]) -> None:
    for name, policy in named.items():
        missing = sorted({kind.queue for kind in demand.kinds} - policy.queues.keys())
        if missing:
            raise typer.BadParameter(
                f"{name} has no queue {', '.join(missing)}, for which contacts come: give a"
                " --traffic file that fits both",
                param_hint="--compare",
            )


def read_past(settings: Settings) -> Past:
    """Return what the journal of this installation has seen; works beside a running daemon."""
    from router.runtime.beginnings import begins_at
    from router.runtime.recovery import batches_after, nearest_snapshot
    from router.twin.past import Past as TheirPast

    async def read(journal: OpenJournal) -> Past:
        past = TheirPast()
        first = await nearest_snapshot(journal, await begins_at(journal))
        async for events in batches_after(journal, first):
            past.note(events)
        return past

    return on_journal(settings, read)


# --- shared --------------------------------------------------------------------------------------


@contextmanager
def progress(total: int) -> Iterator[Told]:
    """Show how many runs are done; yields what is to be called after each."""
    from rich.progress import Progress

    with Progress(console=terminal(), transient=True) as shown:
        task = shown.add_task("simulating", total=total)
        yield lambda: shown.advance(task)
