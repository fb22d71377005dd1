"""What all models of the policy files share: unknown keys are mistakes, nothing changes."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Shape(BaseModel):
    """Base of every block of keys; each field carries its description and an example."""

    model_config = ConfigDict(extra="forbid", frozen=True)
