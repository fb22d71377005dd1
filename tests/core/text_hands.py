"""What the tests of mail and chat have agents do."""

from __future__ import annotations

from router.core import commands as c
from router.core import commands_text as t
from router.core import events as e
from router.core.model import AgentId, ItemId
from tests.core.text_town import TextDesk

AMINA, BORIS = AgentId("amina"), AgentId("boris")


def held(desk: TextDesk, *items: str, agent: str = "amina") -> None:
    """The agent is signed in and has what was written in hand."""
    desk.sign_in(agent)
    for item in items:
        offer = desk.state.offers.get(desk.state.agents[AgentId(agent)].offer)
        if offer is not None and offer.item != item:
            desk.do(c.DeclineOffer(offer_id=offer.id, agent_id=offer.agent))
        desk.do(t.TakeItem(item_id=ItemId(item), agent_id=AgentId(agent)))
        assert desk.item(item).agent == agent


def merge(desk: TextDesk, item: str, into: str) -> None:
    desk.do(t.MergeItems(item_id=ItemId(item), into=ItemId(into), by=AMINA))


def forward(desk: TextDesk, item: str, contact: str = "officer") -> None:
    desk.do(t.ForwardItem(ItemId(item), AMINA, f"f-{item}", contact, "w-f"))


def told(desk: TextDesk) -> list[str]:
    """Return whom of those on call a mail was sent to, in order."""
    return [ev.contact for ev in desk.story if isinstance(ev, e.PageSent)]
