"""The town of the tests of mail and chat, in which nobody is signed in yet."""

from __future__ import annotations

import pytest

from tests.core.text_town import TextDesk, writing_town


@pytest.fixture
def desk() -> TextDesk:
    return TextDesk(writing_town())
