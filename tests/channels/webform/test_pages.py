"""Pages that anybody can use: every field labelled, every reference leading somewhere, contrast."""

from __future__ import annotations

import base64
import hashlib
import re
from html.parser import HTMLParser

import pytest

from channels.webform.codec import Complaint
from channels.webform.pages import HEADERS, Page, form_page
from router.core.policy import Policy

from .conftest import shipped
from .test_codec import KINDS, field, form

STYLE = re.compile(r"<style>(.*)</style>", re.DOTALL)


class Marks(HTMLParser):
    """Collects every start tag."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.open: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in ("meta", "input", "link", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def values(self, attribute: str) -> list[str]:
        return [attrs[attribute] for _, attrs in self.tags if attribute in attrs]


def rendered(*, required: bool, wrong: bool) -> Marks:
    policy: Policy = shipped()
    rule = form(*(field(kind, name=f"n_{kind}", required=required) for kind in KINDS))
    complaints = {f"n_{kind}": Complaint.MISSING for kind in KINDS} if wrong else {}
    page = Page(policy, policy.languages[0], "/forms/report")
    marks = Marks(form_page(page, rule, key="k", complaints=complaints))
    assert marks.open == []
    return marks


@pytest.mark.parametrize("required", [True, False])
@pytest.mark.parametrize("wrong", [True, False])
def test_every_control_has_a_label_and_every_reference_a_target(
    required: bool, wrong: bool
) -> None:
    marks = rendered(required=required, wrong=wrong)
    ids = marks.values("id")
    assert len(ids) == len(set(ids))
    labelled = set(marks.values("for"))
    for tag, attrs in marks.tags:
        if tag in ("input", "select", "textarea") and attrs.get("type") != "hidden":
            assert attrs["id"] in labelled
    for refs in (*marks.values("aria-describedby"), *marks.values("aria-labelledby")):
        assert set(refs.split()) <= set(ids)
    links = [link for link in marks.values("href") if link.startswith("#")]
    assert {link[1:] for link in links} <= set(ids)
    assert len(links) == (len(KINDS) if wrong else 0)


def test_a_choice_that_may_be_left_open_can_be_taken_back() -> None:
    """Radio buttons cannot be cleared; a list with an empty first entry can."""
    kinds = [attrs.get("type") for _, attrs in rendered(required=False, wrong=False).tags]
    assert "radio" not in kinds
    assert "radio" in [a.get("type") for _, a in rendered(required=True, wrong=False).tags]


def test_only_required_fields_are_required() -> None:
    assert rendered(required=False, wrong=False).values("required") == []
    assert len(rendered(required=True, wrong=False).values("required")) == len(KINDS) + 1


def test_the_page_holds_exactly_the_style_that_its_policy_allows() -> None:
    policy = shipped()
    html = form_page(Page(policy, policy.languages[0], ""), form(field("text")), key="k")
    [style] = STYLE.findall(html)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"'sha256-{digest}'" in HEADERS["Content-Security-Policy"]
    assert "style=" not in html


@pytest.mark.parametrize(
    ("ink", "page", "ratio"),
    [
        ("ink", "page", 7.0),
        ("quiet", "page", 4.5),
        ("accent", "page", 4.5),
        ("accent", "notice", 4.5),
        ("ink", "notice", 4.5),
        ("on-accent", "accent", 4.5),
        ("wrong", "wrong-page", 4.5),
        ("wrong", "page", 4.5),
        ("ink", "field", 4.5),
        ("line", "page", 3.0),
        ("line", "field", 3.0),
        ("focus", "page", 3.0),
    ],
)
def test_colours_can_be_told_apart_by_day_and_by_night(ink: str, page: str, ratio: float) -> None:
    """WCAG 2.2, 1.4.3 and 1.4.11."""
    policy = shipped()
    html = form_page(Page(policy, policy.languages[0], ""), form(field("text")), key="k")
    day, night = re.findall(r":root \{(.*?)\}", html, re.DOTALL)
    for palette in (day, night):
        colours = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", palette))
        brighter, darker = sorted((bright(colours[ink]), bright(colours[page])), reverse=True)
        assert (brighter + 0.05) / (darker + 0.05) >= ratio


def bright(colour: str) -> float:
    """Return the relative luminance of WCAG."""
    shares = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [s / 12.92 if s <= 0.04045 else ((s + 0.055) / 1.055) ** 2.4 for s in shares]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
