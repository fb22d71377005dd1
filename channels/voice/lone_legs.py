"""Legs of people on call whose caller has hung up: they hear where to reach the caller.

The caller's number is looked up here, because no event and no state holds it; it is said digit by
digit. Handlers as those of `legs`.
"""

from __future__ import annotations

from typing import Final

from channels.voice import codec
from channels.voice.caller import Scene, View
from channels.voice.legs import OtherLegs
from channels.voice.numbers import digit_by_digit
from channels.voice.rest import Contacts
from channels.voice.webhook import Webhook
from router.core.flows.lone_script import NUMBER, lone_script
from router.core.flows.script import Script, Spoken
from router.core.model import ItemId
from router.core.state import State
from router.ports import Inbox

LEG: Final = "on_call"
UNKNOWN: Final = "-"  # the words were deleted meanwhile


def lone_scene(item_id: ItemId, key: str, *, pressed: bool) -> View:
    """Return what the leg hears now, the number still to be filled. Its errors: `UnknownItem`."""

    def view(state: State) -> Scene:
        script = lone_script(state, item_id, key, pressed=pressed)
        return Scene(script, state.policy, item_id, key)

    return view


class LoneLegs:
    """Handlers of these legs' webhooks; errors as of `OtherLegs`."""

    def __init__(self, inbox: Inbox, contacts: Contacts) -> None:
        self._inbox = inbox
        self._contacts = contacts
        self._legs = OtherLegs(inbox)

    async def picked_up(self, hook: Webhook) -> Scene | None:
        """The telephone was picked up; what a machine takes nobody has taken on."""
        if codec.is_machine(hook.form):
            return await self._legs.machine(hook, LEG)
        scene = await self._inbox.read(lone_scene(hook.item_id, hook.key, pressed=False))
        return await self._with_number(scene)

    async def answer(self, hook: Webhook) -> Scene | None:
        """A key was pressed, or none: only the key that was asked for takes it on."""
        scene = await self._legs.answer_of(hook, LEG, lone_scene)
        return None if scene is None else await self._with_number(scene)

    async def status(self, hook: Webhook) -> None:
        """The leg has ended."""
        await self._legs.tell(codec.leg_ended(hook.form, hook.item_id, LEG, hook.key))

    async def _with_number(self, scene: Scene) -> Scene:
        """Fill in the caller's number, if a text asks for it."""
        spoken = scene.script.spoken
        if not any(NUMBER in each.text for each in spoken):
            return scene
        ref = await self._inbox.read(lambda state: _contact(state, ItemId(scene.item_id)))
        number = await self._contacts.number_of(ref) if ref else None
        said = digit_by_digit(number) if number else UNKNOWN
        filled = tuple(Spoken(e.text.replace(NUMBER, said), e.language, e.audio) for e in spoken)
        return scene._replace(script=Script(filled, scene.script.then))


def _contact(state: State, item_id: ItemId) -> str:
    item = state.items.get(item_id)
    return item.contact_ref if item is not None else ""
