"""The HTML of the web form: pure functions from policy, item and what was typed to a page.

Everything that comes from a resident or from the policy is escaped by the templates. The pages work
without JavaScript, cookies and pictures; the one style sheet stands in the page and is named by its
hash in the content security policy. No page shows who somebody is, except what they have just
typed, on the page that gives it back to them.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Final
from urllib.parse import urlencode

import msgspec
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from channels.moments import moment
from channels.webform.codec import SOON, TRAP_FIELD, Complaint, name_field
from channels.webform.sentences import complaint, sentences, stands
from channels.webform.standing import Standing, is_unanswered
from router.core.model import Instant
from router.core.policy import FormRule, Language, Policy, Texts
from router.core.policy_forms import Field

_TEMPLATES: Final = Path(__file__).parent / "templates"
_STYLE: Final = (_TEMPLATES / "style.css").read_text(encoding="utf-8")
_STYLE_HASH: Final = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
_ENVIRONMENT: Final = Environment(
    loader=FileSystemLoader(_TEMPLATES),
    autoescape=select_autoescape(),
    undefined=StrictUndefined,
    auto_reload=False,
)

HEADERS: Final[Mapping[str, str]] = {
    "Content-Security-Policy": (
        f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; form-action 'self';"
        " base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "interest-cohort=()",
    "Cache-Control": "no-store",
}

_INPUTS: Final = {"email": "email", "phone": "tel", "date": "date"}
_COMPLETED: Final = {"email": "email", "phone": "tel"}  # what browsers may fill in


class Page(msgspec.Struct, frozen=True):
    """Whose page it is: the town's rules and the language it speaks."""

    policy: Policy
    language: Language
    address: str  # of this page, without the language; "" = the page has no other languages
    announced: tuple[str, ...] = ()  # what the town says in front of everything, in words
    times: tuple[tuple[str, str], ...] = ()  # value and label of when one may be called back

    @property
    def say(self) -> Mapping[str, str]:
        """Return the pages' own texts."""
        return sentences(self.language.id)

    def of(self, texts: Texts) -> str:
        """Return the town's text in the language of the page."""
        return texts.get(self.language.id, "")

    def link(self, address: str) -> str:
        """Return an address in the language of the page."""
        return _in_language(address, self.language)

    def moment(self, instant: Instant, now: Instant) -> str:
        """Return an instant in the town's zone, as people say it."""
        return moment(self.language.id, instant, self.policy.time_zone, now)


class Notice(msgspec.Struct, frozen=True):
    """What went wrong with a submission that is still on the page."""

    title: str
    text: str


def form_page(
    page: Page,
    rule: FormRule,
    *,
    key: str,
    values: Mapping[str, str] | None = None,
    complaints: Mapping[str, Complaint] | None = None,
    notice: Notice | None = None,
) -> str:
    """Return the form, with what was typed and what is wrong with it."""
    values, complaints = values or {}, complaints or {}
    said = {
        name: complaint_text(page, rule, name, about, values.get(name, ""))
        for name, about in complaints.items()
    }
    named = name_field(rule)
    fields = [
        _field(page, field, values.get(field.id, ""), said, is_name=field is named)
        for field in rule.fields
    ]
    anchors = {field["id"]: field["anchor"] for field in fields}
    title = page.of(rule.title)
    return _render(
        page,
        "form.html",
        title=(page.say["error_prefix"] if said or notice else "") + title,
        robots="index",
        heading=title,
        intro=page.of(rule.intro),
        notice=notice,
        complaints=[
            {
                "anchor": anchors.get(name, ""),
                "text": f"{_label(page, rule, name)} — {text}",
            }
            for name, text in said.items()
        ],
        address=page.link(f"/forms/{rule.id}"),
        key=key,
        fields=fields,
    )


def list_page(page: Page) -> str:
    """Return the list of the forms."""
    title = page.say["forms"]
    return _notice(page, title, "", forms=_forms(page), robots="index")


def thanks_page(
    page: Page,
    rule: FormRule,
    reference: str,
    due_at: Instant | None,
    now: Instant,
    call: str = "",
) -> str:
    """Return the page after a form was stored.

    Args:
        page: in whose language.
        rule: the form.
        reference: of the item.
        due_at: of the first answer; None promises no time.
        now: for its words.
        call: when the resident is called back, as chosen on the form; "" = they are written to.
    """
    due = "" if due_at is None else page.moment(due_at, now)
    text = page.of(rule.thanks) if due else page.say["thanks_without_due"]
    if call:
        time = dict(_times(page)).get(call, page.say["call_soon"])
        text = page.say["thanks_call"].replace("{time}", time)
    return _notice(
        page,
        page.of(rule.title),
        text.replace("{reference}", reference).replace("{due}", due),
        facts=[_reference(page, reference)],
        after=page.say["status_keep"],
        link={
            "title": page.say["status_link"],
            "address": page.link(f"/forms/status/{reference}"),
        },
    )


def status_page(page: Page, standing: Standing, now: Instant) -> str:
    """Return where an item stands, without anything about whose it is."""
    say = page.say
    rule = page.policy.forms.get(standing.form)
    facts = [
        _reference(page, standing.reference),
        _fact(say["received"], page.moment(standing.received_at, now)),
    ]
    if standing.due_at is not None and is_unanswered(standing):
        facts.append(_fact(say["due"], page.moment(standing.due_at, now)))
    return _notice(
        page,
        say["status"] if rule is None else page.of(rule.title),
        stands(page.language.id, standing.state),
        facts=facts,
    )


def error_page(page: Page, title: str, text: str, *, forms: bool = False) -> str:
    """Return a page that says what is wrong and what to do; with the list of forms if asked."""
    return _notice(page, title, text, wrong=True, forms=_forms(page) if forms else [])


def complaint_text(page: Page, rule: FormRule, name: str, about: Complaint, value: str) -> str:
    """Return what is wrong with a field as a sentence, without the field's name."""
    limit = next((field.length_max for field in rule.fields if field.id == name), 0)
    return complaint(page.language.id, about, limit=limit, length=len(value))


def _label(page: Page, rule: FormRule, name: str) -> str:
    if name == TRAP_FIELD:
        return page.say["trap_label"]
    labels = (page.of(field.label) for field in rule.fields if field.id == name)
    return next(labels, f"“{name}”")


def _notice(
    page: Page,
    heading: str,
    text: str,
    *,
    wrong: bool = False,
    facts: list[dict[str, object]] | None = None,
    forms: list[dict[str, str]] | None = None,
    after: str = "",
    link: dict[str, str] | None = None,
    robots: str = "noindex, nofollow",
) -> str:
    return _render(
        page,
        "notice.html",
        title=heading,
        robots=robots,
        heading=heading,
        text=text,
        wrong=wrong,
        facts=facts or [],
        forms=forms or [],
        after=after,
        link=link,
    )


def _render(page: Page, template: str, **given: object) -> str:
    others = [each for each in page.policy.languages if each.id != page.language.id]
    return _ENVIRONMENT.get_template(template).render(
        locale=page.language.locale,
        town=page.of(page.policy.name),
        style=Markup(_STYLE),
        say=page.say,
        announced=page.announced,
        languages=[
            {"name": each.name, "locale": each.locale, "address": _in_language(page.address, each)}
            for each in others
            if page.address
        ],
        **given,
    )


def _field(
    page: Page, field: Field, value: str, said: Mapping[str, str], *, is_name: bool
) -> dict[str, str | bool | list[dict[str, str]]]:
    wrong = said.get(field.id, "")
    help_text = page.of(field.help)
    if field.kind == "long_text":
        length = page.say["length"].format(limit=field.length_max)
        help_text = f"{help_text} {length}".strip()
    described = [f"help-{field.id}"] * bool(help_text) + [f"wrong-{field.id}"] * bool(wrong)
    return {
        "id": field.id,
        "anchor": f"f-{field.id}",
        "kind": field.kind,
        "input": _INPUTS.get(field.kind, "text"),
        "autocomplete": _completed(field, is_name=is_name),
        "label": page.of(field.label),
        "help": help_text,
        "required": field.required,
        "choices": _choices(page, field),
        "value": value,
        "complaint": wrong,
        "described_by": " ".join(described),
    }


def _choices(page: Page, field: Field) -> list[dict[str, str]]:
    if field.kind == "callback_time":
        return [{"value": value, "label": label} for value, label in _times(page)]
    return [{"value": each, "label": page.of(label)} for each, label in field.choices.items()]


def _times(page: Page) -> tuple[tuple[str, str], ...]:
    return (SOON, page.say["call_soon"]), *page.times


def _completed(field: Field, *, is_name: bool) -> str:
    if not field.identity:
        return ""
    return "name" if is_name else _COMPLETED.get(field.kind, "")


def _forms(page: Page) -> list[dict[str, str]]:
    return [
        {"title": page.of(rule.title), "address": page.link(f"/forms/{rule.id}")}
        for rule in page.policy.forms.values()
    ]


def _reference(page: Page, reference: str) -> dict[str, object]:
    return {"name": page.say["reference"], "text": reference, "is_reference": True}


def _fact(name: str, text: str) -> dict[str, object]:
    return {"name": name, "text": text, "is_reference": False}


def _in_language(address: str, language: Language) -> str:
    return f"{address}?{urlencode({'lang': language.id})}"
