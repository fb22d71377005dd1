"""The command `townline`: thin; what a command does stands where it belongs.

Imports stand inside the commands, so that `townline --help` and tab completion are quick.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Coroutine
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from router.cli_backup import backup, restore
from router.cli_installation import base_url, our_settings, terminal, today
from router.cli_moving import migrate_journal
from router.cli_policy import COMMANDS as POLICY_COMMANDS
from router.cli_report import export, report
from router.cli_reports import COMMANDS as REPORT_COMMANDS
from router.cli_residents import audit, resident
from router.cli_staff import staff
from router.cli_switch import announce, surge
from router.cli_twin import simulate
from router.errors import TownlineError

if TYPE_CHECKING:
    from router.history.accounts import Accounts
    from router.runtime.settings import Settings

T = TypeVar("T")

app = typer.Typer(
    help="One line into town hall: every call and form in one queue, given to the right agent.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
account = typer.Typer(help="Who may sign in at a desk.", no_args_is_help=True)
app.add_typer(account, name="account")
app.add_typer(resident, name="resident")
app.add_typer(report, name="report")
for typed, command in REPORT_COMMANDS.items():
    report.command(typed)(command)
app.add_typer(export, name="export")
app.command()(audit)
app.command()(simulate)
app.command()(staff)
for typed, of_policy in POLICY_COMMANDS.items():
    app.command(typed)(of_policy)
app.add_typer(surge, name="surge")
app.command()(announce)
app.command("migrate-journal")(migrate_journal)
app.command()(backup)
app.command()(restore)

At = Annotated[
    str | None,
    typer.Option("--at", help="Practice time, local to the town: 2026-12-26T19:40."),
]


@app.command()
def run(
    at: Annotated[
        str | None,
        typer.Option(
            "--at",
            envvar="TOWNLINE_PRACTICE_AT",
            help="Practice only: start at this time, local to the town: 2026-12-26T19:40.",
        ),
    ] = None,
) -> None:
    """Serve until stopped (Ctrl-C, SIGTERM); SIGHUP reads the policy again."""
    import structlog
    import uvloop

    from router.runtime.daemon import serve
    from router.runtime.environment import unknown_variables
    from router.runtime.logs import configure_logs

    settings = our_settings()
    if at is not None and not settings.is_practice:
        raise typer.BadParameter("only for practice: set TOWNLINE_PRACTICE=true", param_hint="--at")
    configure_logs(settings.log.level, settings.log.format)
    for warning in unknown_variables():
        if "PRACTICE_AT" not in warning:
            structlog.get_logger().warning("unknown_setting", why=warning)
    console = terminal()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve(settings, at, lambda text: console.print(text, highlight=False)))


@app.command()
def status() -> None:
    """Show who waits, who works and what is wrong; exit 1 when no daemon runs here."""
    from router.runtime.status_screen import fetch, screen

    console = terminal()
    picture = fetch(our_settings())
    if picture is None:
        console.print("[red]no townline answers here[/red]; start one with: townline run")
        raise typer.Exit(1)
    console.print(screen(picture))


@app.command()
def explain(
    item: Annotated[str, typer.Argument(help="Reference number of the item.")],
    at: Annotated[
        datetime | None,
        typer.Option(
            formats=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%S.%f%z"],
            help="As it stood then, local to the town.",
        ),
    ] = None,
) -> None:
    """Tell why an item went where it went, or why it still waits and what comes next."""
    from router.core.model import ItemId
    from router.runtime.clock import SystemClock
    from router.runtime.explaining import explain_from

    now = SystemClock(0).now()
    story = _wait(explain_from(our_settings(), ItemId(item.upper()), now, at))
    console = terminal()
    console.print(f"[bold]{story.item}[/bold] is {story.state}", highlight=False)
    for line in story.lines:
        console.print(f"[dim]{line.at}[/dim]", end="  ", highlight=False)
        console.print(line.text, markup=False, highlight=False, soft_wrap=True)
        for detail in line.details:
            console.print(f"      {detail}", style="dim", markup=False, soft_wrap=True)


@app.command()
def line(
    to: Annotated[str, typer.Option(help="Number to call; default: the town's first.")] = "",
    from_: Annotated[str, typer.Option("--from", help="Your number.")] = "+19055550190",
    at: At = None,
    agents: Annotated[
        str, typer.Option(help="answer: agents' telephones are answered; silent: they ring.")
    ] = "answer",
    stay: Annotated[bool, typer.Option(help="Wait afterwards for the town to call back.")] = False,
) -> None:
    """Be a caller: a phone in the terminal, through the real voice path.

    Keys: digits and Enter; r WORDS = speak; h = hang up; a = answer when the town calls back;
    ? = this help. Lines from a pipe are typed one by one; its end hangs up.
    """
    from channels.voice.practice.keys import DescriptorKeys
    from channels.voice.practice.phone import run_phone
    from router.runtime.clock import SystemClock
    from router.runtime.practice import practice_account
    from router.runtime.secret import installation_secret

    settings = our_settings()
    ours = practice_account(settings, installation_secret(settings))
    has_account = settings.twilio.account_sid is not None
    number = to or _first_number(settings)

    async def call() -> int:
        return await run_phone(
            base_url=base_url(settings),
            to=number,
            from_=from_,
            auth_token=settings.webhook_tokens[0] if has_account else ours.auth_token,
            account_sid=settings.twilio.account_sid or ours.account_sid,
            rest_port=None if has_account else ours.rest_port,
            at=at,
            console=terminal(),
            keys=DescriptorKeys(),
            clock=SystemClock(0),
            public_url=settings.web_root,
            agents=agents,
            stay=stay,
        )

    try:
        raise typer.Exit(_wait(call()))
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error


@app.command()
def write(
    text: Annotated[str, typer.Argument(help="What is written.")],
    subject: Annotated[str, typer.Option("--subject", help="Subject of the mail.")] = "",
    sender: Annotated[str, typer.Option("--from", help="The resident.")] = "sam@example.org",
    to: Annotated[str, typer.Option("--to", help="Default: the town's first mailbox.")] = "",
    attach: Annotated[Path | None, typer.Option("--attach", help="A file to go with it.")] = None,
) -> None:
    """Write the town a mail, as a resident; answers are in the data folder, under outbox."""
    from channels.mail.practice import first_mailbox
    from channels.mail.practice import write as send

    settings = our_settings()
    to = to or first_mailbox(settings.policy_dir, today())
    address = settings.mail.smtp_listen
    send(address, sender=sender, to=to, subject=subject, text=text, attach=attach)
    terminal().print(f"{to} has it; answers: {settings.data_dir / 'outbox'}", highlight=False)


@app.command()
def agent(
    name: Annotated[str, typer.Argument(help="Account to sign in with.")],
    password: Annotated[
        str | None,
        typer.Option(
            envvar="TOWNLINE_AGENT_PASSWORD",
            help="Its password; default: asked for, or the one of practice.",
        ),
    ] = None,
    auto: Annotated[
        float | None, typer.Option(help="Accept everything and handle it for so many seconds.")
    ] = None,
    code: Annotated[str, typer.Option(help="With --auto: the wrap-up code.")] = "",
) -> None:
    """Be an agent in the terminal."""
    from router.desk.terminal import AutoMode, run_agent
    from router.desk.terminal_keys import keys_of_stdin
    from router.desk.terminal_screen import can_redraw
    from router.runtime.practice import PASSWORD

    settings, console = our_settings(), terminal()
    if password is None:
        asked = not settings.is_practice
        password = typer.prompt("Password", hide_input=True) if asked else PASSWORD
    raise typer.Exit(
        _wait(
            run_agent(
                base_url=base_url(settings),
                name=name,
                password=password,
                auto=None if auto is None else AutoMode(handle_s=auto, code=code),
                console=console,
                keys=None if auto is not None else keys_of_stdin(is_shown=can_redraw(console)),
            )
        )
    )


@app.command()
def password(
    name: Annotated[str, typer.Argument(help="Account whose password to change.")],
) -> None:
    """Change your own password; a one-time password must be changed before anything else."""
    from router.desk.terminal_link import NotConnected, SignInRefused
    from router.desk.terminal_password import change_password

    old = typer.prompt("Present password", hide_input=True)
    new = typer.prompt("New password", hide_input=True, confirmation_prompt=True)
    try:
        _wait(change_password(base_url(our_settings()), name, old, new))
    except (NotConnected, SignInRefused) as error:
        terminal().print(str(error), style="red", markup=False, highlight=False)
        raise typer.Exit(1) from error
    terminal().print("the password is changed")


@app.command()
def schema(
    folder: Annotated[Path, typer.Argument(help="Where to write them.")] = Path("docs/schemas"),
) -> None:
    """Write the JSON Schemas of the policy files, for editors."""
    from router.policy.schemas import write

    write(folder)
    terminal().print(f"schemas written to {folder}")


# --- accounts ------------------------------------------------------------------------------------


@account.command("add")
def account_add(
    name: str,
    role: Annotated[str, typer.Option(help="agent, supervisor or administrator")] = "agent",
    agent_id: Annotated[
        str, typer.Option("--agent", help="Agent of skills.yaml; default for agents: NAME.")
    ] = "",
    provider_name: Annotated[
        str, typer.Option(help="What the sign-in provider calls the person; then no password.")
    ] = "",
) -> None:
    """Create an account and print its one-time password, if it has one."""
    from router.core.model import AgentId
    from router.history.account_rows import Role

    if role not in set(Role):
        raise typer.BadParameter(f"{role!r}: write {', '.join(Role)}", param_hint="--role")
    person = agent_id or (name if role == Role.AGENT else "")
    password = _with_accounts(
        lambda accounts: accounts.create(
            name,
            Role(role),
            agent_id=AgentId(person) if person else None,
            provider_name=provider_name.strip(),
            by="operator",
        )
    )
    way = f"one-time password {password}" if password else f"known as {provider_name.strip()}"
    terminal().print(f"account {name}, {way}", highlight=False)


@account.command("list")
def account_list() -> None:
    """List the accounts."""
    from rich.table import Table

    table = Table("account", "role", "agent", "must change password", "at the provider", "disabled")
    for each in _with_accounts(lambda accounts: accounts.everybody()):
        must_change, disabled = (
            "yes" if is_so else "" for is_so in (each.must_change, each.is_disabled)
        )
        table.add_row(
            each.name, each.role, each.agent_id or "", must_change, each.provider_name, disabled
        )
    terminal().print(table)


@account.command("password")
def account_password(name: str) -> None:
    """Give an account a new one-time password and print it."""
    password = _with_accounts(lambda accounts: accounts.reset_password(name, by="operator"))
    terminal().print(f"account {name}, one-time password {password}", highlight=False)


@account.command("disable")
def account_disable(name: str) -> None:
    """Let nobody sign in with an account; sessions end now, an open desk within 10 s."""
    _with_accounts(lambda accounts: accounts.disable(name, by="operator"))
    terminal().print(f"account {name} is disabled", highlight=False)


@account.command("enable")
def account_enable(name: str) -> None:
    """Let a disabled account be used again."""
    _with_accounts(lambda accounts: accounts.enable(name, by="operator"))
    terminal().print(f"account {name} is enabled", highlight=False)


# --- shared --------------------------------------------------------------------------------------


def _wait(work: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(work)


def _first_number(settings: Settings) -> str:
    from router.policy.load import load

    policy = load(settings.policy_dir, today=today()).policy
    numbers = [] if policy is None else [each for each in policy.numbers if each != "*"]
    if not numbers:
        raise typer.BadParameter(
            "the policy names no number of the town: say which one to call", param_hint="--to"
        )
    return numbers[0]


def _with_accounts(work: Any) -> Any:
    from router.history.accounts import Accounts as TheAccounts
    from router.history.database import Database, default_url
    from router.history.passwords import Passwords
    from router.runtime.clock import SystemClock

    settings = our_settings()

    async def use() -> Any:
        database = Database(settings.history or default_url(settings.data_dir))
        try:
            accounts: Accounts = TheAccounts(database, SystemClock(0), Passwords())
            return await work(accounts)
        finally:
            await database.close()

    return _wait(use())


def main() -> None:
    """Run the command; what went wrong on purpose is told in one line, with its code."""
    try:
        app()
    except TownlineError as error:
        from rich.console import Console

        Console(stderr=True).print(
            f"{error.code}: {error}", style="red", markup=False, highlight=False, soft_wrap=True
        )
        sys.exit(1)


if __name__ == "__main__":
    main()
