"""What residents do in the widget, and what they wait for."""

from __future__ import annotations

from playwright.sync_api import Page, expect


def write(page: Page, text: str) -> None:
    """Write a message and send it."""
    page.get_by_label("Your message").last.fill(text)
    page.keyboard.press("Enter")


def is_ready(page: Page) -> None:
    """Wait until the chat is connected to a town that is open."""
    expect(page.locator(".standing .first")).to_have_text("We are here: write your message below.")


def is_sent(page: Page) -> None:
    """Wait until the last message is acknowledged."""
    expect(page.locator(".mine .meta").last).to_contain_text("Sent")
