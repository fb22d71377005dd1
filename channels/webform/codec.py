"""What was typed into a web form: cleaned, checked field by field, and made into a command.

Pure. Every accepted value is within the limits that config/forms.yaml declares; every refused one
has a complaint in a word of `Complaint`, which `sentences` turns into the resident's language.
Nothing that was typed is dropped silently: an unknown field is refused, not ignored.
"""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from collections.abc import Iterable, Mapping
from datetime import date
from enum import StrEnum
from typing import Final

import msgspec
import phonenumbers

from channels.moments import instant_of
from channels.sameness import is_mailbox, mail_key
from router.core.commands import SubmitForm
from router.core.identity import address_key
from router.core.model import ItemId
from router.core.policy import FormRule
from router.core.policy_forms import Field
from router.ports import Words

KEY_FIELD: Final = "_key"  # names of fields in config/forms.yaml begin with a letter
TRAP_FIELD: Final = "_website"  # people cannot see it; who fills it in is a program
OWN_FIELDS: Final = frozenset({KEY_FIELD, TRAP_FIELD})
KEY_LENGTH_MAX: Final = 200
SOON: Final = "soon"  # of kind callback_time: when its turn comes, not in a window
TICKED: Final = "yes"
_EXTENSION: Final = " x"  # between a number and the extension that was typed after it
_REGION: Final = "CA"  # of numbers written without a country
_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_YEARS: Final = range(1900, 2101)
_TICKS: Final = {"yes": True, "on": True, "true": True, "1": True, "no": False, "false": False}
# controls, surrogates, private and unassigned letters say nothing; direction overrides mislead
_SILENT: Final = frozenset({"Cc", "Cs", "Co", "Cn"})
_OVERRIDES: Final = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff")


class Complaint(StrEnum):
    """Why a field was refused."""

    MISSING = "missing"
    TOO_LONG = "too-long"
    NOT_A_CHOICE = "not-a-choice"
    NOT_AN_ADDRESS = "not-an-address"
    NOT_A_NUMBER = "not-a-number"
    NOT_A_DATE = "not-a-date"
    NOT_TICKED = "not-ticked"
    NOT_FREE = "not-free"
    TWICE = "twice"
    UNKNOWN = "unknown"
    TRAP = "trap"


class Filled(msgspec.Struct, frozen=True):
    """A form as it was filled in."""

    values: dict[str, str]  # by field id, cleaned; every field of the form has one, "" if empty
    complaints: dict[str, Complaint]  # by field id, in the form's order; {} = accepted
    key: str  # what the sender repeats when it sends the same again; "" = nothing


def read(rule: FormRule, typed: Iterable[tuple[str, str]]) -> Filled:
    """Check what was typed: pairs of field id and text, in any order."""
    texts: dict[str, str] = {}
    complaints: dict[str, Complaint] = {}
    known = {field.id for field in rule.fields} | OWN_FIELDS
    for name, text in typed:
        if name not in known:
            complaints[_shown_name(name)] = Complaint.UNKNOWN
        elif name in texts:
            complaints[name] = Complaint.TWICE
        else:
            texts[name] = text
    values: dict[str, str] = {}
    for field in rule.fields:
        value, complaint = _read_field(field, texts.get(field.id, ""))
        values[field.id] = value
        if complaint is not None:
            complaints.setdefault(field.id, complaint)
    unreachable = _unreachable(rule, values)
    if unreachable:
        complaints.setdefault(unreachable, Complaint.MISSING)
    if clean(texts.get(TRAP_FIELD, "")):
        complaints[TRAP_FIELD] = Complaint.TRAP
    order = {field.id: place for place, field in enumerate(rule.fields)}
    ordered = sorted(complaints.items(), key=lambda entry: order.get(entry[0], len(order)))
    return Filled(values, dict(ordered), clean(clean(texts.get(KEY_FIELD, ""))[:KEY_LENGTH_MAX]))


def clean(text: str, *, lines: bool = False) -> str:
    """Return the text in one form (NFC), trimmed, without letters that nobody can see.

    Line ends become spaces unless `lines`; tabs become spaces.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\t", " ")
    if not lines:
        text = text.replace("\n", " ")
    if text.isascii() and text.replace("\n", "").isprintable():
        return text.strip()  # nothing hidden in it: looking at each letter costs the most of a form
    seen = (
        letter
        for letter in text
        if letter == "\n"
        or (letter not in _OVERRIDES and unicodedata.category(letter) not in _SILENT)
    )
    return unicodedata.normalize("NFC", "".join(seen)).strip()


def submission(
    rule: FormRule,
    filled: Filled,
    *,
    secret: bytes,
    item_id: ItemId,
    words_name: str,
    language: str,
    sender: str,
) -> tuple[SubmitForm, tuple[Words, ...]]:
    """Return the command of an accepted form and the words that go with it.

    Args:
        rule: the form.
        filled: without complaints.
        secret: the installation's, for the address key.
        item_id: the reference number.
        words_name: in the references of the words; nobody else's.
        language: of the page.
        sender: who sent it, as an opaque key; a form without key of its own is the same contact
            when the same sender sends the same texts.

    The dedupe key covers what was typed: the same page sent again with other texts is another
    contact, because its words would otherwise be lost.
    """
    contact = _contact(rule, filled.values)
    rest = {field.id: filled.values[field.id] for field in rule.fields if not field.identity}
    wish = time_field(rule)
    time = filled.values[wish.id] if wish is not None else ""
    contact_ref, words_ref = f"c-{words_name}", f"f-{words_name}"
    command = SubmitForm(
        item_id=item_id,
        key=_dedupe_key(rule, filled, sender),
        form=rule.id,
        subject=filled.values[rule.subject_field] if rule.subject_field else rule.subject,
        address_key=_address_key(rule, filled.values, secret),
        contact_ref=contact_ref,
        words_ref=words_ref,
        language=language,
        callback=bool(time),
        callback_starts=instant_of(time),
        attributes={
            field.id: filled.values[field.id]
            for field in rule.fields
            if field.kind == "choice" and not field.identity and filled.values[field.id]
        },
    )
    return command, (
        Words(contact_ref, "contact", _json(contact)),
        Words(words_ref, "form", _json(rest)),
    )


def _read_field(field: Field, text: str) -> tuple[str, Complaint | None]:
    value = clean(text, lines=field.kind == "long_text")
    if field.kind == "checkbox":
        return _read_tick(field, value)
    if not value:
        return value, Complaint.MISSING if field.required else None
    if len(value) > field.length_max:
        return value, Complaint.TOO_LONG
    match field.kind:
        case "choice":
            return value, None if value in field.choices else Complaint.NOT_A_CHOICE
        case "email":
            return value, None if is_mailbox(value) else Complaint.NOT_AN_ADDRESS
        case "phone":
            return _read_phone(value)
        case "callback_time":
            is_time = value == SOON or instant_of(value) is not None
            return value, None if is_time else Complaint.NOT_A_CHOICE
        case "date":
            return value, None if _is_date(value) else Complaint.NOT_A_DATE
    return value, None


def _read_tick(field: Field, value: str) -> tuple[str, Complaint | None]:
    ticked = _TICKS.get(value.lower(), False)
    if value and value.lower() not in _TICKS:
        return "", Complaint.NOT_A_CHOICE
    if field.required and not ticked:
        return "", Complaint.NOT_TICKED
    return (TICKED if ticked else ""), None


def _read_phone(value: str) -> tuple[str, Complaint | None]:
    try:
        number = phonenumbers.parse(value, _REGION)
    except phonenumbers.NumberParseException:
        return value, Complaint.NOT_A_NUMBER
    if not phonenumbers.is_possible_number(number):
        return value, Complaint.NOT_A_NUMBER
    whole = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    return f"{whole}{_EXTENSION}{number.extension}" if number.extension else str(whole), None


def _is_date(value: str) -> bool:
    try:
        return bool(_DATE.fullmatch(value)) and date.fromisoformat(value).year in _YEARS
    except ValueError:
        return False


def _contact(rule: FormRule, values: Mapping[str, str]) -> dict[str, object]:
    """Return who it is: number, name, e-mail, and whatever else identifies the person."""
    contact = {"number": "", "name": "", "email": ""}
    other: dict[str, str] = {}
    named = name_field(rule)
    for field in rule.fields:
        value = values[field.id]
        if not field.identity or not value:
            continue
        slot = {"phone": "number", "email": "email"}.get(field.kind, "")
        slot = "name" if field is named else slot
        if not slot or contact[slot]:
            other[field.id] = value
            continue
        contact[slot], _, extension = _parts(field, value)
        if extension:
            other[f"{field.id}_extension"] = extension
    return {**contact, "other": other} if other else {**contact}


def name_field(rule: FormRule) -> Field | None:
    """Return the field in which people write their name, if the form has one."""
    texts = [field for field in rule.fields if field.identity and field.kind == "text"]
    return next((field for field in texts if "name" in field.id), texts[0] if texts else None)


def time_field(rule: FormRule) -> Field | None:
    """Return the field in which people choose when to be called back, if the form has one."""
    return next((field for field in rule.fields if field.kind == "callback_time"), None)


def _unreachable(rule: FormRule, values: Mapping[str, str]) -> str:
    """Return the telephone field that a chosen time needs and that was left empty; "" else."""
    wish = time_field(rule)
    if wish is None or not values[wish.id]:
        return ""
    phones = [field.id for field in rule.fields if field.kind == "phone"]
    return "" if any(values[each] for each in phones) else next(iter(phones), "")


def _address_key(rule: FormRule, values: Mapping[str, str], secret: bytes) -> str:
    """Return the key of the number, else of the mail address, else ""."""
    for kind in ("phone", "email"):
        for field in rule.fields:
            if field.kind == kind and values[field.id]:
                value = _parts(field, values[field.id])[0]
                email = kind == "email"
                return mail_key(secret, value) if email else address_key(secret, kind, value)
    return ""


def _parts(field: Field, value: str) -> tuple[str, str, str]:
    """Return what identifies (a number without extension), the mark between, the extension."""
    return value.partition(_EXTENSION) if field.kind == "phone" else (value, "", "")


def _dedupe_key(rule: FormRule, filled: Filled, sender: str) -> str:
    same = json.dumps([filled.key or sender, filled.values], sort_keys=True)
    return f"form:{rule.id}:{hashlib.sha256(same.encode()).hexdigest()[:32]}"


def _shown_name(name: str) -> str:
    return clean(name)[:40].strip() or "?"


def _json(value: object) -> bytes:
    return msgspec.json.encode(value)
