"""What agents write: words beside the command, drafts, and who is typing.

Words never stand in a command; a repeat of a reply (the same key) sends nothing twice.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

import msgspec

from router.core import commands_calls as k
from router.core import commands_text as t
from router.core.commands import Command
from router.core.dialling import may_dial
from router.core.families import family
from router.core.model import AgentId, ItemId, MessageKind, QueueId
from router.core.records import Item
from router.core.relations import has_conversation
from router.core.state import State
from router.desk import messages_text as m
from router.desk.lookup import WordLookup
from router.desk.messages_calls import Consult
from router.desk.pictures import find_item
from router.desk.residents import who_of
from router.desk.surroundings import BlockList, FindEarlier, FindKept, GivePass, RenderHtml
from router.desk.view_types import instant_of
from router.errors import NotAllowed, NotNow
from router.ports import Blobs, Contact, FileRef, Ids, Inbox, Said, Words

KeyOf = Callable[[str], str]  # an address (of mail, a number to ring) -> what stands for it
TellResident = Callable[[str, AgentId], None]  # in which conversation which agent is typing


class Drafts(Protocol):
    """What agents are writing, kept until it is sent. Errors: `StorageFailed`."""

    async def save(self, item: str, agent: str, text: str) -> None:
        """Keep the text; an empty one is forgotten."""
        ...

    async def find(self, item: str, agent: str) -> str:
        """Return the text; "" when there is none."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Desktop:
    """What desks need beside the engine."""

    blobs: Blobs
    drafts: Drafts
    key_of: KeyOf
    typing: TellResident
    render: RenderHtml
    blocked: BlockList
    kept: FindKept
    earlier: FindEarlier
    softphone: GivePass | None = None  # passes for browsers as telephones


class Writing:
    """Does what `messages_text` asks for."""

    def __init__(self, inbox: Inbox, ids: Ids, words: WordLookup, desktop: Desktop) -> None:
        self._inbox = inbox
        self._ids = ids
        self._words = words
        self._blobs = desktop.blobs
        self._drafts = desktop.drafts
        self._key_of = desktop.key_of
        self._typing = desktop.typing

    async def do(self, said: msgspec.Struct, agent: AgentId) -> None:
        """Return once it is decided and stored. Errors: those of `Inbox.submit`."""
        match said:
            case m.Reply():
                await self._reply(said, agent)
            case m.Note():
                command = t.AddNote(ItemId(said.item), agent, said.key, self._ids.unique("w-"))
                await self._with_words(command, Said(text=said.text))
            case m.Forward():
                await self._forward(said, agent)
            case Consult():
                await self._consult(said, agent)
            case m.Draft():
                await self._drafts.save(said.item, agent, said.text)
            case m.Typing():
                await self._tell_typing(said, agent)
            case m.Split():
                await self._inbox.submit(
                    t.SplitItem(
                        item_id=ItemId(said.item),
                        new_id=ItemId(self._ids.item_id()),
                        conversation=self._ids.item_id(),
                        number=said.number,
                        by=agent,
                    ),
                    _nothing,
                )
            case _:
                await self._inbox.submit(SIMPLE[type(said)](said, agent), _nothing)

    async def draft_of(self, item: str, agent: AgentId) -> str:
        """Return what the agent was writing; "" when nothing."""
        return await self._drafts.find(item, agent)

    async def save_draft(self, item: str, agent: AgentId, text: str) -> None:
        """Keep what the agent is writing; "" forgets it."""
        await self._drafts.save(item, agent, text)

    async def _reply(self, said: m.Reply, agent: AgentId) -> None:
        rows = await self._inbox.read(lambda state: family(state, find_item(state, said.item)))
        files = await self._files(said.files)
        command = t.SendReply(
            item_id=rows[0].id,
            agent_id=agent,
            key=f"reply:{agent}:{said.key}",
            words_ref=self._ids.unique("w-"),
            then=said.then,
            code=said.code,
            address_keys=await self._address_keys(rows),
            kind=MessageKind.TEXT,
        )
        await self._with_words(command, Said(text=said.text, files=files))
        await self._drafts.save(said.item, agent, "")

    async def _address_keys(self, rows: list[Item]) -> dict[ItemId, str]:
        """Return the keys of the addresses to which a conversation would begin with the answer."""
        refs = {row.id: row.contact_ref for row in rows if not has_conversation(row)}
        found = await self._words.find([ref for ref in refs.values() if ref])
        who = {item: who_of(found.get(ref)) for item, ref in refs.items()}
        return {item: self._key_of(one.email) for item, one in who.items() if one and one.email}

    async def _files(self, sent: tuple[m.FileSent, ...]) -> tuple[FileRef, ...]:
        mail = await self._inbox.read(lambda state: state.policy.mail)
        limit = mail.attachment_bytes_max if mail is not None else 0
        total = 0
        for file in sent:
            body = await self._blobs.get(file.blob)
            if body is None or len(body) != file.size:
                raise NotNow(f"file {file.name!r} was not uploaded: upload it first")
            await self._blobs.put(body)  # young again: what nobody refers to yet is swept when old
            total += file.size
        if total > limit:
            raise NotAllowed(f"the files have {total} bytes, at most {limit} can be sent")
        return tuple(FileRef(blob=f.blob, name=f.name, kind=f.kind, size=f.size) for f in sent)

    async def _forward(self, said: m.Forward, agent: AgentId) -> None:
        command = t.ForwardItem(
            item_id=ItemId(said.item),
            agent_id=agent,
            key=f"forward:{agent}:{said.key}",
            contact=said.contact,
            words_ref=self._ids.unique("w-"),
        )
        await self._with_words(command, Said(text=said.text))

    async def _consult(self, said: Consult, agent: AgentId) -> None:
        """Have a third party rung; a number that is typed goes along as words."""
        number = "".join(each for each in said.number or "" if each not in " -.()")
        words: tuple[Words, ...] = ()
        if said.number is not None:
            refusal = await self._inbox.read(lambda s: may_dial(s.policy.dialling, number))
            if refusal:
                raise NotAllowed(refusal)
            body = msgspec.json.encode(Contact(number, ""))
            words = (Words(ref=self._ids.unique("w-"), kind="contact", body=body),)
        command = k.ConsultItem(
            item_id=ItemId(said.item),
            agent_id=agent,
            to_queue=QueueId(said.queue) if said.queue is not None else None,
            to_agent=AgentId(said.agent) if said.agent is not None else None,
            to_contact=said.contact or "",
            number_ref=words[0].ref if words else "",
            number_key=self._key_of(number) if words else "",
        )
        await self._inbox.submit(command, _nothing, words=words)

    async def _with_words(
        self, command: t.SendReply | t.AddNote | t.ForwardItem, said: Said
    ) -> None:
        words = Words(ref=command.words_ref, kind="said", body=msgspec.json.encode(said))
        await self._inbox.submit(command, _nothing, words=(words,))

    async def _tell_typing(self, said: m.Typing, agent: AgentId) -> None:
        row = await self._inbox.read(lambda state: find_item(state, said.item))
        if row.agent == agent and row.text is not None:
            self._typing(row.text.conversation, agent)


# the message types are checked where the table is used: each row is called with its key's type
SIMPLE: Final[dict[type[msgspec.Struct], Callable[..., Command]]] = {
    m.Take: lambda said, agent: t.TakeItem(ItemId(said.item), agent, said.force),
    m.Wait: lambda said, agent: t.WaitForResident(ItemId(said.item), agent),
    m.Snooze: lambda said, agent: t.SnoozeItem(ItemId(said.item), agent, instant_of(said.until)),
    m.Merge: lambda said, agent: t.MergeItems(ItemId(said.item), ItemId(said.into), agent),
    m.Unmerge: lambda said, agent: t.UnmergeItem(ItemId(said.item), agent),
    m.UndoRule: lambda said, agent: t.UndoRule(ItemId(said.item), agent, said.reason),
}
WRITTEN: Final = frozenset(
    {*SIMPLE, m.Reply, m.Note, m.Forward, m.Draft, m.Typing, m.Split, Consult}
)


def _nothing(_: State) -> None:
    """The present state reaches the desk as pushes."""
