"""Writes the tables of docs/policy.md: every key with type, unit, default and example.

`python -m router.policy.reference` writes the part of the page below its marker afresh; what stands
above the marker is written by people.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from router.core.flows.texts import REQUIRED_TEXTS
from router.policy.models_flows import FlowFile
from router.policy.models_scenarios import ScenariosFile
from router.policy.schemas import schema_of
from router.policy.shape import Shape
from router.policy.sources import BESIDE, FLOWS, MODELS

PAGE: Final = Path("docs/policy.md")
MARKER: Final = "<!-- below: written by python -m router.policy.reference -->\n"

_UNITS: Final = {"_s": "seconds", "_h": "hours", "_min": "minutes", "_kb": "kB"}  # of numbers


def tables() -> str:
    """Return the generated part of the page."""
    files: dict[str, type[Shape]] = {
        **MODELS,
        **BESIDE,
        f"{FLOWS}/*.yaml": FlowFile,
        "config/scenarios/*.yaml": ScenariosFile,
    }
    parts = [_file(file, schema_of(model, file)) for file, model in files.items()]
    return "\n".join((MARKER, *parts, _texts()))


def _file(file: str, schema: dict[str, Any]) -> str:
    blocks = schema.get("$defs", {})
    lines = [f"## {file}", "", *_table(schema, blocks)]
    for name, block in blocks.items():
        if "properties" in block:
            lines += [f"### {_title(name)}", "", block.get("description", ""), ""]
            lines += _table(block, blocks)
    return "\n".join(lines)


def _table(schema: dict[str, Any], blocks: dict[str, Any]) -> Iterator[str]:
    yield "| key | type, unit | default | example | meaning |"
    yield "|---|---|---|---|---|"
    for key, about in schema["properties"].items():
        example = "; ".join(f"`{each}`" for each in about.get("examples", ()))
        default = _default(about) if key not in schema.get("required", ()) else "needed"
        kind = _kind(about, blocks)
        unit = next((unit for suffix, unit in _UNITS.items() if key.endswith(suffix)), "")
        unit = "" if kind.startswith("size") else unit
        cells = (f"`{key}`", f"{kind}, {unit}" if unit else kind, default, example)
        yield f"| {' | '.join(_cell(each) for each in (*cells, about['description']))} |"
    yield ""


def _default(about: dict[str, Any]) -> str:
    default = about.get("default")
    if "$ref" in about:
        return "its own defaults"
    if default in (None, "", [], {}):
        return "none"
    return f"`{default if isinstance(default, str) else json.dumps(default, ensure_ascii=False)}`"


def _kind(about: dict[str, Any], blocks: dict[str, Any]) -> str:
    if "x-kind" in about:
        return str(about["x-kind"])
    if "$ref" in about:
        name = about["$ref"].rsplit("/", 1)[1]
        block = blocks[name]
        if "enum" in block:
            return "one of " + ", ".join(block["enum"])
        return f"block [{_title(name)}](#{_title(name).replace(' ', '-')})"
    if "oneOf" in about:
        return "a node, see below"
    if "anyOf" in about:
        arms = [each for each in about["anyOf"] if each.get("type") != "null"]
        if arms[0].get("type") == "array" and len(arms) == 2:
            return f"{_kind(arms[0], blocks)}; one may stand alone"
        return " or ".join(dict.fromkeys(_kind(each, blocks) for each in arms))
    if "enum" in about:
        return "one of " + ", ".join(filter(None, about["enum"]))
    kind = about.get("type")
    if kind == "array":
        return f"list of {_kind(about['items'], blocks)}"
    if kind == "object":
        return _mapping(about, blocks)
    if kind in ("integer", "number"):
        least, most = _least(about), about.get("maximum")
        what = "whole number" if kind == "integer" else "number"
        return f"{what}, {least} to {most}" if most is not None else what
    return {"boolean": "true or false"}.get(str(kind), "text")


def _least(about: dict[str, Any]) -> str:
    if "exclusiveMinimum" in about:
        return f"above {about['exclusiveMinimum']}"
    return str(about.get("minimum", ""))


def _mapping(about: dict[str, Any], blocks: dict[str, Any]) -> str:
    if "patternProperties" in about:
        inside = next(iter(about["patternProperties"].values()))
        if "^[a-z]{2,3}$" in about["patternProperties"]:
            return "text for each language"
    else:
        inside = about.get("additionalProperties", {})
    key = _kind(about.get("propertyNames", {}), blocks).removeprefix("one of ")
    return f"{'name' if key == 'text' else key} -> {_kind(inside, blocks)}"


def _title(name: str) -> str:
    """Return the class name as words: `ServiceLevelShape` becomes `service level`."""
    words = name.removesuffix("Shape")
    return "".join(f" {each.lower()}" if each.isupper() else each for each in words).strip()


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def _texts() -> str:
    rows = [f"| `{key}` | {_cell(about)} |" for key, about in REQUIRED_TEXTS.items()]
    head = (
        "## Texts of town.yaml\n\nAll of them are needed, in every language. Words in braces are"
        " filled in.\n\n| text | when it is said |\n|---|---|\n"
    )
    return head + "\n".join(rows) + "\n"


def write(page: Path) -> None:
    """Replace what stands below the marker."""
    above = page.read_text(encoding="utf-8").partition(MARKER)[0]
    page.write_text(above + tables(), encoding="utf-8")


if __name__ == "__main__":
    write(PAGE)
