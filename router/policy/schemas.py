"""Writes JSON Schemas of the policy files, by which editors complete and check the YAML.

`python -m router.policy.schemas` writes docs/schemas afresh.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from router.policy.models_flows import FlowFile
from router.policy.models_scenarios import ScenariosFile
from router.policy.shape import Shape
from router.policy.sources import BESIDE, FLOWS, MODELS

FOLDER: Final = Path("docs/schemas")


def schema_of(model: type[Shape], file: str) -> dict[str, Any]:
    """Return the JSON Schema of one kind of file."""
    schema = model.model_json_schema(by_alias=True, mode="validation")
    for block in (schema, *schema.get("$defs", {}).values()):
        for each in block.get("properties", {}).values():
            each.pop("title", None)  # the key itself says as much
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **schema,
        "title": file,
    }


def schemas() -> dict[str, str]:
    """Return file name -> text of every schema."""
    models: dict[str, type[Shape]] = {
        **MODELS,
        **BESIDE,
        f"{FLOWS}/flow.yaml": FlowFile,
        "config/scenarios/scenario.yaml": ScenariosFile,
    }
    return {
        f"{Path(file).stem}.schema.json": json.dumps(
            schema_of(model, file), indent=1, ensure_ascii=False, sort_keys=True
        )
        + "\n"
        for file, model in models.items()
    }


def write(folder: Path) -> None:
    """Write every schema into the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in schemas().items():
        (folder / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write(FOLDER)
