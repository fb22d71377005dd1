"""The written page and the schemas say what the models say, about every key."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest

from router.core.flows.texts import REQUIRED_TEXTS
from router.policy import models_centre
from router.policy.documents import Plain, plain, read
from router.policy.models_flows import FlowFile
from router.policy.models_scenarios import ScenariosFile
from router.policy.reference import MARKER, PAGE, tables, write
from router.policy.schemas import FOLDER, schema_of, schemas
from router.policy.shape import Shape
from router.policy.sources import BESIDE, FLOWS, MODELS
from router.scenarios.reading import FOLDER as SCENARIOS
from tests.policy.conftest import ROOT

FILES = {
    **MODELS,
    **BESIDE,
    **{f"{FLOWS}/{each.name}": FlowFile for each in sorted((ROOT / FLOWS).glob("*.yaml"))},
    **{
        f"{SCENARIOS}/{each.name}": ScenariosFile
        for each in sorted((ROOT / SCENARIOS).glob("*.yaml"))
    },
}


def test_the_page_is_fresh() -> None:
    text = (ROOT / PAGE).read_text(encoding="utf-8")
    assert text.partition(MARKER)[2] == tables().partition(MARKER)[2], (
        "run: python -m router.policy.reference"
    )


def test_writing_the_page_keeps_what_people_wrote(tmp_path: Any) -> None:
    page = tmp_path / "policy.md"
    page.write_text(f"Words.\n{MARKER}old")
    write(page)
    assert page.read_text(encoding="utf-8") == f"Words.\n{tables()}"


@pytest.mark.parametrize("name", schemas())
def test_the_schemas_are_fresh(name: str) -> None:
    shipped = (ROOT / FOLDER / name).read_text(encoding="utf-8")
    assert shipped == schemas()[name], "run: python -m router.policy.schemas"


def shapes(model: type[Shape] = Shape) -> Iterator[type[Shape]]:
    """Yield what a town's files are made of; a centre's file has a page of its own."""
    for each in model.__subclasses__():
        if each.__module__ != models_centre.__name__:
            yield each
            yield from shapes(each)


def test_every_key_is_described_with_an_example_or_a_block_of_its_own() -> None:
    page = (ROOT / PAGE).read_text(encoding="utf-8")
    for model in shapes():
        for name, info in model.model_fields.items():
            assert info.description, f"{model.__name__}.{name} has no description"
            assert f"| `{info.alias or name}` |" in page, (
                f"{model.__name__}.{name} is not in {PAGE}"
            )


def test_every_text_is_on_the_page() -> None:
    page = (ROOT / PAGE).read_text(encoding="utf-8")
    assert [each for each in REQUIRED_TEXTS if f"| `{each}` |" not in page] == []


def test_every_example_of_a_single_value_is_one_that_fits() -> None:
    for model in shapes():
        schema = schema_of(model, "x")
        for name, about in schema["properties"].items():
            if about.get("type") in ("string", "integer", "number", "boolean"):
                for example in about.get("examples", ()):
                    inside = {"$defs": schema.get("$defs", {}), **about}
                    jsonschema.validate(as_editors_read(example), inside)
                    assert example, f"{model.__name__}.{name}"


def as_editors_read(value: Plain) -> Any:
    """Return a value as an editor's YAML 1.2 parser sees it."""
    if isinstance(value, dict):
        return {key: as_editors_read(each) for key, each in value.items()}
    if isinstance(value, list):
        return [as_editors_read(each) for each in value]
    if value is not None and re.fullmatch(r"[-+]?[0-9]+", value):
        return int(value)
    if value is not None and re.fullmatch(r"[-+]?[0-9]*\.[0-9]+", value):
        return float(value)
    return {"true": True, "false": False}.get(value or "", value)


@pytest.mark.parametrize("file", FILES)
def test_the_shipped_files_fit_their_schemas_and_name_them(file: str) -> None:
    first = (ROOT / file).read_text(encoding="utf-8").partition("\n")[0]
    assert first.startswith("# yaml-language-server: $schema=")
    schema = (ROOT / file).parent / first.partition("=")[2]
    document = read(ROOT, file)
    jsonschema.validate(
        as_editors_read(plain(document.root)), json.loads(schema.read_text(encoding="utf-8"))
    )


def test_a_schema_refuses_an_unknown_key() -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(
            {"start": "a", "safety": "a", "nodes": {}, "x": 1}, schema_of(FlowFile, "x")
        )
