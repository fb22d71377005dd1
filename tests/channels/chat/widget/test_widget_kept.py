"""Nothing a resident writes in the widget is lost or doubled, whatever breaks on the way."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.channels.chat.widget.conftest import OpenPage
from tests.channels.chat.widget.steps import is_ready, is_sent, write
from tests.fakes.direct_line import FakeDirectLine, Refusal


def bubbles(page: Page) -> list[str]:
    return page.locator(".bubble").all_inner_texts()


def test_a_reload_takes_the_conversation_up(host: OpenPage, town: FakeDirectLine) -> None:
    page = host()
    write(page, "one")
    is_sent(page)
    town.say("two")
    expect(page.get_by_text("two")).to_be_visible()
    page.goto("about:blank")
    town.say("three")
    page.goto(town.url + "host")
    expect(page.locator(".badge")).to_contain_text("1 new message")  # and not those seen before
    page.get_by_role("button", name="Chat with us").click()
    expect(page.get_by_text("three")).to_be_visible()
    assert bubbles(page) == ["one", "two", "three"]
    assert len(town.chats) == 1


def test_a_broken_stream_goes_on_where_it_stopped(host: OpenPage, town: FakeDirectLine) -> None:
    page = host()
    write(page, "one")
    is_sent(page)
    for number in range(3):
        town.drop()
        town.say(f"answer {number}")
        expect(page.get_by_text(f"answer {number}")).to_be_visible()
    assert bubbles(page) == ["one", "answer 0", "answer 1", "answer 2"]


def test_a_restart_of_the_town_loses_and_doubles_nothing(
    host: OpenPage, town: FakeDirectLine
) -> None:
    page = host()
    write(page, "before")
    is_sent(page)
    town.stop()
    write(page, "during 1")
    write(page, "during 2")
    expect(page.locator(".mine .meta").nth(1)).to_contain_text("Not sent yet")
    expect(page.get_by_text("No connection.").first).to_be_visible()
    town.start()
    is_sent(page)
    expect(page.locator(".line-state")).to_be_hidden()
    town.say("after")
    expect(page.get_by_text("after", exact=True)).to_be_visible()
    assert bubbles(page) == ["before", "during 1", "during 2", "after"]
    assert town.chat.texts == ["before", "during 1", "during 2"]


def test_a_loss_of_the_network_is_told_and_survived(
    host: OpenPage, town: FakeDirectLine, context: BrowserContext
) -> None:
    page = host()
    write(page, "before")
    is_sent(page)
    context.set_offline(True)
    expect(page.get_by_text("No connection.").first).to_be_visible()
    write(page, "in the tunnel")
    expect(page.locator(".mine .meta").last).to_contain_text("Not sent yet")
    page.get_by_role("button", name="Try again").click()  # harmless
    town.say("from outside")
    context.set_offline(False)
    is_sent(page)
    expect(page.get_by_text("from outside")).to_be_visible()
    assert town.chat.texts == ["before", "in the tunnel"]


def test_what_was_not_sent_survives_closing_the_page(
    host: OpenPage, town: FakeDirectLine, context: BrowserContext
) -> None:
    page = host()
    is_ready(page)
    town.stop()
    write(page, "kept")
    expect(page.locator(".mine .meta")).to_contain_text("Not sent yet")
    page.close()
    town.start()
    page = host()
    expect(page.get_by_text("kept")).to_be_visible()
    is_sent(page)
    assert town.chat.texts == ["kept"]
    assert bubbles(page) == ["kept"]


def test_who_one_is_survives_a_restart_of_the_town_and_closing_the_page(
    host: OpenPage, town: FakeDirectLine
) -> None:
    page = host()
    is_ready(page)
    town.stop()
    page.get_by_text("Your name and e-mail").click()
    page.get_by_label("E-mail").fill("ann@example.org")
    write(page, "kept")
    expect(page.locator(".mine .meta")).to_contain_text("Not sent yet")
    page.close()
    town.start()
    page = host()
    is_sent(page)
    [message] = town.chat.stored
    assert message["channelData"]["contact"] == {"name": "", "email": "ann@example.org"}


@pytest.mark.parametrize("status", [429, 500, 503])
def test_an_answer_that_got_lost_does_not_double_the_message(
    host: OpenPage, town: FakeDirectLine, status: int
) -> None:
    page = host()
    town.refuse("post", Refusal(status, after_s=int(status == 429), times=2, is_stored=True))
    write(page, "once")
    is_sent(page)
    expect(page.locator(".mine")).to_have_count(1)
    assert town.chat.texts == ["once"]


def test_two_tabs_share_one_conversation_and_send_once(
    host: OpenPage, town: FakeDirectLine
) -> None:
    first = host()
    is_ready(first)
    second = host()
    write(first, "from the first")
    write(second, "from the second")
    for page in (first, second):
        expect(page.locator(".mine")).to_have_count(2)
    town.say("to both")
    for page in (first, second):
        expect(page.get_by_text("to both")).to_be_visible()
    assert len(town.chats) == 1
    assert town.asked["post"] == 2
    assert sorted(town.chat.texts) == ["from the first", "from the second"]


def test_a_tab_leaves_the_unsent_messages_of_a_living_tab_alone(
    host: OpenPage, town: FakeDirectLine
) -> None:
    first = host()
    is_ready(first)
    town.refuse("post", Refusal(503, times=99))
    write(first, "slowly")
    second = host()
    is_ready(second)
    expect(first.locator(".mine")).to_have_count(1)
    expect(second.locator(".mine")).to_have_count(0)
    town.refusals.clear()
    is_sent(second)
    assert town.chat.texts == ["slowly"]


def test_a_tab_that_opens_while_another_begins_joins_it(
    host: OpenPage, town: FakeDirectLine
) -> None:
    first, second = host(is_open=False), host(is_open=False)
    town.reset()  # what pages of an earlier test had under way counts for nobody
    first.get_by_role("button", name="Chat with us").click(no_wait_after=True)
    second.get_by_role("button", name="Chat with us").click()
    for page in (first, second):
        is_ready(page)
    assert len(town.chats) == 1


def test_without_websockets_it_asks_again_and_again(host: OpenPage, town: FakeDirectLine) -> None:
    town.has_websocket = False
    page = host()
    write(page, "hello")
    is_sent(page)
    town.say("by asking")
    expect(page.get_by_text("by asking")).to_be_visible()
    assert bubbles(page) == ["hello", "by asking"]


def test_a_token_is_refreshed_before_it_expires(host: OpenPage, town: FakeDirectLine) -> None:
    town.expires_in = 2
    page = host()
    is_ready(page)
    page.wait_for_timeout(1300)
    assert town.asked["refresh"] >= 1
    newest = list(town.tokens)[-1]
    town.tokens = {newest: town.chat.id}  # the older ones have expired
    write(page, "hello")
    is_sent(page)
    assert len(town.chats) == 1


def test_a_token_that_is_refused_is_refreshed_once(host: OpenPage, town: FakeDirectLine) -> None:
    page = host()
    is_ready(page)
    town.refuse("post", Refusal(403, "TokenExpired"))
    write(page, "hello")
    is_sent(page)
    assert town.asked["refresh"] == 1
    assert len(town.chats) == 1


def test_a_conversation_that_is_gone_is_followed_by_another_with_what_is_unsent(
    host: OpenPage, town: FakeDirectLine
) -> None:
    page = host()
    write(page, "in the first")
    is_sent(page)
    town.tokens.clear()
    write(page, "in the next")
    expect(page.get_by_text("A new one begins here.")).to_be_visible()
    is_sent(page)
    assert [chat.texts for chat in town.chats.values()] == [["in the first"], ["in the next"]]


def test_a_conversation_that_is_gone_is_forgotten_when_nobody_looks(
    host: OpenPage, town: FakeDirectLine
) -> None:
    page = host()
    write(page, "long ago")
    is_sent(page)
    page.goto("about:blank")
    town.reset()
    page.goto(town.url + "host")
    expect(page.get_by_role("button", name="Chat with us")).to_be_visible()
    page.wait_for_function("() => localStorage.length === 0")
    assert len(town.chats) == 0


def test_an_ended_chat_is_not_taken_up_by_the_next_page(
    host: OpenPage, town: FakeDirectLine
) -> None:
    page = host()
    write(page, "bye")
    is_sent(page)
    town.stand(state="ended")
    expect(page.get_by_text("This chat has ended.").first).to_be_visible()
    page.goto(town.url + "host")
    page.get_by_role("button", name="Chat with us").click()
    is_ready(page)
    assert bubbles(page) == []


def test_where_storing_is_forbidden_the_chat_works_until_the_page_is_left(
    contexts: Callable[..., BrowserContext], town: FakeDirectLine
) -> None:
    context = contexts()
    context.add_init_script(
        "Object.defineProperty(window, 'localStorage', {get() { throw new Error('no') }})"
    )
    page = context.new_page()
    page.goto(town.url + "host")
    page.get_by_role("button", name="Chat with us").click()
    write(page, "hello")
    is_sent(page)
    town.say("answer")
    expect(page.get_by_text("answer", exact=True)).to_be_visible()
    assert town.chat.texts == ["hello"]
