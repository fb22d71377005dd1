"""Writes console/src/protocol/messages.ts: every message, body and view, as TypeScript.

`python -m scripts.draw_protocol` writes the file; a test says when it is out of date. What the
daemon says always holds every field; what a client says may leave out what has a default.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import msgspec

from router.desk import api, messages, messages_wall
from router.desk.api_people import Body
from router.desk.message_types import ClientMessage
from router.desk.messages_text import FileSent
from router.desk.view_types import View
from router.reports.report import Report

FILE: Final = Path(__file__).parent.parent / "console" / "src" / "protocol" / "messages.ts"
HEAD: Final = """\
// Written by `python -m scripts.draw_protocol` from router/desk; edit those.
// Moments are ISO 8601 in UTC; names that end in _s are seconds.
"""
_SAID_BY_CLIENTS: Final = (ClientMessage, Body, FileSent)
_UNIONS: Final = {
    "ClientSays": messages.AnyClientMessage,
    "ServerSays": messages.AnyServerMessage,
    "WallSays": messages_wall.AnyWallMessage,
}
_SIMPLE: Final = {
    "string": "string",
    "integer": "number",
    "number": "number",
    "boolean": "boolean",
    "null": "null",
}

Schema = dict[str, Any]


def page() -> str:
    """Return the whole file."""
    kinds = [*_below(View), *_below(Body), messages_wall.Watch, Report, *_UNIONS.values()]
    assert api.MOUNTED_AT  # importing the routes has made every view and body known
    _, named = msgspec.json.schema_components(kinds, ref_template="{name}")
    loose = {kind.__name__ for base in _SAID_BY_CLIENTS for kind in (base, *_below(base))}
    parts = [HEAD]
    parts += [_declared(name, named[name], is_loose=name in loose) for name in sorted(named)]
    parts += [_union(name, union) for name, union in _UNIONS.items()]
    return "\n".join(parts)


def _below(kind: type[Any]) -> Iterator[type[Any]]:
    for each in kind.__subclasses__():
        yield each
        yield from _below(each)


def _union(name: str, union: Any) -> str:
    members = "".join(f"\n  | {kind.__name__}" for kind in union.__args__)
    return f"export type {name} ={members};\n"


def _declared(name: str, schema: Schema, *, is_loose: bool) -> str:
    about = schema.get("description", "").split("\n")[0]
    head = f"/** {about} */\n" if about else ""
    if "properties" not in schema:
        return f"{head}export type {name} = {_type(schema)};\n"
    needed = set(schema.get("required", ()))
    lines = (
        f"  {field}{'?' if is_loose and field not in needed else ''}: {_type(kind)};\n"
        for field, kind in schema["properties"].items()
    )
    return f"{head}export interface {name} {{\n{''.join(lines)}}}\n"


def _type(schema: Schema) -> str:
    match schema:
        case {"$ref": name}:
            return str(name)
        case {"enum": values}:
            return " | ".join(json.dumps(value) for value in values)
        case {"anyOf": choices}:
            return " | ".join(_type(each) for each in choices)
        case {"type": "array", "items": dict(items)}:
            inner = _type(items)
            return f"({inner})[]" if "|" in inner else f"{inner}[]"
        case {"type": "object", "additionalProperties": dict(values)}:
            return f"Record<string, {_type(values) if values else 'unknown'}>"
        case {"type": "object"}:
            return "Record<string, unknown>"
        case {"type": str(kind)}:
            return _SIMPLE[kind]
        case _:
            return "unknown"


if __name__ == "__main__":
    FILE.parent.mkdir(parents=True, exist_ok=True)
    FILE.write_text(page(), encoding="utf-8")
