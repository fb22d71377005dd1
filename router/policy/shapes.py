"""Holds a document against its model and says in plain words what does not fit.

A document with mistakes still gives a model of the rest, so that the checks across files can go on:
what was wrong is left out, and `whole` says whether that could mislead a check that looks at the
policy as a whole.
"""

from __future__ import annotations

import re
import types
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final, Generic, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, Tag, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from router.policy import documents
from router.policy.complaints import Path, remedy
from router.policy.documents import Document, Plain
from router.policy.shape import Shape

M = TypeVar("M", bound=Shape)

_ROUNDS: Final = 12
_GONE: Final = "\0"  # stands for a list entry that is left out; no file can contain it
_MERE_FIGURES: Final = ("_s", "_h", "_min", "_max", "_kb", "tries", "share")


@dataclass(slots=True)
class Part(Generic[M]):
    """One file: its text and what it says."""

    document: Document
    model: M | None  # without what was wrong; None when nothing could be kept
    whole: bool  # nothing was left out that could change who reaches what


def model_of(part: Part[M]) -> M:
    """Return what a file says. Errors: ValueError when nothing of it could be kept."""
    if part.model is None:
        raise ValueError(f"{part.document.file} has mistakes")
    return part.model


def fit(document: Document, model: type[M]) -> Part[M]:
    """Hold the document against the model; complaints go to the document."""
    plain = documents.plain(document.root)
    whole = document.readable
    for turn in range(_ROUNDS):
        try:
            return Part(document, model.model_validate(plain), whole)
        except ValidationError as failure:
            for error in failure.errors(include_url=False):
                path = _path(document, error["loc"])
                if turn == 0 and document.readable:
                    _complain(document, model, error, path)
                whole = whole and _is_harmless(error, path)
                _leave_out(plain, path, error["type"] == "missing")
            _purge(plain)
    return Part(document, None, False)


def _path(document: Document, loc: tuple[int | str, ...]) -> Path:
    """Return those parts of pydantic's location that stand in the document, and a missing key."""
    node: documents.Node | None = document.root
    path: list[str | int] = []
    for index, part in enumerate(loc):
        if isinstance(node, documents.Mapping) and str(part) in node.entries:
            node = node.entries[str(part)][1]
            path.append(str(part))
        elif (
            isinstance(node, documents.Sequence)
            and isinstance(part, int)
            and part < len(node.elements)
        ):
            node = node.elements[part]
            path.append(part)
        elif index == len(loc) - 1 and isinstance(node, documents.Mapping) and part != "[key]":
            path.append(part)  # a missing key
    return tuple(path)


def _complain(document: Document, model: type[Shape], error: ErrorDetails, path: Path) -> None:
    kind = error["type"]
    about = _field(model, error["loc"])
    if kind == "extra_forbidden":
        owner = _owner(model, error["loc"][:-1])
        known = [name for name in _keys_of(owner)] if owner is not None else []
        document.complain(path, f"unknown key; {remedy(str(path[-1]), known)}", at_key=True)
        return
    if kind == "missing":
        document.complain(
            path[:-1], f"key {path[-1]!r} is missing: {_described(about)}", at_key=True
        )
        return
    at_key = "[key]" in error["loc"]
    message = _in_words(error, about, at_key)
    column = int(error.get("ctx", {}).get("column", 0))
    if column:
        _complain_within(document, path, message, column)
    else:
        document.complain(path, message, at_key=at_key)


def _complain_within(document: Document, path: Path, message: str, column: int) -> None:
    """Complain at a column of the text itself; quotes shift it by one."""
    before = len(document.complaints)
    document.complain(path, message)
    complaint = document.complaints.pop(before)
    shifted = type(complaint)(
        complaint.file,
        complaint.line,
        complaint.col + column - 1,
        complaint.path,
        complaint.message,
    )
    document.complaints.append(shifted)


def _is_harmless(error: ErrorDetails, path: Path) -> bool:
    """An unknown key or a mere figure changes nothing about who reaches what."""
    if error["type"] == "extra_forbidden":
        return True
    return bool(path) and error["type"] != "missing" and str(path[-1]).endswith(_MERE_FIGURES)


def _leave_out(plain: Plain, path: Path, missing: bool) -> None:
    """Take the value at the path out of the plain tree; of a missing key, what it is missing in."""
    if missing:
        path = path[:-1]
    if not path:
        return
    holder: Any = plain
    for part in path[:-1]:
        if isinstance(holder, dict):
            holder = holder.get(str(part))
        elif isinstance(holder, list) and isinstance(part, int) and part < len(holder):
            holder = holder[part]
    last = path[-1]
    if isinstance(holder, dict):
        holder.pop(str(last), None)
    elif isinstance(holder, list) and isinstance(last, int) and last < len(holder):
        holder[last] = _GONE  # the other entries keep their numbers until the round is over


def _purge(plain: Plain) -> None:
    """Take out the list entries that were marked."""
    if isinstance(plain, dict):
        for value in plain.values():
            _purge(value)
    elif isinstance(plain, list):
        plain[:] = [entry for entry in plain if entry is not _GONE]
        for entry in plain:
            _purge(entry)


_WORDS: Final[Mapping[str, str]] = {
    "int_parsing": "{value} is no whole number",
    "int_type": "{value} is no whole number",
    "float_parsing": "{value} is no number",
    "float_type": "{value} is no number",
    "bool_parsing": "{value} is neither true nor false",
    "bool_type": "{value} is neither true nor false",
    "greater_than": "{value} is too small; more than {gt}",
    "greater_than_equal": "{value} is too small; at least {ge}",
    "less_than": "{value} is too large; less than {lt}",
    "less_than_equal": "{value} is too large; at most {le}",
    "multiple_of": "{value} does not fit; write a multiple of {multiple_of}",
    "string_type": "must be a text, not a list or a block of keys",
    "string_too_short": "is empty",
    "string_too_long": "is too long; at most {max_length} characters",
    "string_pattern_mismatch": "{value} is not written as it must be",
    "list_type": "must be a list, one `- entry` a line",
    "dict_type": "must be a block of keys",
    "model_type": "must be a block of keys",
    "model_attributes_type": "must be a block of keys",
    "too_short": "is empty; give at least {min_length}",
}


def _in_words(error: ErrorDetails, about: FieldInfo | None, at_key: bool) -> str:
    kind, value, context = error["type"], error["input"], error.get("ctx", {})
    if kind == "policy":
        return error["msg"]
    if value is None:
        return f"is empty; {_described(about)}"
    if kind in ("enum", "literal_error"):
        known = re.findall(r"'([^']*)'", str(context["expected"]))
        return f"{value!r} is not known here; {remedy(str(value), known)}"
    if at_key and kind == "string_pattern_mismatch":
        return f"{value!r} is no name; use small letters, digits and _, beginning with a letter"
    shown = repr(value) if isinstance(value, str) else "a list or a block of keys"
    words = _WORDS.get(kind, error["msg"])
    text = words.format(value=shown, **{name: str(each) for name, each in context.items()})
    examples = about.examples if about is not None else None
    return f"{text}; for example {examples[0]}" if examples and not at_key else text


def _described(about: FieldInfo | None) -> str:
    if about is None:
        return "write a value, or delete the key"
    example = f"; for example {about.examples[0]}" if about.examples else ""
    return f"{about.description}{example}"


# --- finding the model that a location leads to ---------------------------------------------------


def _keys_of(model: type[BaseModel]) -> list[str]:
    return [info.alias or name for name, info in model.model_fields.items()]


def _owner(model: type[BaseModel], loc: tuple[int | str, ...]) -> type[BaseModel] | None:
    """Return the model that a location leads to."""
    annotation: Any = model
    for part in loc:
        annotation = _inside(annotation, part)
        if annotation is None:
            return None
    return _model_of(annotation)


def _field(model: type[BaseModel], loc: tuple[int | str, ...]) -> FieldInfo | None:
    """Return the innermost field on the way of a location."""
    annotation: Any = model
    found: FieldInfo | None = None
    for part in loc:
        owner = _model_of(annotation)
        if owner is not None and part in _keys_of(owner):
            found = owner.model_fields[str(part)]
        annotation = _inside(annotation, part)
    return found


def _model_of(annotation: Any) -> type[BaseModel] | None:
    if get_origin(annotation) is Annotated:
        return _model_of(get_args(annotation)[0])
    if get_origin(annotation) in (Union, types.UnionType):
        arms = (_model_of(arm) for arm in get_args(annotation))
        return next((arm for arm in arms if arm is not None), None)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return None


def _inside(annotation: Any, part: int | str) -> Any:
    """Return the annotation of what `part` leads to."""
    origin = get_origin(annotation)
    if origin is Annotated:
        return _inside(get_args(annotation)[0], part)
    if origin in (Union, types.UnionType):
        for arm in get_args(annotation):
            if Tag(str(part)) in get_args(arm)[1:]:
                return arm
        return next(
            (into for arm in get_args(annotation) if (into := _inside(arm, part)) is not None),
            None,
        )
    if origin is dict:
        return get_args(annotation)[1]
    if origin in (list, tuple):
        return get_args(annotation)[0]
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        info = annotation.model_fields.get(str(part))
        return None if info is None else info.annotation
    return None
