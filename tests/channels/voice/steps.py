"""Steps that several tests take: a caller who waits, a caller whom an agent has taken."""

from __future__ import annotations

from router.core import commands as c
from router.core import effects as f
from router.core.model import SECOND, ItemId
from router.core.records import Item
from tests.channels.voice.line import PUBLIC, TOWN, Heard, Line, standard

AGENT_LEG = "CA" + "b" * 32
AGENT = {"CallSid": AGENT_LEG, "From": TOWN, "To": "client:amina", "Direction": "outbound-api"}


def the_item(line: Line) -> Item:
    (item,) = line.inbox.state.items.values()
    return item


async def waiting(line: Line) -> Heard:
    """Call, take English, take taxes: in the waiting room of the general queue."""
    heard = await line.call()
    heard = await line.call(heard.action(), Digits="1")
    return await line.call(heard.action(), Digits="2")


async def accepted(line: Line) -> tuple[ItemId, str]:
    """Amina has taken the waiting caller; her telephone is to be rung: item and effect."""
    line.inbox.desk.sign_in("amina")
    await waiting(line)
    (agent,) = line.inbox.state.agents.values()
    assert agent.offer is not None
    line.inbox.desk.do(c.AcceptOffer(offer_id=agent.offer, agent_id=agent.id))
    (dial,) = [e for e in line.inbox.state.pending.values() if isinstance(e, f.DialAgent)]
    return dial.item_id, dial.key


async def talking(line: Line) -> ItemId:
    """A waiting caller whom Amina has taken; her leg has pressed 1."""
    item_id, key = await accepted(line)
    heard = await line.post(f"/voice/agent/{item_id}/{key}", {**standard(), **AGENT})
    assert heard.names == ["Gather", "Redirect"]
    heard = await line.post(heard.action(), {**standard(), **AGENT, "Digits": "1"})
    assert heard.all("Conference")[0].text == item_id
    return item_id


async def callback_booked(line: Line) -> Item:
    """Wait, press 1, give a number that may not be rung, then one that may."""
    await waiting(line)
    item_id = the_item(line).id
    line.inbox.desk.wait(25 * SECOND)
    offered = await line.call(f"/voice/wait/{item_id}/1")
    assert offered.action() == f"/voice/key/{item_id}"
    pressed = await line.call(f"/voice/key/{item_id}", Digits="1")
    assert pressed.names == ["Leave"]
    asked = await line.call(f"/voice/left/{item_id}/1", QueueResult="leave")
    assert asked.said() == ["callback_ask"]
    assert asked.action().endswith("?number=1")
    refused = await line.follow(PUBLIC + asked.action(), Digits="9005550100")
    assert refused.said() == ["callback_refused", "callback_ask"]
    booked = await line.follow(PUBLIC + refused.action(), Digits="9055550177")
    assert booked.names[-1] == "Hangup"
    return the_item(line)
