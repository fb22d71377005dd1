"""The scripts people type parse, find Python or say what is missing, and install only once."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parent.parent
PROGRAMS: Final = ("scripts/run", "scripts/test", "scripts/lock", ".ci/run")


def shell(folder: Path, line: str, **more: str) -> subprocess.CompletedProcess[str]:
    """Run a line of bash in a folder, after the functions of `environment.sh`."""
    return subprocess.run(
        ["bash", "-c", f". {ROOT}/scripts/environment.sh; {line}"],
        cwd=folder,
        env={"PATH": "/usr/bin:/bin", **more},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A folder that looks like the repository, as far as installing goes, with an environment."""
    for name in ("pyproject.toml", "requirements.lock"):
        (tmp_path / name).write_bytes((ROOT / name).read_bytes())
    (tmp_path / ".venv/bin").mkdir(parents=True)
    (tmp_path / ".venv/bin/python").write_text('#!/bin/sh\necho called with "$@"\n')
    (tmp_path / ".venv/bin/python").chmod(0o755)
    return tmp_path


@pytest.mark.parametrize("name", [*PROGRAMS, "scripts/environment.sh"])
def test_a_script_parses_and_can_be_started(name: str) -> None:
    done = subprocess.run(["bash", "-n", ROOT / name], capture_output=True, text=True, check=False)
    assert done.stderr == ""
    assert name.endswith(".sh") or (ROOT / name).stat().st_mode & 0o111


def test_ci_runs_exactly_what_people_run() -> None:
    assert (ROOT / ".ci/run").read_text().splitlines()[1:] == [
        'exec "$(dirname "${BASH_SOURCE[0]}")/../scripts/test" "$@"'
    ]


def test_without_python_it_says_what_is_needed(tmp_path: Path) -> None:
    done = shell(tmp_path, "prepare_environment", PYTHON="python2.7")
    assert done.returncode == 1
    assert "needs Python 3.11 or newer; looked for python2.7" in done.stderr
    assert not (tmp_path / ".venv").exists()


def test_it_installs_from_the_lock_once(copy: Path) -> None:
    first, second = (shell(copy, "prepare_environment") for _ in range(2))
    assert "-m pip install" in first.stderr
    assert "--constraint requirements.lock --editable ." in first.stderr
    assert (first.returncode, second.returncode) == (0, 0)
    assert second.stderr == ""


def test_what_the_tests_need_is_enough_to_run_but_not_the_other_way_round(copy: Path) -> None:
    shell(copy, "prepare_environment")
    assert ".[dev]" in shell(copy, "prepare_environment dev").stderr
    assert shell(copy, "prepare_environment").stderr == ""


@pytest.mark.parametrize("name", ["pyproject.toml", "requirements.lock"])
def test_it_installs_again_after_a_change(copy: Path, name: str) -> None:
    shell(copy, "prepare_environment")
    with (copy / name).open("a") as file:
        file.write("# changed\n")
    assert "-m pip install" in shell(copy, "prepare_environment").stderr


def test_a_failed_installation_is_tried_again(copy: Path) -> None:
    python = copy / ".venv/bin/python"
    python.write_text('#!/bin/sh\n[ "$1" = -c ]\n')
    failed = shell(copy, "prepare_environment")
    assert failed.returncode == 1
    assert "The installation failed" in failed.stderr
    python.write_text("#!/bin/sh\n")
    assert "Installing" in shell(copy, "prepare_environment").stderr


def test_the_tests_know_one_option() -> None:
    done = subprocess.run(
        [ROOT / "scripts/test", "--fast"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (2, "usage: scripts/test [--full]\n")
