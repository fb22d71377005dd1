"""Somebody changes their own password from the terminal."""

from __future__ import annotations

import pytest

from router.desk.terminal_link import Link, NotConnected, SignInRefused
from router.desk.terminal_password import change_password
from tests.desk.house import PASSWORD, House

NEW = "a much longer pass phrase"


async def test_the_new_password_opens_and_the_old_one_does_not(town_hall: House) -> None:
    await change_password(town_hall.url, "amina", PASSWORD, NEW)
    await Link(town_hall.url, "amina", NEW).sign_in()
    with pytest.raises(SignInRefused):
        await Link(town_hall.url, "amina", PASSWORD).sign_in()


async def test_a_wrong_old_password_or_a_weak_new_one_is_told(town_hall: House) -> None:
    with pytest.raises(SignInRefused, match="password"):
        await change_password(town_hall.url, "amina", "wrong", NEW)
    with pytest.raises(SignInRefused, match="password"):
        await change_password(town_hall.url, "amina", PASSWORD, "short")


async def test_without_a_daemon_it_says_so() -> None:
    with pytest.raises(NotConnected, match="does not answer"):
        await change_password("http://127.0.0.1:9", "amina", PASSWORD, NEW)
