"""What a resident may know of their form, also when it is part of another matter."""

from __future__ import annotations

from channels.webform.standing import standing_in
from router.core.model import ItemId, ItemState
from tests.core.text_hands import held, merge
from tests.core.text_town import TextDesk, writing_town


def test_a_form_stands_where_the_matter_stands_that_it_was_merged_into() -> None:
    desk = TextDesk(writing_town())
    desk.mail("m1")
    desk.form("f1")
    merge(desk, "f1", "m1")
    found = standing_in(desk.state, ItemId("f1"))
    assert found is not None
    assert (found.reference, found.state) == ("f1", ItemState.QUEUED)
    assert found.due_at == desk.item("m1").due_at
    held(desk, "m1")
    found = standing_in(desk.state, ItemId("f1"))
    assert found is not None
    assert found.state is ItemState.HANDLING
