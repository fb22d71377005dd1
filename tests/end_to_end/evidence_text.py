"""What residents and agents have in writing against what stands on disk: mails, chats, answers.

The ledgers belong to those who wrote and to whom was written. A message may be known to the disk
only (its sender was not told yet), never to its sender only.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

from router.core import events as e
from router.core.effects import SendMail
from router.core.model import Channel, ItemId, MessageKind
from router.core.transcript import RESIDENT
from tests.end_to_end.chat_residents import ChatResident
from tests.end_to_end.rig import Rig
from tests.end_to_end.writers import ON_CALL, PAGED

if TYPE_CHECKING:
    from tests.end_to_end.evidence import OnDisk

SHOWN: Final = frozenset({MessageKind.TEXT, MessageKind.FILE, MessageKind.AUTOMATIC})
WRITERS: Final = (RESIDENT, "contact:")
OUR_ID: Final = re.compile(r"<([0-9A-Z]+)\.(\d+)\.[0-9a-f]+@willowmere\.example\.org>")


class TextWitness:
    """Compares; made anew for each look."""

    def __init__(self, rig: Rig, disk: OnDisk, *, settled: bool) -> None:
        self._rig = rig
        self._disk = disk
        self._settled = settled
        self._added = disk.of_kind(e.MessageAdded)
        self._in: dict[str, list[e.MessageAdded]] = defaultdict(list)
        for event in self._added:
            self._in[event.conversation].append(event)

    def findings(self) -> Iterator[str]:
        """Return what contradicts somebody's ledger."""
        yield from self._transcripts()
        yield from self._letters()
        yield from self._pages()
        yield from self._answers()
        yield from self._outgoing()
        for resident in self._rig.chats:
            yield from self._chat(resident)

    def _text(self, event: e.MessageAdded) -> str:
        said = self._disk.said.get(event.ref)
        return said.text if said is not None else ""

    def _transcripts(self) -> Iterator[str]:
        for conversation, events in self._in.items():
            numbers = [event.number for event in events]
            if numbers != list(range(1, len(numbers) + 1)):
                yield f"the messages of {conversation} are numbered {numbers}"
        for event in self._added:
            if event.ref and event.ref not in self._disk.said:
                yield f"the words of message {event.number} of {event.conversation} are lost"

    # --- mail ------------------------------------------------------------------------------------

    def _letters(self) -> Iterator[str]:
        came: dict[str, list[e.MessageAdded]] = defaultdict(list)
        for event in self._added:
            if event.by.startswith(WRITERS) and (message_id := self._message_id(event)):
                came[message_id].append(event)
        works: dict[str, set[str]] = defaultdict(set)
        for joined in self._disk.of_kind(e.ConversationJoined):
            works[joined.conversation].add(joined.item)
        rules = {ev.item: ev.rule for ev in self._disk.of_kind(e.RuleApplied)}
        for letter in self._rig.letters.all:
            stored = came.pop(letter.message_id, [])
            if len(stored) != 1 and (stored or letter.is_taken or self._settled):
                yield f"mail {letter.message_id} is {len(stored)} messages"
            for event in stored:
                yield from self._is_whole(letter.message_id, event)
                if letter.first is None and rules.get(event.item, "") != letter.rule:
                    yield f"{letter.message_id} met {rules.get(event.item)}, not {letter.rule}"
                if letter.first is None:
                    came[letter.message_id] = stored  # for those that answer it
                    if len(works[event.conversation]) != 1:
                        yield f"mail {letter.message_id} is items {works[event.conversation]}"
                elif came[letter.first.message_id][0].conversation != event.conversation:
                    yield f"mail {letter.message_id} went into another conversation"
        begun = [x for x in self._disk.of_kind(e.ItemReceived) if x.channel is Channel.MAIL]
        first = [letter for letter in self._rig.letters.all if letter.first is None]
        if len(begun) > len(first) or (self._settled and len(begun) != len(first)):
            yield f"{len(first)} mails were the first of their senders, {len(begun)} items came"

    def _is_whole(self, message_id: str, event: e.MessageAdded) -> Iterator[str]:
        if message_id.encode() not in self._blob(self._disk.said[event.ref].original):
            yield f"the original of mail {message_id} is lost"

    def _pages(self) -> Iterator[str]:
        """Somebody on call is told, nobody twice, nobody after somebody has answered."""
        told: dict[str, list[str]] = defaultdict(list)
        answered: dict[str, set[str]] = defaultdict(set)
        for event in self._disk.events:
            if isinstance(event, e.PageSent):
                if event.contact in told[event.item] or answered[event.item]:
                    yield f"{event.contact} was told of {event.item} again: {told[event.item]}"
                told[event.item].append(event.contact)
            elif isinstance(event, e.PageAnswered):
                answered[event.item].add(event.contact)
        for applied in self._disk.of_kind(e.RuleApplied):
            if applied.rule == PAGED and not told[applied.item]:
                yield f"nobody on call was told of {applied.item}"
        for name, contacts in told.items():
            item = self._disk.state.items.get(ItemId(name))
            goes_on = item is None or (item.text is not None and item.text.page_due is not None)
            if not answered[name] and not goes_on:
                yield f"{contacts} were told of {name}, and nobody else ever will be"
        took = {x.message_id for x in self._rig.letters.all if x.sender in ON_CALL and x.is_taken}
        for added in self._added:
            if self._message_id(added) in took and not any(answered[added.item]):
                yield f"{added.by} took {added.item}, and nobody knows"

    def _message_id(self, event: e.MessageAdded) -> str:
        said = self._disk.said.get(event.ref)
        return f"<{said.message_id.strip('<>')}>" if said is not None and said.message_id else ""

    def _answers(self) -> Iterator[str]:
        stored = Counter((event.by, self._text(event)) for event in self._added)
        for desk in self._rig.desks.values():
            for reply in desk.replies.values():
                times = stored[f"agent:{desk.name}", reply.text]
                if times > 1 or (reply.answer == "ok" and times != 1):
                    yield f"{desk.name}'s answer {reply.key} ({reply.answer}) is stored {times} x"

    def _outgoing(self) -> Iterator[str]:
        wanted = [x.effect for x in self._disk.of_kind(e.EffectWanted)]
        mails = [effect for effect in wanted if isinstance(effect, SendMail)]
        done = {event.key for event in self._disk.of_kind(e.EffectDone)}
        ids: dict[tuple[str, int], set[str]] = defaultdict(set)
        copies: dict[str, set[bytes]] = defaultdict(set)
        known = {(effect.conversation, effect.number) for effect in mails}
        for copy in self._rig.world.copies:
            found = OUR_ID.fullmatch(copy.message_id)
            place = (found[1], int(found[2])) if found is not None else ("", 0)
            if place not in known:
                yield f"{copy.message_id} was sent to {copy.to}, and nothing is known of it"
            ids[place].add(copy.message_id)
            copies[copy.message_id].add(copy.raw)
        for effect in mails:
            place = (effect.conversation, effect.number)
            if len(ids[place]) != 1 and (ids[place] or effect.key in done or self._settled):
                yield f"{effect.what} {place} was sent under the ids {ids[place]}"
            for message_id in ids[place]:
                said = self._disk.said.get(effect.words_ref)
                raws = copies[message_id]
                if any(said and said.text.encode() not in raw for raw in raws):
                    yield f"{message_id} does not say what was answered"
                if effect.what == "reply" and len(raws) > 1:
                    yield f"{message_id} was sent as {len(raws)} different mails"
        for failed in self._disk.of_kind(e.EffectFailed):
            if failed.key in {effect.key for effect in mails}:
                yield f"mail {failed.key} was given up: {failed.reason}"

    # --- chats -----------------------------------------------------------------------------------

    def _chat(self, resident: ChatResident) -> Iterator[str]:
        messages = self._in.get(resident.conversation, [])
        numbers: dict[str, list[int]] = defaultdict(list)
        for event in messages:
            if event.by == RESIDENT and event.ref in self._disk.said:
                numbers[self._disk.said[event.ref].client_id].append(event.number)
        for cid, acknowledged in resident.said.items():
            found = [f"{resident.conversation}|{number:07}" for number in numbers[cid]]
            if found and not self._has_photo(resident, cid, messages):
                yield f"the photo of message {cid} is lost"
            if len(found) > 1 or (acknowledged and set(found) != acknowledged):
                yield f"message {cid} was acknowledged as {acknowledged} and is {found}"
            elif self._settled and not found:
                yield f"message {cid} never came"
        yield from self._transcript(resident, messages)

    def _has_photo(self, resident: ChatResident, cid: str, messages: list[e.MessageAdded]) -> bool:
        """Say whether what was sent beside the text is on disk."""
        said = (self._disk.said.get(event.ref) for event in messages)
        files = [
            f for each in said if each is not None and each.client_id == cid for f in each.files
        ]
        sent = [resident.shown[cid]] if cid in resident.shown else []
        return [self._blob(file.blob) for file in files] == sent

    def _blob(self, name: str) -> bytes:
        path = Path(self._rig.daemon.data, "blobs", name[:2], name[2:4], name)
        return path.read_bytes() if name and path.exists() else b""

    def _transcript(self, resident: ChatResident, messages: list[e.MessageAdded]) -> Iterator[str]:
        shown = [event for event in messages if event.kind in SHOWN]
        told = resident.told
        pairs = zip(told, shown, strict=False)
        agrees = all(
            each.number == event.number
            and each.is_own == (event.by == RESIDENT)
            and (not event.ref or each.text == self._text(event))
            for each, event in pairs
        )
        if not agrees or len(told) > len(shown):
            yield f"{resident.name} was told {told}, and there stands {shown}"
        elif self._settled and len(told) < len(shown):
            yield f"{resident.name} was never told of {shown[len(told) :]}"
        if resident.repeated:
            yield f"{resident.name} was told again: {resident.repeated}"
