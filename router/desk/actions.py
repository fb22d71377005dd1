"""From what an agent asks for to the command that asks the engine.

One table for the WebSocket and its HTTP mirror, so that both can do exactly the same.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from router.core import commands as c
from router.core import commands_calls as k
from router.core.model import AgentId, ItemId, OfferId, QueueId
from router.core.policy import Policy, Texts
from router.core.state import State
from router.desk import messages as m
from router.desk import messages_calls as x
from router.desk.message_types import ClientMessage
from router.desk.named import text_of
from router.desk.view_types import NamedView, instant_of, seconds
from router.desk.writing import WRITTEN, Writing
from router.ports import Ids, Inbox, Words


def _transfer(message: m.Transfer, agent: AgentId) -> c.Command:
    return c.TransferItem(
        item_id=ItemId(message.item),
        agent_id=agent,
        to_queue=QueueId(message.queue) if message.queue is not None else None,
        to_agent=AgentId(message.agent) if message.agent is not None else None,
        to_contact=message.contact or "",
        keep_age=message.keep_age,
    )


def _promise(message: x.Promise, agent: AgentId) -> c.Command:
    return k.PromiseCallback(
        item_id=ItemId(message.item),
        agent_id=agent,
        owner=AgentId(message.owner) if message.owner is not None else None,
        starts=instant_of(message.at) if message.at is not None else None,
    )


# the message types are checked where the table is used: each row is called with its key's type
COMMANDS: Final[dict[type[ClientMessage], Callable[[Any, AgentId], c.Command]]] = {
    m.Status: lambda said, agent: c.SetStatus(agent, said.status, said.reason, said.after_item),
    m.Seen: lambda said, agent: c.SeeOffer(OfferId(said.offer), agent),
    m.Accept: lambda said, agent: c.AcceptOffer(OfferId(said.offer), agent),
    m.Decline: lambda said, agent: c.DeclineOffer(OfferId(said.offer), agent, said.reason),
    m.TakeBack: lambda said, agent: c.TakeBackDecline(OfferId(said.offer), agent),
    m.Hold: lambda said, agent: c.HoldItem(ItemId(said.item), agent),
    m.Resume: lambda said, agent: c.ResumeItem(ItemId(said.item), agent),
    m.Transfer: _transfer,
    x.Complete: lambda said, agent: k.CompleteTransfer(ItemId(said.item), agent),
    x.Unconsult: lambda said, agent: k.CancelConsult(ItemId(said.item), agent),
    x.Promise: _promise,
    m.Return: lambda said, agent: c.ReturnItem(ItemId(said.item), agent, said.reason),
    m.Finish: lambda said, agent: c.FinishHandling(ItemId(said.item), agent),
    m.SignOut: lambda _, agent: c.SignOut(agent),
}


class Actions:
    """Submits what agents ask for; a note becomes words beside the command."""

    def __init__(self, inbox: Inbox, ids: Ids, writing: Writing) -> None:
        self._inbox = inbox
        self._ids = ids
        self._writing = writing

    async def do(self, said: m.Action, agent: AgentId) -> None:
        """Return once it is decided and stored.

        Errors: those of `Inbox.submit`.
        """
        if isinstance(said, m.Close):
            await self._close(said, agent)
        elif type(said) in WRITTEN:
            await self._writing.do(said, agent)
        else:
            await self._inbox.submit(COMMANDS[type(said)](said, agent), _nothing)

    async def _close(self, said: m.Close, agent: AgentId) -> None:
        words: tuple[Words, ...] = ()
        if said.note:
            ref = self._ids.unique("note-")
            words = (Words(ref=ref, kind="note", body=said.note.encode()),)
        command = c.CloseItem(
            item_id=ItemId(said.item),
            agent_id=agent,
            code=said.code,
            note_ref=words[0].ref if words else "",
        )
        await self._inbox.submit(command, _nothing, words=words)


def _nothing(_: State) -> None:
    """The present state reaches the desk as pushes."""


def policy_texts(state: State, language: str = "") -> m.PolicyTexts:
    """Return the choices that the policy in force gives an agent.

    A language that the town does not have, or "", is its first.
    """
    policy = state.policy
    if language not in {one.id for one in policy.languages}:
        language = policy.languages[0].id

    def named(texts: dict[str, Texts]) -> tuple[NamedView, ...]:
        return tuple(NamedView(id=id_, name=text_of(t, language)) for id_, t in texts.items())

    return m.PolicyTexts(
        hash=state.policy_hash,
        town=text_of(policy.name, language),
        time_zone=policy.time_zone,
        languages=tuple(NamedView(id=lang.id, name=lang.name) for lang in policy.languages),
        queues=named({queue.id: queue.name for queue in policy.queues.values()}),
        agents=_people(policy),
        contacts=tuple(NamedView(id=c.id, name=c.name) for c in policy.contacts.values()),
        interpreters=tuple(
            NamedView(id=c.id, name=c.name) for c in policy.contacts.values() if c.interprets
        ),
        away_reasons=named(policy.away_reasons),
        wrap_up_codes=named(policy.wrap_up_codes),
        lease_s=seconds(policy.offers.lease),
    )


def _people(policy: Policy) -> tuple[NamedView, ...]:
    return tuple(NamedView(id=rule.id, name=rule.name) for rule in policy.agents.values())
