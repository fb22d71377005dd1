"""Reading a webhook: size, kind of content, text, signature; then its fields. Changes nothing.

Everything that is wrong with a request before anybody looks at what it says ends here, as a
`Refused` with a 4xx and a stable code.
"""

from __future__ import annotations

from typing import Final
from urllib.parse import parse_qsl, urlencode

from starlette.requests import ClientDisconnect, Request

from channels.voice.codec import Form, count_of
from channels.voice.signature import HEADER, SETTINGS_HEADER, Signatures
from router.core.model import ItemId
from router.errors import UnknownItem

FIELDS_MAX: Final = 200
FORM_TYPE: Final = "application/x-www-form-urlencoded"
TRIES_MAX: Final = 99

# what a caller said once and the carrier does not say again when it is sent back to the same URL;
# typed telephone numbers are left out: URLs are logged on the way
_CARRIED: Final = (
    "Digits",
    "RecordingUrl",
    "RecordingSid",
    "RecordingDuration",
    "DialCallStatus",
    "QueueResult",
    "AnsweredBy",
)
_CARRIED_DIGITS_MAX: Final = 3


class Refused(Exception):
    """The request is not served; `status` is 4xx and `code` stable."""

    def __init__(self, status: int, code: str, why: str) -> None:
        super().__init__(why)
        self.status = status
        self.code = code


class Webhook:
    """A signed request: what the URL and the form say."""

    def __init__(
        self, path: str, params: dict[str, str], query: dict[str, str], form: Form
    ) -> None:
        self.path = path  # without query
        self.params = params  # of the route
        self.query = query
        self.form = form

    @property
    def item_id(self) -> ItemId:
        """Return the item that the URL names; it need not exist."""
        return ItemId(self.params["item"])

    @property
    def key(self) -> str:
        """Return the effect's key that the URL names."""
        return self.params["key"]

    def count(self, name: str) -> int:
        """Return the step or turn that the URL names.

        Errors: `UnknownItem` when we never wrote such a URL.
        """
        found = count_of(self.params[name])
        if found is None:
            raise UnknownItem(self.item_id)
        return found

    @property
    def wants_number(self) -> bool:
        """Say whether the caller was asked for a telephone number."""
        return self.query.get("number") == "1"

    @property
    def tries(self) -> int:
        """Return how often this was tried before without our being able to answer."""
        return min(count_of(self.query.get("try", "0")) or 0, TRIES_MAX)

    def again(self) -> str:
        """Return path and query for another try; what the caller said is in it."""
        query = {"number": "1"} if self.wants_number else {}
        for name in _CARRIED:
            value = self.form.text(name.lower())
            if value and not (name == "Digits" and len(value) > _CARRIED_DIGITS_MAX):
                query[name] = value
        query["try"] = str(min(self.tries + 1, TRIES_MAX))
        return f"{self.path}?{urlencode(query)}"


async def read(request: Request, signatures: Signatures, body_max: int) -> Webhook:
    """Return the request as a webhook.

    Errors: `Refused` 413 body-too-large, 415 not-a-form, 403 unsigned or wrong-signature,
        400 unreadable-form or cut-off.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != FORM_TYPE:
        raise Refused(415, "not-a-form", f"webhooks are {FORM_TYPE}, this is {kind[:60]!r}")
    signature = request.headers.get(HEADER, "")
    if not signature:
        raise Refused(403, "unsigned", "the request has no X-Twilio-Signature")
    body = await _body(request, body_max)
    scope = request.scope
    path, query_text = _raw_path(request), scope["query_string"].decode("latin-1")
    try:
        fields = _pairs(body.decode("utf-8"))
        query = _pairs(query_text)
        told = f"{path}?{query_text}" if query_text else path
    except ValueError as error:
        raise Refused(400, "unreadable-form", "the form is not UTF-8 or not a form") from error
    if not signatures.hold(told, fields, signature, request.headers.get(SETTINGS_HEADER, "")):
        raise Refused(403, "wrong-signature", "the signature is not ours for this address")
    return Webhook(path, request.path_params, dict(query), Form([*fields, *query]))


async def _body(request: Request, body_max: int) -> bytes:
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and int(declared[:12]) > body_max:
        raise Refused(413, "body-too-large", f"at most {body_max} bytes, {declared[:12]} declared")
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > body_max:
                raise Refused(413, "body-too-large", f"at most {body_max} bytes")
    except ClientDisconnect as error:
        raise Refused(400, "cut-off", "the request ended before its body did") from error
    return bytes(body)


def _pairs(text: str) -> list[tuple[str, str]]:
    """Return the fields in order, empty ones too. Errors: ValueError."""
    return parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=FIELDS_MAX)


def _raw_path(request: Request) -> str:
    """Return the path as requested, percent signs and all: that is what was signed."""
    raw: bytes = request.scope.get("raw_path") or request.scope["path"].encode()
    return raw.decode("latin-1")
