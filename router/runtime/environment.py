"""Reading the settings: from the environment and `.env`, with mistakes told by variable name.

Also the list of all variables, from which the documentation is tested.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from pathlib import Path
from typing import Final, NamedTuple

from pydantic import BaseModel, SecretStr, ValidationError
from pydantic.fields import FieldInfo
from pydantic_settings import DotEnvSettingsSource
from pydantic_settings import SettingsError as UnreadableValue

from router.errors import SettingsError
from router.runtime.settings import Settings

PREFIX: Final = "TOWNLINE_"
NESTED: Final = "__"


class Variable(NamedTuple):
    """One setting as an operator meets it."""

    name: str  # TOWNLINE_HTTP__PORT
    default: str  # as it would be written into .env; empty: not set
    description: str


def load_settings(env_file: Path = Path(".env")) -> Settings:
    """Return the settings; the environment goes before the file, which may be missing.

    Errors: `SettingsError` that lists every wrong variable, what is wrong and what would be right.
        Values are not shown: one of them may be a secret in the wrong place.
    """
    try:
        return Settings(_env_file=env_file)
    except ValidationError as error:
        complaints = [_complaint(each["loc"], each["msg"]) for each in error.errors()]
        raise SettingsError("\n".join(complaints)) from error
    except UnreadableValue as error:
        groups = ", ".join(f"{PREFIX}{group.upper()}" for group in _groups())
        raise SettingsError(
            f"one of {groups} is set by itself; set its members instead, as in "
            f"{PREFIX}HTTP{NESTED}PORT ({error})"
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{env_file} cannot be read as UTF-8 text: {error}") from error


def variables() -> list[Variable]:
    """Return every setting there is, in the order of `Settings`."""
    return list(_variables_of(Settings, PREFIX))


def set_variables(env_file: Path = Path(".env")) -> list[str]:
    """Return the names of the settings that the environment or the file sets, sorted."""
    in_file = DotEnvSettingsSource(Settings, env_file=env_file).env_vars
    there = {name.upper() for name in (*os.environ, *in_file)}
    return sorted(each.name for each in variables() if each.name in there)


def unknown_variables(env_file: Path = Path(".env")) -> list[str]:
    """Return one warning for each TOWNLINE_* variable that no setting reads."""
    in_file = DotEnvSettingsSource(Settings, env_file=env_file).env_vars
    known = [variable.name for variable in variables()]
    return [
        _warning(name, known)
        for name in sorted({name.upper() for name in (*os.environ, *in_file)})
        if name.startswith(PREFIX) and name not in known
    ]


def _warning(name: str, known: list[str]) -> str:
    ends = {each.removeprefix(PREFIX): each for each in known}  # the prefix is alike in all
    nearest = get_close_matches(name.removeprefix(PREFIX), ends, n=1)
    remedy = f"did you mean {ends[nearest[0]]}?" if nearest else "remove it"
    return f"{name} is no setting and has no effect: {remedy}"


def _variables_of(model: type[BaseModel], prefix: str) -> Iterator[Variable]:
    for name, info in model.model_fields.items():
        group = _group(info)
        if group is None:
            yield Variable(
                f"{prefix}{name.upper()}", _written(info.default), info.description or ""
            )
        else:
            yield from _variables_of(group, f"{prefix}{name.upper()}{NESTED}")


def _group(info: FieldInfo) -> type[BaseModel] | None:
    kind: object = info.annotation
    return kind if isinstance(kind, type) and issubclass(kind, BaseModel) else None


def _groups() -> list[str]:
    return [name for name, info in Settings.model_fields.items() if _group(info) is not None]


def _written(default: object) -> str:
    assert not isinstance(default, SecretStr), "a secret has no default"
    return "" if default is None else str(default)


def _complaint(place: Iterable[int | str], message: str) -> str:
    name = PREFIX + NESTED.join(str(part).upper() for part in place)
    wrong = message.removeprefix("Value error, ")
    meant = [variable for variable in variables() if variable.name == name]
    if not meant:  # a rule about a whole group
        return f"{name}{NESTED}*: {wrong}"
    default = f" Default: {meant[0].default}" if meant[0].default else ""
    return f"{name}: {wrong}. What it is: {meant[0].description}{default}"
