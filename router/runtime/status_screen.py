"""`townline status`: asks the daemon of this data folder and shows what a person wants to know."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import httpx
from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from router.core.model import STRAIN
from router.errors import SettingsError
from router.runtime.practice import operator_token
from router.runtime.secret import installation_secret
from router.runtime.settings import Settings

ASK_S = 5.0
ON_CALL_SHOWN = 5

Picture = dict[str, Any]  # `StatusView` of the API, as JSON


def fetch(settings: Settings) -> Picture | None:
    """Return the status of the daemon that serves this data folder; None when none answers.

    Raises:
        SettingsError: what answers there is not the daemon of this data folder.
    """
    host = settings.http.host.replace("0.0.0.0", "127.0.0.1")
    url = f"http://[{host}]" if ":" in host else f"http://{host}"
    token = operator_token(installation_secret(settings))
    try:
        answer = httpx.get(
            f"{url}:{settings.http.port}/statusz",
            headers={"Authorization": f"Bearer {token}"},
            timeout=ASK_S,
            trust_env=False,
        )
    except httpx.TransportError:
        return None
    if answer.status_code != 200:
        raise SettingsError(
            f"{url}:{settings.http.port} answers {answer.status_code}: it is not the daemon of "
            f"{settings.data_dir}, or it cannot store; look at its /readyz and TOWNLINE_DATA_DIR"
        )
    picture: Picture = answer.json()
    return picture


def screen(picture: Picture) -> RenderableType:
    """Return the whole screen."""
    return Group(
        _heading(picture),
        *_troubles(picture),
        _queues(picture),
        *_today(picture),
        _agents(picture),
        *_on_call(picture),
        _foot(picture),
    )


def _heading(picture: Picture) -> Text:
    now = _local(picture, picture["at"])
    hours, minutes = divmod(int(picture["uptime_s"]) // 60, 60)
    text = Text(picture["town"], style="bold")
    text.append(
        f"  {now:%Y-%m-%d %H:%M} there, townline {picture['version']}, "
        f"up {hours} h {minutes:02} min, {picture['events']} events in {picture['journal']}"
        f"{_kept(picture)}",
        style="dim",
    )
    daemons = picture["daemons"]
    if daemons is not None:
        ours, decider = daemons["ours"], daemons["decider"]
        decides = "it decides" if ours == decider else f"{decider or 'nobody'} decides"
        text.append(
            f"\n{ours} was asked, {daemons['behind_events']} events behind; {decides}, "
            f"daemons of the town: {len(daemons['names'])}",
            style="dim" if decider else "bold red",
        )
    return text


def _kept(picture: Picture) -> str:
    since = picture["journal_since"]
    return f", kept from {since} on" if since else ""


def _troubles(picture: Picture) -> Iterator[Text]:
    refused = picture["policy"]["refused"]
    if refused is not None:
        yield Text("the edited policy was refused; the old one is in force:", style="bold red")
        for complaint in refused["complaints"]:
            yield Text(f"  {complaint}", style="red")
    for emergency in picture["emergencies"]:
        what = "closed" if emergency["closed"] else "forced open"
        until = _until(picture, emergency) or "somebody ends it"
        yield Text(
            f"{emergency['hours']} {what} by {emergency['by']} until {until}: "
            f"{emergency['reason']}",
            style="bold yellow",
        )
    for surge in picture["surge"]:
        text = f"surge by {surge['by']} until {_until(picture, surge)}: {surge['reason']}"
        yield Text(text, style="bold yellow")
    for message in picture["announcements"]:
        said = "; ".join(message["text"].values())
        until = _until(picture, message)
        yield Text(f"every call hears until {until}: {said}", style="yellow")
    if picture["shunted"]:
        names = ", ".join(item["item"] for item in picture["shunted"])
        yield Text(f"set aside, need a person: {names}", style="bold red")
    if picture["unreturned"]:
        yield Text("calls not returned yet:", style="bold yellow")
        for call in picture["unreturned"]:
            owner = f", {call['owner']}'s" if call["owner"] else ""
            must = "a person must look" if call["state"] == "given_up" else "will be rung"
            yield Text(f"  {call['item']}{owner}, {must}: {call['why']}", style="yellow")
    for door in picture["doors"]:
        if door["why"]:
            yield Text(f"{door['name']} {door['state']}: {door['why']}", style="bold red")


def _queues(picture: Picture) -> Table:
    columns = ("queue", "open", "waiting", "longest", "expected", "staffed")
    table = Table(*columns, box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for queue in picture["queues"]:
        waiting = [each for each in queue["waiting"] if each["waiting"]]
        table.add_row(
            queue["name"],
            _standing(queue),
            ", ".join(f"{each['waiting']} {each['tempo']}" for each in waiting),
            _span(max((each["oldest_wait_s"] for each in waiting), default=0)),
            _expected(queue["expected"]),
            ", ".join(
                f"{each['available']}/{each['signed_in']} {each['language']}"
                for each in queue["staffed"]
                if each["tempo"] == "live"
            ),
        )
    return table


def _today(picture: Picture) -> Iterator[Table]:
    """Yield what was counted today, if anything was."""
    columns = ("queue", "calls today", "as told", "chats today", "first responses today")
    table = Table(*columns, box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for queue in picture["queues"]:
        cells = (
            _level(queue["today"], queue["forecast"]),
            Text(_as_told(queue["promises"])),
            _level(queue["chats_today"]),
            _texts(queue),
        )
        if any(cells):
            table.add_row(queue["name"], *cells)
    if table.rows:
        yield table


def _standing(queue: Picture) -> Text:
    """Return whether the queue is open, and under what strain it is."""
    if not queue["open"]:
        return Text(queue["reason"] or "no", style="yellow")
    strain = [each.replace("_", " ") for each in queue["conditions"] if each in STRAIN]
    return Text(", ".join(["yes", *strain]), style="bold red" if strain else "")


def _expected(wait: Picture) -> str:
    if wait["high_s"] is None:
        return "unknown"
    return f"{wait['low_s'] / 60:.0f} to {wait['high_s'] / 60:.0f} min" if wait["high_s"] else ""


def _as_told(promises: Picture) -> str:
    """Return how often callers waited as long as they were told, and by how much it was missed."""
    if not promises["told"]:
        return ""
    inside, off = promises["inside"], promises["mean_absolute_error_s"]
    return f"{inside:.0%} of {promises['told']}, off by {off:.0f} s"


def _texts(queue: Picture) -> Text:
    """Return how many first responses to mail and forms were written before they were due."""
    lines = []
    for name in ("mails_today", "forms_today"):
        today = queue[name]
        if today["level"] is not None:
            counted = f"{today['channel']} {today['level']:.0%} of {today['offered']}"
            style = "green" if today["level"] >= today["target_share"] else "red"
            lines.append(Text(f"{counted} in {today['first_response']}", style=style))
    return Text("\n").join(lines)


def _level(today: Picture, forecast: Picture | None = None) -> Text:
    if today["level"] is None:
        return _foreseen(forecast)
    counted = f"{today['level']:.0%} of {today['offered']} in {today['target_s']:.0f} s"
    text = f"{counted}, {today['formula']}"
    shown = Text(text, style="green" if today["level"] >= today["target_share"] else "red")
    more = _foreseen(forecast)
    return shown.append("\n").append(more) if more else shown


def _foreseen(forecast: Picture | None) -> Text:
    """Return what the calls of this quarter of an hour, or of today, will come to, while any do."""
    if forecast is None or forecast["level"] is None:
        return Text("")
    of = "today" if forecast["of"] == "day" else "these 15 min"
    waits = (
        f", {forecast['in_time']} of {forecast['waiting']} in line" if forecast["waiting"] else ""
    )
    text = f"{of} {forecast['level']:.0%} foreseen{waits}"
    return Text(text, style="red" if forecast["level"] < forecast["at_risk_below"] else "")


def _agents(picture: Picture) -> Table:
    table = Table("agent", "status", "does", "holds")
    for agent in picture["agents"]:
        if agent["status"] == "offline" and not agent["holdings"]:
            continue
        reason = f" ({agent['reason']})" if agent["reason"] else ""
        holds = ", ".join(f"{each['item']} {each['state']}" for each in agent["holdings"])
        over = ", more than they may" if agent["over"] else ""
        held = Text(f"{holds}{over}", style="yellow" if over else "")
        table.add_row(agent["name"], f"{agent['status']}{reason}", agent["state"], held)
    if not table.rows:
        table.add_row(Text("nobody is signed in", style="yellow"))
    return table


def _on_call(picture: Picture) -> Iterator[Table]:
    """Yield the on-call log, if anybody on call was told of anything."""
    table = Table("on call for", "about", "taken by", "told", title_justify="left")
    for each in picture["on_call"][:ON_CALL_SHOWN]:
        told = [f"{a['name']} by {a['way']}: {a['result']}" for a in each["attempts"]]
        nobody = Text("nobody", style="bold red")
        alone = f"\ncaller hung up: {each['without_caller']}" if each["without_caller"] else ""
        about = f"{each['subject']}{alone}"
        table.add_row(each["item"], about, each["acknowledged_by"] or nobody, "\n".join(told))
    if table.rows:
        yield table


def _foot(picture: Picture) -> Text:
    policy = picture["policy"]
    return Text(
        f"policy {policy['hash'][:12]}, {picture['open_offers']} open offers, "
        f"{picture['pending_effects']} effects not confirmed yet, "
        f"{picture['duplicates_avoided']} duplicates avoided today",
        style="dim",
    )


def _until(picture: Picture, what: Picture) -> str:
    """Return its end by the town's clock, with the day unless that is today; "" for no end."""
    if what["until"] is None:
        return ""
    end, now = _local(picture, what["until"]), _local(picture, picture["at"])
    return f"{end:%H:%M}" if end.date() == now.date() else f"{end:%Y-%m-%d %H:%M}"


def _local(picture: Picture, moment: str) -> datetime:
    return datetime.fromisoformat(moment).astimezone(ZoneInfo(picture["time_zone"]))


def _span(seconds: float) -> str:
    if not seconds:
        return ""
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes} min {rest:02} s" if minutes else f"{rest} s"
