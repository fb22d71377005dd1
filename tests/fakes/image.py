"""What the Dockerfile says, read without docker."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]


def instructions() -> list[tuple[str, str]]:
    """Return (instruction, arguments) of the Dockerfile, comments left out."""
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    joined = "\n".join(lines).replace("\\\n", " ")
    pairs = (line.partition(" ") for line in joined.splitlines() if line.strip())
    return [(name, " ".join(rest.split())) for name, _, rest in pairs]


def is_healthy(port: int, **more: str) -> bool:
    """Run the image's health check here; say whether docker would call the container healthy."""
    (check,) = (rest for name, rest in instructions() if name == "HEALTHCHECK")
    python, *words = json.loads(check.partition(" CMD ")[2])
    assert python == "python"
    done = subprocess.run(
        [sys.executable, *words],
        env={**os.environ, "TOWNLINE_HTTP__PORT": str(port), **more},
        capture_output=True,
        check=False,
    )
    return done.returncode == 0
