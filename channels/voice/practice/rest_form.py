"""The parameters of a REST call: read strictly, refused with the carrier's own error numbers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from starlette.datastructures import ImmutableMultiDict

from channels.voice.practice.call import StatusCallback
from channels.voice.practice.outbound import Detection
from channels.voice.practice.rest_views import Json
from channels.voice.practice.verbs import Room
from channels.voice.practice.webhooks import Fetch, Inline, Purpose, Source

CALL_EVENTS: Final = frozenset({"initiated", "ringing", "answered", "completed"})
CONFERENCE_EVENTS: Final = frozenset(
    {"start", "end", "join", "leave", "mute", "hold", "modify", "speaker", "announcement"}
)
ADDRESS: Final = re.compile(r"\+[1-9][0-9]{6,14}|sips?:[^@\s]+@\S+|client:\S+")


Sids = dict[str, str]
"""What a path names: account, call, queue, conference, recording; `path` is the path itself."""

Reply = tuple[int, dict[str, Json] | None]
"""HTTP status and JSON body."""


class RestError(Exception):
    """A REST call that cannot be honoured: HTTP status, the carrier's error number, why."""

    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message

    def body(self) -> Mapping[str, str | int]:
        """Return the JSON that the carrier answers."""
        return {
            "code": self.code,
            "message": self.message,
            "more_info": f"https://www.twilio.com/docs/errors/{self.code}",
            "status": self.status,
        }


def not_found(what: str) -> RestError:
    """Return the error for a path below the account, such as "/Calls/CA...", that is not there."""
    return RestError(404, 20404, f"The requested resource {what}.json was not found")


class Form:
    """The form fields of one REST call."""

    def __init__(self, fields: ImmutableMultiDict[str, str]) -> None:
        self._fields = fields

    def text(self, name: str, default: str = "") -> str:
        """Return the field, or the default when it was not sent."""
        return self._fields.get(name, default)

    def has(self, name: str) -> bool:
        """Return whether the field was sent."""
        return name in self._fields

    def words(self, name: str) -> frozenset[str]:
        """Return all values of a repeated field; one value may hold several words."""
        return frozenset(" ".join(self._fields.getlist(name)).split())

    def whole(self, name: str, default: int) -> int:
        """Return a number.

        Errors: `RestError` 400 when it is none.
        """
        raw = self.text(name, str(default))
        if not raw.isdecimal():
            raise RestError(400, 20001, f"{name} must be a whole number, not {raw!r}")
        return int(raw)

    def truth(self, name: str, default: bool = False) -> bool:
        """Return a truth.

        Errors: `RestError` 400 when it is neither true nor false.
        """
        raw = self.text(name, str(default)).lower()
        if raw not in ("true", "false"):
            raise RestError(400, 20001, f"{name} must be true or false, not {raw!r}")
        return raw == "true"

    def method(self, name: str) -> str:
        """Return GET or POST, the default.

        Errors: `RestError` 400 for anything else.
        """
        raw = self.text(name, "POST").upper()
        if raw not in ("GET", "POST"):
            raise RestError(400, 20001, f"{name} must be GET or POST, not {raw!r}")
        return raw

    def address(self, name: str, missing: int, invalid: int) -> str:
        """Return a telephone, SIP or client address.

        Errors: `RestError` 400 with one of the two codes.
        """
        raw = self.text(name).strip()
        if not raw:
            raise RestError(400, missing, f"No '{name}' number is specified")
        if not ADDRESS.fullmatch(raw):
            raise RestError(400, invalid, f"The '{name}' number {raw} is not a valid phone number.")
        return raw

    def source(self, purpose: Purpose) -> Source | None:
        """Return the document that Twiml or Url names, None when neither was sent.

        Errors: `RestError` 400 (21205) when the URL is none.
        """
        if self.text("Twiml"):
            return Inline(self.text("Twiml"))
        url = self.text("Url")
        if not url:
            return None
        if not url.startswith(("http://", "https://")):
            raise RestError(400, 21205, f"Url is not a valid URL: {url}")
        return Fetch(url, purpose, method=self.method("Method"))

    def status_callback(self) -> StatusCallback | None:
        """Return where news of the call goes.

        Errors: `RestError` 400 (21626) for an event there is not.
        """
        url = self.text("StatusCallback")
        if not url:
            return None
        events = self.words("StatusCallbackEvent") or frozenset({"completed"})
        if not events <= CALL_EVENTS:
            wrong = ", ".join(sorted(events - CALL_EVENTS))
            raise RestError(400, 21626, f"Invalid values {wrong} found in statusCallbackEvents")
        return StatusCallback(url, self.method("StatusCallbackMethod"), events)

    def detection(self) -> Detection | None:
        """Return how to find out who answers, None when that was not asked for."""
        mode = self.text("MachineDetection")
        if not mode:
            return None
        if mode not in ("Enable", "DetectMessageEnd"):
            raise RestError(400, 20001, f"MachineDetection {mode!r} is not Enable/DetectMessageEnd")
        callback = self.text("AsyncAmdStatusCallback") if self.truth("AsyncAmd") else ""
        return Detection(mode, callback, self.method("AsyncAmdStatusCallbackMethod"))

    def room(self, name: str) -> Room:
        """Return the conference place that a new participant gets."""
        events = self.words("ConferenceStatusCallbackEvent") or frozenset({"start", "end"})
        if not events <= CONFERENCE_EVENTS:
            raise RestError(400, 20001, f"ConferenceStatusCallbackEvent: {sorted(events)}")
        return Room(
            name=name,
            start_on_enter=self.truth("StartConferenceOnEnter", default=True),
            end_on_exit=self.truth("EndConferenceOnExit"),
            muted=self.truth("Muted"),
            label=self.text("Label"),
            coach=self.text("CallSidToCoach") if self.truth("Coaching") else "",
            wait_url=self.text("WaitUrl", "carrier:music"),
            wait_method=self.method("WaitMethod"),
            status_callback=self.text("ConferenceStatusCallback"),
            status_callback_method=self.method("ConferenceStatusCallbackMethod"),
            status_callback_events=events,
        )
