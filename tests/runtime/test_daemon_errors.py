"""What a broken daemon says: the one thing that matters, out of all groups."""

from __future__ import annotations

from router.errors import InvariantBroken, PolicyError
from router.runtime.daemon import innermost


def test_the_first_error_is_found_in_nested_groups() -> None:
    error = PolicyError("wrong")
    assert innermost(ExceptionGroup("a", [ExceptionGroup("b", [error]), ValueError()])) is error


def test_a_broken_invariant_goes_before_everything_else() -> None:
    broken = InvariantBroken("memory")
    nested = ExceptionGroup("b", [broken])
    assert innermost(ExceptionGroup("a", [PolicyError("wrong"), nested])) is broken
