"""The shape of a contact centre as queueing studies publish it: types, groups, rates by period.

Not a town's policy: a file of its own, read by the twin (`router.twin.centre`).
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path as FilePath
from typing import Annotated, Literal

from pydantic import Field

from router.policy.complaints import Path, remedy
from router.policy.documents import Document, read
from router.policy.shape import Shape
from router.policy.shapes import Part, fit
from router.policy.values import Count, Name, OneOrMore, SomeCount, Text

Rate = Annotated[float, Field(ge=0, le=1_000_000, allow_inf_nan=False)]
SomeRate = Annotated[float, Field(gt=0, le=1_000_000, allow_inf_nan=False)]
Draw = Literal["arrivals", "busyness", "service", "patience"]
DRAWS: tuple[Draw, ...] = ("arrivals", "busyness", "service", "patience")


class LaterShape(Shape):
    """Who takes those who have waited for so long."""

    after_s: SomeRate = Field(description="seconds of waiting", examples=["12"])
    groups: Annotated[list[str], OneOrMore] = Field(
        description="groups that take it from then on, instead of those before",
        examples=["[one, two]"],
    )


class TypeShape(Shape):
    """One type of contact."""

    groups: Annotated[list[str], OneOrMore] = Field(
        description="groups that take it, the first choice first; the longest idle agent of the"
        " first group that has somebody idle gets it",
        examples=["[one, two]"],
    )
    arrivals_per_min: Annotated[list[Rate], OneOrMore] = Field(
        description="rate of arrivals by period", examples=["[5.1, 4.3, 4.8]"]
    )
    head_start_s: Count = Field(
        default=0,
        description="ranks as if it had come so much earlier; more than anybody waits: priority",
        examples=["30"],
    )
    later: list[LaterShape] = Field(
        default=[], description="groups for those who have waited longer, the shortest wait first"
    )
    service_per_min: Annotated[list[SomeRate], OneOrMore] = Field(
        default=[],
        description="rate of exponential talks of this type; nothing: that of the centre",
        examples=["0.5"],
    )
    patience_per_min: Annotated[list[SomeRate], OneOrMore] = Field(
        default=[],
        description="rate of exponential patience of this type; nothing: that of the centre",
        examples=["[0.3, 0.4, 0.2]"],
    )
    balk_share: Annotated[float, Field(ge=0, lt=1)] = Field(
        default=0.0,
        description="share that gives up at once unless somebody answers at once; needs a patience",
        examples=["0.08"],
    )
    in_time_s: SomeRate | None = Field(
        default=None, description="as that of the centre, for this type", examples=["30"]
    )


class GroupShape(Shape):
    """Agents who take the same."""

    agents: Annotated[list[Count], OneOrMore] = Field(
        description="agents at work by period; who is busy when there are fewer finishes first",
        examples=["[12, 18, 9]"],
    )
    own_types: Annotated[list[str], OneOrMore] = Field(
        default=[],
        description="types that these agents take before all others, the first before the second",
        examples=["[first]"],
    )


class CentreFile(Shape):
    """A contact centre. Lists by period have one value for each; a single one holds for all."""

    name: Text = Field(description="what the model is called", examples=["MMC"])
    days: SomeCount = Field(description="days to run, each from empty to empty", examples=["1000"])
    periods: SomeCount = Field(default=1, description="periods of a day", examples=["3"])
    period_min: SomeRate = Field(description="length of a period", examples=["120"])
    in_time_s: SomeRate = Field(
        description="who is answered before so long has waited no longer than acceptable",
        examples=["20"],
    )
    types: dict[Name, TypeShape] = Field(min_length=1, description="types of contact")
    groups: dict[Name, GroupShape] = Field(min_length=1, description="groups of agents")
    service_per_min: Annotated[list[SomeRate], OneOrMore] = Field(
        description="rate of exponential talks by period of arrival", examples=["[0.5, 0.6, 0.4]"]
    )
    patience_per_min: Annotated[list[SomeRate], OneOrMore] = Field(
        default=[],
        description="rate of exponential patience by period of arrival; nothing: for ever",
        examples=["[0.3, 0.4, 0.2]"],
    )
    busyness_shape: SomeRate | None = Field(
        default=None,
        description="each day's rates are multiplied by one draw of a Gamma distribution of this"
        " shape and of mean 1; nothing: all days are alike",
        examples=["28.7"],
    )
    wait_max_s: Annotated[float, Field(ge=0, le=1_000_000, allow_inf_nan=False)] = Field(
        default=0,
        description="who has waited so long is let go (leaves a message, say); 0 = nobody is",
        examples=["120"],
    )
    line_cleared: Literal["never", "closing", "unstaffed"] = Field(
        default="never",
        description="when all who wait are let go: when arrivals end (`closing`), or when a period"
        " begins in which none of their groups has anybody (`unstaffed`)",
        examples=["unstaffed"],
    )
    trunks: Count = Field(
        default=0,
        description="most contacts waiting and talking at once, who comes then hears the busy"
        " tone; 0 = no limit",
        examples=["17"],
    )
    streams: list[Draw] = Field(
        default=list(DRAWS),
        description="the order in which the streams of random numbers are made; arrivals have one"
        " for each type",
        examples=["[service, arrivals, patience]"],
    )
    occupancy_until: Literal["closing", "last"] = Field(
        default="last",
        description="agents' time counts until arrivals end (closing), or until the last event",
        examples=["closing"],
    )


def read_centre(path: FilePath) -> Part[CentreFile]:
    """Read a centre's file. Errors: none; what is wrong stands in the document's complaints."""
    part = fit(read(path.parent, path.name), CentreFile)
    if part.model is not None:
        _check(part.document, part.model)
    return part


def _check(document: Document, model: CentreFile) -> None:
    """Complain about what the single values do not show."""
    lists: list[tuple[Path, Iterable[object]]] = [
        (("service_per_min",), model.service_per_min),
        *(
            (("types", id_, "arrivals_per_min"), t.arrivals_per_min)
            for id_, t in model.types.items()
        ),
        *((("groups", id_, "agents"), group.agents) for id_, group in model.groups.items()),
    ]
    if model.patience_per_min:
        lists.append((("patience_per_min",), model.patience_per_min))
    for id_, type_ in model.types.items():
        for key in ("service_per_min", "patience_per_min"):
            values = getattr(type_, key)
            if values:
                lists.append((("types", id_, key), values))
    for path, values in lists:
        count = len(list(values))
        if count not in (1, model.periods):
            document.complain(
                path, f"{count} values for {model.periods} periods; write one or {model.periods}"
            )
    for id_, type_ in model.types.items():
        _check_type(document, model, id_, type_)
    for id_, shape in model.groups.items():
        for index, kind in enumerate(shape.own_types):
            if kind not in model.types:
                why = f"no type is called {kind!r}; {remedy(kind, model.types)}"
                document.complain(("groups", id_, "own_types", index), why)
    drawn = {"arrivals", "service"}
    drawn |= {"patience"} if patient(model) else set()
    drawn |= {"busyness"} if model.busyness_shape is not None else set()
    missing = [draw for draw in DRAWS if draw in drawn and draw not in model.streams]
    if missing or len(set(model.streams)) < len(model.streams):
        why = f"each of {', '.join(sorted(drawn))} stands there once"
        document.complain(("streams",), why + (f"; {missing[0]} is missing" if missing else ""))


def patient(model: CentreFile) -> bool:
    """Say whether anybody's patience is drawn."""
    return bool(model.patience_per_min or any(t.patience_per_min for t in model.types.values()))


def _check_type(document: Document, model: CentreFile, id_: str, type_: TypeShape) -> None:
    named: list[tuple[Path, list[str]]] = [(("groups",), type_.groups)]
    named += [(("later", n, "groups"), each.groups) for n, each in enumerate(type_.later)]
    for path, groups in named:
        for index, group in enumerate(groups):
            if group not in model.groups:
                why = f"no group is called {group!r}; {remedy(group, model.groups)}"
                document.complain(("types", id_, *path, index), why)
    waits = [each.after_s for each in type_.later]
    if waits != sorted(set(waits)):
        document.complain(("types", id_, "later"), "waits grow from one to the next")
    if type_.balk_share and not (type_.patience_per_min or model.patience_per_min):
        why = "who gives up at once needs a patience_per_min, of the type or of the centre"
        document.complain(("types", id_, "balk_share"), why)
