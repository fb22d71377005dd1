"""The list of mistakes made on purpose still fits the program."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest

from scripts.faults import Fault, faults, page

ROOT: Final = Path(__file__).parent.parent
ALL: Final = faults()


@pytest.mark.parametrize("fault", ALL, ids=lambda fault: fault.name)
def test_its_place_stands_once_in_the_program_and_its_tests_exist(fault: Fault) -> None:
    text = (ROOT / fault.module).read_text(encoding="utf-8")
    assert fault.made_in(text) != text
    compile(fault.made_in(text), fault.module, "exec")
    assert fault.tests
    assert all((ROOT / "tests" / name).is_file() for name in fault.tests)


def test_a_place_that_is_gone_is_named() -> None:
    with pytest.raises(ValueError, match=r"not_at_front.*has its place 0 times"):
        ALL[0].made_in("")


def test_the_page_has_them_all() -> None:
    shown = (ROOT / "docs" / "faults.md").read_text(encoding="utf-8")
    head = page(()).rstrip().splitlines()
    assert shown.splitlines()[: len(head)] == head
    missing = [fault.name for fault in ALL if f"| {fault.what} | `{fault.module}` |" not in shown]
    assert missing == [], "run: python -m scripts.faults --write"
