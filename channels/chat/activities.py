"""Messages of a conversation as a client sees them: rows and words in, activities out.

Pure. Numbered activities are what is stored: "conversation|0000001", in order, and only they move
the watermark. Everything else is derived and has an id of its own kind: greeting and safety text
(`|g1`, `|g2`; only for who has nothing yet), our event `townline/standing` (`|v...`), the same in a
sentence for programs that do not know the event (`|s...`, one id for each turn of events, so that a
repeat replaces what is shown), typing (`|t...`).

Source: Bot Framework Protocol, "Activity"; Direct Line 3.0, "ActivitySet".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from channels.chat.codec import activity_id
from channels.chat.sentences import sentences
from channels.chat.standing import Standing, Stands, first_name
from channels.chat.tokens import Grant
from router.core.fields import filled
from router.core.flows.nodes import rule_at
from router.core.model import SECOND, Instant, MessageKind
from router.core.policy import Policy
from router.core.records import Conversation, Message
from router.core.transcript import AGENT, RESIDENT, SAID
from router.ports import FileRef, Said, Words, said_in

BOT_ID: Final = "townline"
PAGE_MAX: Final = 100  # messages told at once
_SHOWN: Final = SAID | {MessageKind.AUTOMATIC}
MILLI: Final = 1_000_000  # ns

Activity = dict[str, Any]  # leaves as JSON


class Viewer(msgspec.Struct, frozen=True):
    """Who looks, and by which rules."""

    grant: Grant
    policy: Policy
    language: str
    files_url: str  # of the conversation's files, without a slash at its end
    files_token: Callable[[], str]  # makes one with which a picture is shown


class Page(msgspec.Struct, frozen=True):
    """Some messages in a row."""

    messages: tuple[Message, ...]  # those that residents see
    last: int  # number of the last one looked at


def page_after(row: Conversation | None, number: int) -> Page:
    """Return what comes after a message, hidden ones left out."""
    if row is None:
        return Page((), 0)
    after = min(number, row.count)  # who claims to have more than there is has what there is
    behind = [message for message in row.messages if message.number > after][:PAGE_MAX]
    last = behind[-1].number if behind else max(after, row.count)
    return Page(tuple(m for m in behind if m.kind in _SHOWN), last)


def is_agents(message: Message) -> bool:
    """Say whether an agent wrote it to the resident."""
    return message.kind in _SHOWN and message.by.startswith(AGENT)


def of_message(viewer: Viewer, message: Message, words: Mapping[str, Words]) -> Activity:
    """Return a stored message; the resident's own has the id that the client gave it."""
    conversation = viewer.grant.conversation
    activity = _activity(viewer, "message", activity_id(conversation, message.number), message.at)
    said = said_in(words.get(message.ref)) if message.ref else _automatic(viewer, message.note)
    if said is None:
        said = Said(sentences(viewer.language)["removed"])
    activity["text"] = said.text
    if message.by == RESIDENT:
        activity["from"] = {"id": viewer.grant.user, "role": "user"}
        if said.client_id:
            activity["channelData"] = {"clientActivityID": said.client_id}
    else:
        name = ""
        if message.by.startswith(AGENT):
            name = first_name(viewer.policy, message.by.removeprefix(AGENT))
        activity["from"]["name"] = name or viewer.policy.name.get(viewer.language, "")
    if said.files:
        activity["attachments"] = [
            _attachment(viewer, message.number, index, file)
            for index, file in enumerate(said.files)
        ]
    if said.choices:
        activity["suggestedActions"] = {
            "actions": [{"type": "imBack", "title": c, "value": c} for c in said.choices]
        }
    return activity


def greetings(viewer: Viewer, standing: Standing) -> list[Activity]:
    """Return what everybody is told first: what is announced, the greeting or that it is closed."""
    chat = viewer.policy.chat
    if chat is None:
        return []
    conversation, born = viewer.grant.conversation, viewer.grant.born * SECOND
    closed = standing.state is Stands.CLOSED
    greeting = _filled(viewer, chat.closed if closed else chat.greeting, standing)
    said = [
        *(("announcement", text) for text in standing.announced),
        ("greeting", greeting),
        ("safety", _filled(viewer, chat.safety, standing)),
    ]
    found = []
    for number, (kind, text) in enumerate(said, start=1):
        if text:
            activity = _activity(
                viewer, "message", f"{conversation}|g{number}", born + number * MILLI
            )
            activity |= {"text": text, "channelData": {"townline": kind}}
            found.append(activity)
    return found


def of_standing(viewer: Viewer, standing: Standing, version: int, now: Instant) -> Activity:
    """Return the event that says where it stands; `version` tells one from the next."""
    identity = f"{viewer.grant.conversation}|v{version}"
    activity = _activity(viewer, "event", identity, now)
    return activity | {"name": "townline/standing", "value": msgspec.to_builtins(standing)}


def of_standing_in_words(
    viewer: Viewer, standing: Standing, after: int, now: Instant
) -> Activity | None:
    """Return the same in a sentence; None where there is nothing to say.

    `after` is the last message so far: the same news after the same message has the same id.
    """
    text = _in_words(viewer, standing)
    if not text:
        return None
    identity = f"{viewer.grant.conversation}|s{after}-{standing.state}"
    activity = _activity(viewer, "message", identity, now)
    return activity | {"text": text, "channelData": {"townline": "standing"}}


def of_typing(viewer: Viewer, name: str, version: int, now: Instant) -> Activity:
    """Return that somebody is writing to the resident."""
    activity = _activity(viewer, "typing", f"{viewer.grant.conversation}|t{version}", now)
    activity["from"]["name"] = name
    return activity


def activity_set(activities: list[Activity], watermark: int | None) -> bytes:
    """Return a frame or the answer to a poll."""
    whole: Activity = {"activities": activities}
    if watermark is not None:
        whole["watermark"] = str(watermark)
    return msgspec.json.encode(whole)


def _activity(viewer: Viewer, kind: str, identity: str, at: Instant) -> Activity:
    moment = datetime.fromtimestamp(at // SECOND, UTC)
    millis = at % SECOND // MILLI
    return {
        "type": kind,
        "id": identity,
        "timestamp": f"{moment:%Y-%m-%dT%H:%M:%S}.{millis:03}Z",
        "channelId": "directline",
        "locale": viewer.language,
        "conversation": {"id": viewer.grant.conversation},
        "from": {
            "id": BOT_ID,
            "name": viewer.policy.name.get(viewer.language, ""),
            "role": "bot",
        },
    }


def _attachment(viewer: Viewer, number: int, index: int, file: FileRef) -> Activity:
    return {
        "contentType": file.kind,
        "contentUrl": f"{viewer.files_url}/{number}/{index}?t={viewer.files_token()}",
        "name": file.name,
    }


def _automatic(viewer: Viewer, note: str) -> Said | None:
    """Return the policy's text of that name, or of the fallback rule "!chain/rule"; else None."""
    chat = viewer.policy.chat
    rule = rule_at(viewer.policy, note) if note.startswith("!") else None
    texts = viewer.policy.texts.get(note) if rule is None else rule.text
    if chat is not None:
        own = {"greeting": chat.greeting, "closed": chat.closed, "safety": chat.safety}
        texts = own.get(note, texts)
    return Said(_filled(viewer, texts, None)) if texts else None


def _filled(viewer: Viewer, texts: Mapping[str, str], standing: Standing | None) -> str:
    """Return a text of the policy in the resident's language, its fields filled in."""
    fields = {
        "town": viewer.policy.name.get(viewer.language, ""),
        "opens": (standing.opens if standing is not None else None) or "",
    }
    return filled(texts.get(viewer.language, ""), fields).strip()


def _in_words(viewer: Viewer, standing: Standing) -> str:
    say = sentences(viewer.language)
    chat = viewer.policy.chat
    match standing.state:
        case Stands.WAITING:
            place = say["next"] if standing.place == 1 else say["place"]
            return f"{place} {_wait(say, standing)}".format(
                place=standing.place, low=standing.wait_low_min, high=standing.wait_high_min
            )
        case Stands.TALKING:
            return say["talking" if standing.agent else "talking_nobody"].format(
                agent=standing.agent
            )
        case Stands.CLOSED:
            return _filled(viewer, chat.closed, standing) if chat is not None else ""
        case Stands.AWAY:
            return say["away"]
        case Stands.ENDED:
            known = say["reference"].format(reference=standing.reference)
            return f"{say['ended']} {known}" if standing.reference else say["ended"]
    return ""


def _wait(say: Mapping[str, str], standing: Standing) -> str:
    low, high = standing.wait_low_min, standing.wait_high_min
    if low is None or high is None:
        return say["wait_unknown"]
    if high <= 1:
        return say["wait_soon"]
    return say["wait_short"] if low < 1 else say["wait"]
