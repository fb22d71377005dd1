"""`townline surge` and `townline announce`: what supervisors and administrators switch by hand.

Asks a running daemon with somebody's account, so that the trail names who did it.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo

import typer

from router.cli_installation import base_url, our_settings, terminal, today
from router.core.model import SECOND, Span

if TYPE_CHECKING:
    from router.core.policy import Policy
    from router.desk.terminal_switch import Answer

surge = typer.Typer(
    help="Far too many people call: let the policy's `surge` hold.", no_args_is_help=True
)

By = Annotated[str, typer.Option("--by", help="Account of a supervisor or administrator.")]
Password = Annotated[
    str | None,
    typer.Option("--password", envvar="TOWNLINE_SWITCH_PASSWORD", help="Default: asked for."),
]
For = Annotated[str, typer.Option("--for", help="How long: 90 min, 2h, 1 day.")]


@surge.command("on")
def surge_on(
    by: By,
    lasts: For,
    reason: Annotated[str, typer.Option("--reason", help="Why; shown to everybody inside.")],
    password: Password = None,
) -> None:
    """Switch it on, or set another end; it ends by itself."""
    body = {"for_s": _span(lasts) // SECOND, "reason": reason}
    for each in _ask(by, password, "POST", "/surge", body):
        first = ", ".join(each["first"]) or "no queue"
        terminal().print(f"surge until {_local(each['until'])}; first: {first}", highlight=False)
    terminal().print(f"undo: townline surge off --by {by}", style="dim", highlight=False)


@surge.command("off")
def surge_off(by: By, password: Password = None) -> None:
    """Back to an ordinary day, for who comes from now on."""
    _ask(by, password, "DELETE", "/surge")
    terminal().print("an ordinary day again", highlight=False)


def announce(
    by: By,
    text: Annotated[
        str, typer.Argument(help="What every caller hears first, in the town's first language.")
    ] = "",
    until: Annotated[
        str, typer.Option("--until", help="End, the town's time: 18:00, 2026-12-24 18:00.")
    ] = "",
    lasts: For = "",
    other: Annotated[
        list[str] | None, typer.Option("--in", help="In another language: fr=Les charrues ...")
    ] = None,
    number: Annotated[
        list[str] | None, typer.Option("--number", help="Only on this number of the town.")
    ] = None,
    name: Annotated[str, typer.Option("--name", help="The same name replaces.")] = "notice",
    withdraw: Annotated[str, typer.Option(help="Take the message of this name back.")] = "",
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask after the preview.")] = False,
    password: Password = None,
) -> None:
    """Put a message in front of every call until an instant, or take it back."""
    if withdraw:
        _ask(by, password, "DELETE", f"/announcements/{withdraw}")
        terminal().print(f"{withdraw}: the next call does not hear it", highlight=False)
        return
    if not text:
        raise typer.BadParameter("write what callers shall hear", param_hint="TEXT")
    if bool(until) == bool(lasts):
        raise typer.BadParameter("say when it ends: either --until or --for", param_hint="--until")
    policy = _policy()
    texts = {policy.languages[0].id: text, **dict(_in_language(each) for each in other or ())}
    body: dict[str, Any] = {"text": texts, "numbers": [_number(each) for each in number or ()]}
    if until:
        password = _password(password)
        body["until"] = _moment(until, policy.time_zone, by, password).isoformat()
    else:
        body["for_s"] = _span(lasts) // SECOND
    _preview(policy, texts, body["numbers"], until or f"{lasts} from now")
    if not yes:
        typer.confirm("Shall every call hear this from now on?", abort=True)
    for each in _ask(by, password, "POST", f"/announcements/{name}", body):
        terminal().print(f"{each['id']}: until {_local(each['until'])}", highlight=False)
    undo = f"undo: townline announce --withdraw {name} --by {by}"
    terminal().print(undo, style="dim", highlight=False)


def _preview(policy: Policy, texts: dict[str, str], numbers: list[str], until: str) -> None:
    console = terminal()
    where = ", ".join(numbers) or "all numbers"
    console.print(f"on {where}, until {until}, before anything else:", highlight=False)
    for language in policy.languages:
        said = texts.get(language.id) or "(nothing is said)"
        console.print(f"  {language.name}: {said}", markup=False, highlight=False)


def _in_language(text: str) -> tuple[str, str]:
    language, equals, said = text.partition("=")
    if not equals or not said.strip():
        raise typer.BadParameter(f"{text!r}: write fr=TEXT", param_hint="--in")
    return language.strip(), said.strip()


def _number(text: str) -> str:
    from router.policy.telephones import read_called

    return read_called(text)


def _span(text: str) -> Span:
    from router.policy.spans import read_span

    try:
        return read_span(text)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--for") from error


def _moment(text: str, time_zone: str, by: str, password: str) -> datetime:
    """Return the instant of a local time; of a bare time, the next one of the town's clock."""
    zone = ZoneInfo(time_zone)
    if re.fullmatch(r"\d{1,2}:\d\d", text):
        status = _ask(by, password, "GET", "/status")  # in practice, not the machine's time
        now = datetime.fromisoformat(status["at"]).astimezone(zone)
        hours, minutes = text.split(":")
        found = now.replace(hour=int(hours), minute=int(minutes), second=0, microsecond=0)
        return found if found > now else found + timedelta(days=1)
    try:
        return datetime.fromisoformat(text).replace(tzinfo=zone)
    except ValueError as error:
        wanted = f"{text!r}: write 18:00 or 2026-12-24 18:00"
        raise typer.BadParameter(wanted, param_hint="--until") from error


def _local(text: str) -> str:
    zone = ZoneInfo(_policy().time_zone)
    return f"{datetime.fromisoformat(text).astimezone(zone):%Y-%m-%d %H:%M}"


def _policy() -> Policy:
    from router.policy.load import load

    policy = load(our_settings().policy_dir, today=today()).policy
    if policy is None:
        raise typer.BadParameter("the policy has mistakes; look at: townline check")
    return policy


def _password(given: str | None) -> str:
    if given is None:
        asked: str = typer.prompt("Password", hide_input=True)
        return asked
    return given


def _ask(
    by: str, password: str | None, method: str, path: str, body: dict[str, Any] | None = None
) -> Answer:
    from router.desk.terminal_switch import SwitchRefused, switch

    try:
        return switch(base_url(our_settings()), (by, _password(password)), method, path, body)
    except SwitchRefused as error:
        terminal().print(str(error), style="red", markup=False, highlight=False)
        raise typer.Exit(1) from error
