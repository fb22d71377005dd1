"""Legs that we dialled: an agent's, a resident's for a callback, somebody's outside; and rooms.

Handlers that are asked for a document return a scene; those that are only told return nothing.
"""

from __future__ import annotations

from typing import Protocol

from channels.voice import codec
from channels.voice.caller import Scene, View
from channels.voice.webhook import Webhook
from router.core import commands as c
from router.core.flows import inside, presentation
from router.core.flows.script import Accept, Confirm, End, Script
from router.core.model import ItemId, LegResult
from router.core.state import State
from router.errors import CommandRefused, UnknownItem
from router.ports import Inbox


class LegScene(Protocol):
    """What a leg hears that has to press a key first."""

    def __call__(self, item_id: ItemId, key: str, *, pressed: bool) -> View:
        """Return the view."""
        ...


def agent_scene(item_id: ItemId, key: str, *, pressed: bool) -> View:
    """Return what the agent's leg hears now. Its errors: `UnknownItem`."""

    def view(state: State) -> Scene:
        script = inside.agent_script(state, item_id, key, pressed=pressed)
        return Scene(script, state.policy, item_id, key)

    return view


def third_scene(item_id: ItemId, key: str, *, pressed: bool) -> View:
    """Return what a third party's leg hears now. Its errors: `UnknownItem`."""

    def view(state: State) -> Scene:
        script = inside.third_script(state, item_id, key, pressed=pressed)
        return Scene(script, state.policy, item_id, key)

    return view


def listener_scene(item_id: ItemId, key: str, *, pressed: bool) -> View:
    """Return what a supervisor's leg hears now. Its errors: `UnknownItem`."""

    def view(state: State) -> Scene:
        script = inside.listener_script(state, item_id, key, pressed=pressed)
        return Scene(script, state.policy, item_id, key)

    return view


def resident_scene(item_id: ItemId, key: str, *, pressed: bool) -> View:
    """Return what the resident hears who picked up a callback. Its errors: `UnknownItem`."""

    def view(state: State) -> Scene:
        script = presentation.resident_script(state, item_id, pressed=pressed)
        return Scene(script, state.policy, item_id, key)

    return view


def on_call_scene(item_id: ItemId, step: int) -> View:
    """Return what somebody on call hears who picked up. Its errors: `UnknownItem`."""

    def view(state: State) -> Scene:
        script = presentation.on_call_script(state, item_id, step)
        return Scene(script, state.policy, item_id)

    return view


def machine_scene(item_id: ItemId) -> View:
    """Return what an answering machine hears. Its errors: `UnknownItem`."""

    def view(state: State) -> Scene:
        return Scene(presentation.machine_script(state, item_id), state.policy, item_id)

    return view


def silent_scene(state: State, item_id: ItemId) -> Scene:
    """Return a scene in which we only hang up."""
    return Scene(Script((), End()), state.policy, item_id)


class OtherLegs:
    """Handlers of the other legs' webhooks.

    Errors of every handler: `BadWebhook`, `CommandRefused` (`UnknownItem` above all),
    `StorageError`, `Overloaded`.
    """

    def __init__(self, inbox: Inbox) -> None:
        self._inbox = inbox

    async def agent(self, hook: Webhook) -> Scene | None:
        """The agent's telephone was picked up; a machine gets nobody connected."""
        if codec.is_machine(hook.form):
            return await self.machine(hook, "agent")
        return await self._inbox.read(agent_scene(hook.item_id, hook.key, pressed=False))

    async def agent_answer(self, hook: Webhook) -> Scene | None:
        """The agent pressed a key, or none: only the key that was asked for connects."""
        return await self.answer_of(hook, "agent", agent_scene)

    async def third(self, hook: Webhook) -> Scene | None:
        """The telephone of a third party was picked up; a machine gets nobody connected."""
        if codec.is_machine(hook.form):
            return await self.machine(hook, "third")
        return await self._inbox.read(third_scene(hook.item_id, hook.key, pressed=False))

    async def third_answer(self, hook: Webhook) -> Scene | None:
        """The third party pressed a key, or none: as of an agent."""
        return await self.answer_of(hook, "third", third_scene)

    async def listener(self, hook: Webhook) -> Scene | None:
        """A supervisor's telephone was picked up; a machine hears nobody."""
        if codec.is_machine(hook.form):
            return await self.machine(hook, "listener")
        return await self._inbox.read(listener_scene(hook.item_id, hook.key, pressed=False))

    async def listener_answer(self, hook: Webhook) -> Scene | None:
        """The supervisor pressed a key, or none: as of an agent."""
        return await self.answer_of(hook, "listener", listener_scene)

    async def answer_of(self, hook: Webhook, leg: str, scene_of: LegScene) -> Scene | None:
        """Connect whoever presses the key that was asked for; report that others did not."""
        call = codec.call_id(hook.form)
        scene = await self._inbox.read(scene_of(hook.item_id, hook.key, pressed=False))
        asked = scene.script.then
        if not isinstance(asked, Confirm):
            return scene
        if hook.form.text("digits") != asked.key:
            command = c.ReportLeg(hook.item_id, leg, call, LegResult.NO_ANSWER, hook.key)
            return await self._inbox.submit(command, lambda s: silent_scene(s, hook.item_id))
        command = c.ReportLeg(hook.item_id, leg, call, LegResult.ANSWERED, hook.key)
        return await self._inbox.submit(command, scene_of(hook.item_id, hook.key, pressed=True))

    async def resident(self, hook: Webhook) -> Scene | None:
        """The resident, or a machine, picked up a callback."""
        if codec.is_machine(hook.form):
            command = codec.picked_up(hook.form, hook.item_id, "resident", hook.key)
            return await self._inbox.submit(command, machine_scene(hook.item_id))
        view = resident_scene(hook.item_id, hook.key, pressed=False)
        scene = await self._inbox.read(view)
        if isinstance(scene.script.then, Confirm):
            return scene
        command = codec.picked_up(hook.form, hook.item_id, "resident", hook.key)
        return await self._inbox.submit(command, view)

    async def resident_answer(self, hook: Webhook) -> Scene | None:
        """The resident pressed a key, or none: as of an agent."""
        return await self.answer_of(hook, "resident", resident_scene)

    async def on_call(self, hook: Webhook) -> Scene | None:
        """Somebody on call, or their machine, picked up."""
        codec.call_id(hook.form)
        return await self._inbox.read(on_call_scene(hook.item_id, hook.count("step")))

    async def on_call_answer(self, hook: Webhook) -> Scene | None:
        """Somebody on call pressed a key, or none: only the key that was asked for connects."""
        call, step = codec.call_id(hook.form), hook.count("step")
        view = on_call_scene(hook.item_id, step)
        scene = await self._inbox.read(view)
        asked = scene.script.then
        if not isinstance(asked, Accept):
            return scene
        if hook.form.text("digits") != asked.key:
            return Scene(Script((), End()), scene.policy, hook.item_id)
        command = c.ReportLeg(hook.item_id, "outside", call, LegResult.ANSWERED, str(step))
        return await self._inbox.submit(command, view)

    async def machine(self, hook: Webhook, leg: str) -> Scene:
        """Report that a machine picked up; it hears nothing."""
        command = codec.picked_up(hook.form, hook.item_id, leg, hook.key)
        return await self._inbox.submit(command, lambda s: silent_scene(s, hook.item_id))

    # --- only told -------------------------------------------------------------------------------

    async def agent_status(self, hook: Webhook) -> None:
        """The agent's leg has ended."""
        await self.tell(codec.leg_ended(hook.form, hook.item_id, "agent", hook.key))

    async def third_status(self, hook: Webhook) -> None:
        """The leg of a third party has ended."""
        await self.tell(codec.leg_ended(hook.form, hook.item_id, "third", hook.key))

    async def listener_status(self, hook: Webhook) -> None:
        """A supervisor's leg has ended."""
        await self.tell(codec.leg_ended(hook.form, hook.item_id, "listener", hook.key))

    async def resident_status(self, hook: Webhook) -> None:
        """The leg of a callback has ended."""
        await self.tell(codec.leg_ended(hook.form, hook.item_id, "resident", hook.key))

    async def outside(self, hook: Webhook) -> None:
        """Somebody outside has picked up."""
        await self.tell(codec.outside_answered(hook.form, hook.item_id, hook.count("step")))

    async def room(self, hook: Webhook) -> None:
        """A room was opened, or somebody came into it."""
        await self.tell(codec.note_room(hook.form, hook.item_id))

    async def tell(self, command: c.Command | None) -> None:
        """Submit; news that comes too late to matter is no error of the carrier."""
        if command is None:
            return
        try:
            await self._inbox.submit(command, lambda _: None)
        except UnknownItem:
            raise
        except CommandRefused:
            return
