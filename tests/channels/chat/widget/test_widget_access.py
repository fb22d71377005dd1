"""Everybody can use the widget: keyboard, screen reader, zoom, small screens, other directions."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.channels.chat.widget.conftest import OpenPage
from tests.channels.chat.widget.steps import is_ready, is_sent, write
from tests.chromium import WCAG
from tests.fakes.direct_line import FakeDirectLine

TARGET_PX = 44
# Elements that are inside the widget and can be pressed, and are not part of a sentence.
TARGETS = """() => {
  const root = document.querySelector('townline-chat').shadowRoot;
  const kinds = 'button, input:not([type=file], [type=radio]), textarea, summary, .score';
  return [...root.querySelectorAll(kinds)].filter(e => e.checkVisibility()).map(e => {
    const {width, height} = e.getBoundingClientRect();
    return [e.textContent || e.id, width, height];
  });
}"""

Contexts = Callable[..., BrowserContext]


def faults(page: Page, axe: str) -> list[str]:
    """Return what axe finds on the page, the shadow root included."""
    page.evaluate(axe)
    options = json.dumps({"runOnly": {"type": "tag", "values": WCAG}})
    found: dict[str, Any] = page.evaluate(f"() => axe.run(document, {options})")
    assert found["passes"]
    return [
        f"{fault['id']}: {node['html'][:120]} {node['failureSummary']}"
        for fault in found["violations"]
        for node in fault["nodes"]
    ]


def walk_through(page: Page, town: FakeDirectLine, check: Callable[[Page], None]) -> None:
    """Visit every state of the widget; `page` has it open and nothing said."""
    check(page)
    page.locator("summary").click()
    check(page)
    page.locator("#text").fill("When is the garbage collected?")
    page.keyboard.press("Enter")
    expect(page.locator(".mine .meta")).to_be_visible()
    waiting = {"state": "waiting", "place": 3, "wait_low_min": 3, "wait_high_min": 6}
    town.stand(**waiting, can=["callback", "message"], reference="K7M2Q9XB4T")
    expect(page.locator(".standing button")).to_have_count(2)
    page.locator(".standing button").first.click()
    page.locator(".form button[type=submit]").click()
    expect(page.locator(".form .wrong")).not_to_be_empty()
    check(page)
    page.locator(".form .row button").last.click()
    actions = [{"type": "imBack", "title": "Thank you", "value": "thanks"}]
    town.stand(state="talking", agent="Ana", can=["transcript"], upload_max=9, upload_kinds=[])
    town.say("Every Tuesday: https://a.test", suggestedActions={"actions": actions})
    town.tell(type="typing")
    expect(page.locator(".typing")).to_be_visible()
    page.locator(".head button").first.click()
    check(page)
    page.locator(".head button").first.click()
    town.stand(state="ended", can=["transcript", "survey"])
    expect(page.locator(".scores")).to_be_visible()
    check(page)


@pytest.mark.parametrize(("language", "scheme"), [("en", "light"), ("ar", "dark")])
def test_axe_finds_nothing_in_any_state(
    contexts: Contexts, town: FakeDirectLine, axe: str, language: str, scheme: str
) -> None:
    page = contexts(color_scheme=scheme).new_page()
    page.goto(f"{town.url}host?lang={language}")
    page.locator(".launcher").wait_for()
    assert faults(page, axe) == []
    page.locator(".launcher").click()
    page.locator(".standing .first").wait_for()

    def check(page: Page) -> None:
        assert faults(page, axe) == []

    walk_through(page, town, check)


def test_axe_finds_nothing_on_the_demo_page(host: OpenPage, axe: str) -> None:
    page = host("", is_open=False)
    assert faults(page, axe) == []
    page.locator(".launcher").click()
    is_ready(page)
    assert faults(page, axe) == []


@pytest.mark.parametrize(("width", "height"), [(320, 568), (640, 360), (1280, 800)])
def test_every_state_fits_and_every_target_is_large_enough(
    contexts: Contexts, town: FakeDirectLine, width: int, height: int
) -> None:
    """640 x 360 is a screen of 1280 x 720 at 200 %."""
    page = contexts(viewport={"width": width, "height": height}).new_page()
    page.goto(f"{town.url}host")
    page.locator(".launcher").click()
    page.locator(".standing .first").wait_for()

    def check(page: Page) -> None:
        for name, target_width, target_height in page.evaluate(TARGETS):
            assert min(target_width, target_height) >= TARGET_PX, name
        window = page.get_by_role("dialog")
        box = window.bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= width
        assert box["y"] + box["height"] <= height
        assert window.evaluate("e => e.scrollWidth <= e.clientWidth")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")

    walk_through(page, town, check)


def test_text_of_double_size_still_fits(contexts: Contexts, town: FakeDirectLine) -> None:
    page = contexts(viewport={"width": 1000, "height": 760}).new_page()
    page.goto(f"{town.url}host")
    page.evaluate("document.documentElement.style.fontSize = '200%'")
    page.locator(".launcher").click()
    page.locator(".standing .first").wait_for()

    def check(page: Page) -> None:
        assert page.get_by_role("dialog").evaluate("e => e.scrollWidth <= e.clientWidth")

    walk_through(page, town, check)


def test_the_keyboard_alone_is_enough(host: OpenPage, town: FakeDirectLine) -> None:
    page = host(is_open=False)
    page.get_by_role("link", name="First").focus()
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Chat with us")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Chat with Willowmere")).to_be_focused()
    is_ready(page)
    order = []
    for _ in range(10):
        page.keyboard.press("Tab")
        order.append(
            page.evaluate(
                """() => {
                  const e = document.querySelector('townline-chat').shadowRoot.activeElement;
                  return e && (e.getAttribute('aria-label') ?? (e.textContent || e.id)) }"""
            )
        )
    assert order == [
        *("Options", "Minimise the chat", "911", "Messages", "English", "Français", "العربية"),
        *("Your name and e-mail (optional)", "text", "Send"),
    ]
    page.keyboard.press("Tab")  # it is no trap
    expect(page.get_by_role("link", name="Last")).to_be_focused()
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Shift+Tab")
    page.keyboard.type("one")
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("two")
    page.keyboard.press("Enter")
    is_sent(page)
    assert town.chat.texts == ["one\ntwo"]
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    expect(page.get_by_role("button", name="Chat with us")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_label("Your message").last).to_be_focused()


def test_the_focus_is_never_lost(host: OpenPage, town: FakeDirectLine) -> None:
    page = host()
    write(page, "hello")
    is_sent(page)
    options = page.get_by_role("button", name="Options")
    options.click()
    expect(options).to_have_attribute("aria-expanded", "true")
    page.locator(".menu button").first.focus()
    page.keyboard.press("Escape")  # first the menu, then the window
    expect(options).to_be_focused()
    expect(page.get_by_role("dialog")).to_be_visible()
    town.stand(state="waiting", can=["callback"])
    page.get_by_role("button", name="Call me back").focus()
    town.stand(state="talking", agent="Ana", can=[])
    expect(page.get_by_role("heading", name="Chat with")).to_be_focused()
    page.get_by_label("Your message").last.focus()
    town.stand(state="ended")
    expect(page.get_by_role("button", name="Start a new chat")).to_be_visible()
    expect(page.get_by_role("heading", name="Chat with")).to_be_focused()
    page.get_by_role("button", name="Options").click()
    page.locator(".menu").get_by_role("button", name="Français").press("Enter")
    expect(page.get_by_role("dialog", name="Clavardage")).to_be_visible()
    assert page.evaluate(
        "document.querySelector('townline-chat').shadowRoot.activeElement !== null"
    )


def test_what_gets_the_focus_below_the_chat_becomes_visible(host: OpenPage) -> None:
    page = host()
    page.evaluate(
        """() => { const a = document.createElement('a'); a.href = '#z'; a.textContent = 'Below';
          Object.assign(a.style, {position: 'fixed', right: '60px', bottom: '200px'});
          document.body.append(a); }"""
    )
    page.get_by_role("link", name="Last").focus()
    expect(page.get_by_role("dialog")).to_be_visible()
    page.get_by_role("link", name="Below").focus()
    expect(page.get_by_role("dialog")).to_be_hidden()
    expect(page.get_by_role("link", name="Below")).to_be_focused()


def test_new_messages_are_read_out_and_old_ones_are_not(
    host: OpenPage, town: FakeDirectLine
) -> None:
    page = host()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_have_attribute("aria-modal", "false")
    expect(dialog).to_have_accessible_description("In danger? Call 911.")
    log = page.get_by_role("log", name="Messages")
    expect(log).to_have_attribute("aria-live", "polite")
    write(page, "hello")
    is_sent(page)
    expect(page.locator(".mine .meta")).to_have_attribute("aria-live", "off")
    town.stop()
    expect(page.locator("p[role=status]")).to_contain_text("No connection.")
    expect(log).to_have_attribute("aria-live", "off")
    town.start()
    expect(page.locator("p[role=status]")).to_have_text("Connected again.")
    expect(log).to_have_attribute("aria-live", "polite")


def test_right_to_left(contexts: Contexts, town: FakeDirectLine) -> None:
    page = contexts(viewport={"width": 1000, "height": 760}).new_page()
    page.goto(f"{town.url}host?lang=ar%22%20dir=%22rtl")
    launcher = page.get_by_role("button", name="تحدّث معنا")
    box = launcher.bounding_box()
    assert box is not None
    assert box["x"] < 100  # in the corner where such pages end
    launcher.click()
    page.locator("#text").fill("Hello, in English.")
    page.keyboard.press("Enter")
    expect(page.locator(".mine .meta")).to_contain_text("أُرسلت")
    mine = page.locator(".mine .bubble")
    assert mine.evaluate("e => getComputedStyle(e).direction") == "ltr"
    assert page.locator(".chat").get_attribute("dir") == "rtl"
    window, bubble = page.get_by_role("dialog").bounding_box(), mine.bounding_box()
    assert window is not None
    assert bubble is not None
    assert bubble["x"] - window["x"] < 30  # one's own words are at the end of the line: left
    for count, words in [(1, "دورك هو التالي."), (3, "رقمك في قائمة الانتظار هو 3.")]:
        town.stand(state="waiting", place=count, wait_low_min=count, wait_high_min=count + 7)
        expect(page.locator(".standing .first")).to_contain_text(words)


def test_forced_colours_keep_outlines_and_no_motion_is_needed(
    contexts: Contexts, town: FakeDirectLine
) -> None:
    page = contexts(forced_colors="active", reduced_motion="reduce").new_page()
    page.goto(f"{town.url}host")
    page.locator(".launcher").click()
    write(page, "hello")
    is_sent(page)
    assert (
        page.locator(".mine .bubble").evaluate("e => getComputedStyle(e).borderTopWidth") == "1px"
    )
    moving = "document.querySelector('townline-chat').shadowRoot.getAnimations().length"
    assert page.evaluate(moving) == 0
    page.locator("#text").focus()
    assert page.locator("#text").evaluate("e => getComputedStyle(e).outlineStyle") == "solid"
