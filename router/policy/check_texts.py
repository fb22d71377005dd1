"""Checks the texts: each in every language of the town, none missing, nothing left in braces."""

from __future__ import annotations

import re
from collections.abc import Iterator
from difflib import get_close_matches
from typing import Annotated, Any, Final, get_args, get_origin

from pydantic import BaseModel

from router.core.flows.texts import REQUIRED_TEXTS
from router.policy.compile_queues import WAITING_TEXTS
from router.policy.complaints import Path, remedy, unknown
from router.policy.documents import Document
from router.policy.sources import Sources
from router.policy.values import PER_LANGUAGE

_FILLED_IN: Final = re.compile(r"\{([^{}]*)\}")
_FIELDS: Final = {  # first and last key of the path -> what is filled in there
    ("forms", "thanks"): ("reference", "due"),
    ("acknowledgement", "acknowledgement"): ("reference", "due", "subject", "town"),
    ("signature", "signature"): ("agent", "town"),
    ("page", "page"): ("reference", "subject", "summary", "town"),
    ("rules", "refuse"): ("subject", "town"),
    ("greeting", "greeting"): ("town",),
    ("closed", "closed"): ("opens", "town"),
    ("answers", "text"): ("name", "reference", "due", "agent", "town", "subject"),
}


def check_texts(sources: Sources) -> None:
    """Complain about languages, texts and filled-in words that are missing or too many."""
    town = sources.town
    if town.model is not None:
        for key in REQUIRED_TEXTS:
            if key not in town.document.keys("texts"):
                about = f"text {key!r} is missing: {REQUIRED_TEXTS[key]}"
                town.document.complain(("texts",), about, at_key=True)
        for key in town.model.texts:
            if key not in REQUIRED_TEXTS:
                message = f"nothing says this text; {remedy(key, REQUIRED_TEXTS)}"
                town.document.complain(("texts", key), message, at_key=True)
        for language, days in town.model.texts.get("weekdays", {}).items():
            if len(days.split(",")) != 7:
                message = f"{days!r} are not seven days; write them Monday first, with commas"
                town.document.complain(("texts", "weekdays", language), message)
    waiting = sources.announcements.model
    for name, shape in waiting.waiting.items() if waiting is not None else ():
        for key in shape.texts:
            if key not in WAITING_TEXTS:
                path: Path = ("waiting", name, "texts", key)
                message = unknown("waiting text", key, WAITING_TEXTS)
                sources.announcements.document.complain(path, message, at_key=True)
    languages: list[str] = []
    if town.model is not None and town.whole:
        languages = [each.id for each in town.model.languages]
    for part in sources.parts():
        if part.model is not None:
            for path, texts in texts_in(part.model):
                _check(part.document, path, texts, languages)


def _check(document: Document, path: Path, texts: dict[str, str], languages: list[str]) -> None:
    missing = [each for each in languages if each not in texts]
    if missing and texts:
        document.complain(
            path,
            f"the text for {', '.join(missing)} is missing; each language of town.yaml needs one",
            at_key=True,
        )
    allowed = _may_be_filled_in(path)
    for language, text in texts.items():
        if languages and language not in languages:
            message = f"{unknown('language', language, languages)} (town.yaml, `languages`)"
            document.complain((*path, language), message, at_key=True)
        for word in _FILLED_IN.findall(text):
            if word not in allowed:
                known = ", ".join(f"{{{each}}}" for each in allowed)
                near = get_close_matches(word, allowed, n=1)
                meant = f"; did you mean {{{near[0]}}}?" if near else ""
                hint = f"filled in are: {known}{meant}" if allowed else "nothing is; delete it"
                document.complain((*path, language), f"{{{word}}} is not filled in here; {hint}")


def _may_be_filled_in(path: Path) -> tuple[str, ...]:
    if path[0] == "texts" or (path[0] == "waiting" and "texts" in path):
        return tuple(_FILLED_IN.findall(REQUIRED_TEXTS.get(str(path[-1]), "")))
    return _FIELDS.get((str(path[0]), str(path[-1])), ())


def texts_in(model: BaseModel) -> Iterator[tuple[Path, dict[str, str]]]:
    """Yield every text of a model that is given per language, with its path."""
    for name, info in type(model).model_fields.items():
        value = getattr(model, name)
        path = (info.alias or name,)
        if PER_LANGUAGE in info.metadata:
            yield path, value
        else:
            yield from _within(info.annotation, value, path)


def _within(annotation: Any, value: Any, path: Path) -> Iterator[tuple[Path, dict[str, str]]]:
    if isinstance(value, BaseModel):
        for inner, texts in texts_in(value):
            yield (*path, *inner), texts
        return
    if get_origin(annotation) is Annotated:
        if PER_LANGUAGE in get_args(annotation)[1:]:
            yield path, value
            return
        annotation = get_args(annotation)[0]
    if isinstance(value, dict):
        inside = get_args(annotation)[1] if get_origin(annotation) is dict else Any
        for key, each in value.items():
            yield from _within(inside, each, (*path, str(key)))
    elif isinstance(value, list):
        inside = get_args(annotation)[0] if get_origin(annotation) is list else Any
        for index, each in enumerate(value):
            yield from _within(inside, each, (*path, index))
