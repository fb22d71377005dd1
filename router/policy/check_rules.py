"""Checks what one file must get right by itself but no single value shows.

Numbers that mean the same, dates that are over, steps out of order, conditions without a fate,
telephone numbers that may not be rung, forms without a subject.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Final

from pydantic_core import PydanticCustomError

from router.core.dialling import may_dial
from router.core.model import HOUR, Condition
from router.policy.check_service_level import check_service_levels
from router.policy.clock_times import read_weekdays
from router.policy.compile import dialling_of
from router.policy.compile_queues import merged
from router.policy.complaints import unknown
from router.policy.documents import Document
from router.policy.holiday_dates import holiday_dates
from router.policy.models_forms import FormShape
from router.policy.models_queues import QueuesFile
from router.policy.sources import Sources
from router.policy.telephones import read_called

_ALWAYS_POSSIBLE: Final = (
    Condition.EMERGENCY,
    Condition.CLOSED,
    Condition.UNSTAFFED,
    Condition.ALL_AWAY,
    Condition.CLOSING,
)


def check_rules(sources: Sources, today: date) -> None:
    """Complain about rules that contradict themselves or cannot work."""
    _check_twice(sources.town.document, ("numbers",), read_called)
    _check_languages(sources)
    for name in sources.hours.document.keys("hours"):
        _check_twice(sources.hours.document, ("hours", name, "weekly"), read_weekdays)
    _check_holidays(sources, today)
    if sources.queues.model is not None:
        _check_queues(sources.queues.document, sources.queues.model)
        check_service_levels(sources.queues.document, sources.queues.model)
    _check_dialling(sources)
    if sources.forms.model is not None:
        subjects = frozenset(sources.town.document.keys("subjects"))
        for name, form in sources.forms.model.forms.items():
            _check_form(sources.forms.document, name, form, subjects)
    _check_front_messages(sources, today)
    _check_keeping(sources)


def _check_twice(document: Document, path: tuple[str, ...], read: Callable[[str], object]) -> None:
    """Complain about keys that are written differently and mean the same."""
    seen: dict[object, str] = {}
    for typed in document.keys(*path):
        try:
            meant = read(typed)
        except PydanticCustomError:
            continue  # said elsewhere
        if meant in seen:
            message = f"means the same as {seen[meant]!r} above; delete one of them"
            document.complain((*path, typed), message, at_key=True)
        seen.setdefault(meant, typed)


def _check_languages(sources: Sources) -> None:
    town = sources.town.model
    seen: set[str] = set()
    for index, language in enumerate(town.languages if town is not None else ()):
        if language.id in seen:
            message = f"language {language.id!r} stands here twice; delete one of them"
            sources.town.document.complain(("languages", index, "id"), message)
        seen.add(language.id)


def _check_holidays(sources: Sources, today: date) -> None:
    hours = sources.hours
    if hours.model is None:
        return
    shape = hours.model.holidays
    try:
        dates = holiday_dates(shape, today, "en")
    except NotImplementedError:
        message = f"no holidays are known for {shape.country}, {shape.province}; write CA and ON"
        hours.document.complain(("holidays", "province"), message)
        return
    computed = holiday_dates(shape.model_copy(update={"removed": [], "added": {}}), today, "en")
    for index, day in enumerate(shape.removed):
        if day not in computed and min(dates) <= day <= max(dates):
            message = f"{day} is no statutory holiday; delete it"
            hours.document.complain(("holidays", "removed", index), message)


def _check_queues(document: Document, queues: QueuesFile) -> None:
    for name, queue in queues.queues.items():
        path = ("queues", name)
        rules = merged(queue, queues.defaults)
        if not rules["hours"]:
            message = "key 'hours' is missing, here and in `defaults`; for example town_hall"
            document.complain(path, message, at_key=True)
        possible = list(_ALWAYS_POSSIBLE)
        possible += [Condition.FULL] if rules["length_max"] or rules["length_per_agent"] else []
        possible += [Condition.LATE] if rules["wait_max_s"] else []
        lacking = [each.value for each in possible if each not in rules["fallback"]]
        if lacking:
            document.complain(
                path,
                f"nothing says what follows when {', '.join(lacking)}; name a chain for each under"
                " `fallback`, here or in `defaults`",
                at_key=True,
            )
        before = 0
        for index, step in enumerate(queue.steps):
            if step.after_s <= before:
                message = f"comes after a step at {before} s; steps stand in order of time"
                document.complain((*path, "steps", index, "after_s"), message)
            before = max(before, step.after_s)


def _check_dialling(sources: Sources) -> None:
    if sources.town.model is None:
        return
    dialling = dialling_of(sources.town.model.dialling)
    skills, fallback = sources.skills.model, sources.fallback.model
    for name, agent in skills.agents.items() if skills is not None else ():
        if agent.leg is not None and (reason := may_dial(dialling, agent.leg)):
            path = ("agents", name, "leg")
            sources.skills.document.complain(path, f"may not be rung: {reason} (town.yaml)")
    for name, contact in fallback.contacts.items() if fallback is not None else ():
        if contact.number is not None and (reason := may_dial(dialling, contact.number)):
            path = ("contacts", name, "number")
            sources.fallback.document.complain(path, f"may not be rung: {reason} (town.yaml)")


def _check_form(document: Document, name: str, form: FormShape, subjects: frozenset[str]) -> None:
    path = ("forms", name)
    if bool(form.subject) == bool(form.subject_field):
        message = "give either `subject`, or `subject_field` with the field that is asked for it"
        document.complain(path, message, at_key=True)
        return
    if not form.subject_field:
        return
    at = (*path, "subject_field")
    field = form.fields.get(form.subject_field)
    if field is None:
        document.complain(at, unknown("field", form.subject_field, form.fields))
    elif field.kind != "choice" or not field.required:
        message = f"field {form.subject_field!r} must be `kind: choice` and `required: true`"
        document.complain(at, message)
    else:
        for choice in field.choices:
            if subjects and choice not in subjects:
                where = (*path, "fields", form.subject_field, "choices", choice)
                document.complain(where, unknown("subject", choice, subjects), at_key=True)


def _check_front_messages(sources: Sources, today: date) -> None:
    announcements, seen = sources.announcements, set[str]()
    if announcements.model is None:
        return
    for index, message in enumerate(announcements.model.front_messages):
        path = ("front_messages", index)
        if message.id in seen:
            announcements.document.complain(
                (*path, "id"), f"a message {message.id!r} stands above; give it another name"
            )
        seen.add(message.id)
        if message.until.date() < today:
            announcements.document.complain(
                (*path, "until"),
                f"expired on {message.until:%Y-%m-%d}; nobody hears it any more, delete it",
                is_warning=True,
            )
        elif message.until.date() > today + timedelta(days=365):
            announcements.document.complain(
                (*path, "until"),
                "is heard for more than a year; put what stays into the call flow",
                is_warning=True,
            )


def _check_keeping(sources: Sources) -> None:
    """Complain about words that are gone while the item they belong to can still be reopened."""
    town = sources.town.model
    for kind, span in town.keeping.words.items() if town is not None else ():
        if town is not None and span < town.keeping.ended_items_h * HOUR:
            message = (
                f"shorter than `ended_items_h`, {town.keeping.ended_items_h} h: an item could be"
                " opened again without its words; keep them longer"
            )
            sources.town.document.complain(("keeping", "words", kind), message)
