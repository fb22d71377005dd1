"""The resident's leg: each webhook becomes a command, each answer is derived from the state.

A handler returns the scene to be played, or None when nobody listens any more. The item is looked
up by the call in the state, because a repeated call finds the item of the first time.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

from channels.voice import codec
from channels.voice.webhook import Webhook
from router.core import commands as c
from router.core.dialling import may_dial
from router.core.flows import presentation
from router.core.flows.script import Script
from router.core.model import Form, ItemId, ItemState
from router.core.policy import Policy
from router.core.state import State
from router.errors import CommandRefused, TownlineError
from router.ports import Ids, Inbox

PAUSES_S: Final = {"queue-full": 10}
FAILED_PAUSE_S: Final = 2
"""Seconds before a caller whom the carrier let out of the waiting room goes back into it."""


class Scene(NamedTuple):
    """What to play, by which policy's voices, on whose leg."""

    script: Script
    policy: Policy
    item_id: str
    key: str = ""  # of the effect that rang the leg
    pause_s: int = 0
    music: str = ""  # of a scene on hold


View = Callable[[State], Scene]


class SetAside(TownlineError):
    """A mistake of ours has set the call aside: a person must take the caller, not the flow."""

    code = "call-set-aside"


def caller_scene(item_id: ItemId, pause_s: int = 0) -> View:
    """Return what the resident's leg hears now. Its errors: `UnknownItem`, `SetAside`."""

    def view(state: State) -> Scene:
        item = state.items.get(item_id)
        if item is not None and item.state is ItemState.SHUNTED and item.form is Form.CALL:
            raise SetAside(f"item {item_id!r} is set aside while its caller is on the line")
        script = presentation.caller_script(state, item_id)
        return Scene(script, state.policy, item_id, pause_s=pause_s)

    return view


def wait_scene(item_id: ItemId) -> View:
    """Return what is heard in the waiting room now. Its errors: `UnknownItem`."""

    def view(state: State) -> Scene:
        return Scene(presentation.wait_script(state, item_id), state.policy, item_id)

    return view


class CallerLeg:
    """Handlers of the resident's webhooks.

    Errors of every handler: `BadWebhook`, `CommandRefused` (`UnknownItem` above all), `SetAside`,
    `StorageError`, `Overloaded`.
    """

    def __init__(self, inbox: Inbox, ids: Ids, secret: bytes) -> None:
        self._inbox = inbox
        self._ids = ids
        self._secret = secret

    def _identity(self) -> codec.Identity:
        return codec.Identity(self._secret, self._ids.unique("w_"))

    async def incoming(self, hook: Webhook) -> Scene | None:
        """A call has come, or its beginning is told again."""
        fresh = ItemId(self._ids.item_id())
        decoded = codec.start_call(hook.form, fresh, self._identity())
        key = codec.key_of_call(codec.call_id(hook.form))

        def begun(state: State) -> Scene:
            row = state.keys.get(key)
            return caller_scene(row.item if row is not None else fresh)(state)

        scene = await self._inbox.submit(decoded.command, begun, words=decoded.words)
        return await self._unless_over(hook, ItemId(scene.item_id), scene)

    async def flow(self, hook: Webhook) -> Scene | None:
        """The caller answered what a flow step asked, or said nothing."""
        codec.call_id(hook.form)
        item_id, step = hook.item_id, hook.count("step")
        if codec.is_over(hook.form) and not codec.is_told_after_the_end(hook.form):
            return await self._unless_over(hook, item_id, None)
        may_ring = await self._may_ring() if hook.wants_number else None
        decoded = codec.advance_flow(hook.form, item_id, step, self._identity(), may_ring)
        scene = await self._play(decoded, caller_scene(item_id))
        return await self._unless_over(hook, item_id, scene)

    async def wait(self, hook: Webhook) -> Scene | None:
        """The waiting room asks for its next announcement."""
        codec.call_id(hook.form)
        item_id = hook.item_id
        command = c.AskWait(item_id, hook.count("turn"))
        scene = await self._play(codec.Decoded(command), wait_scene(item_id))
        return await self._unless_over(hook, item_id, scene)

    async def key(self, hook: Webhook) -> Scene | None:
        """A key was pressed in the waiting room."""
        codec.call_id(hook.form)
        command = codec.choose_while_waiting(hook.form, hook.item_id)
        scene = await self._play(codec.Decoded(command), wait_scene(hook.item_id))
        return await self._unless_over(hook, hook.item_id, scene)

    async def left(self, hook: Webhook) -> Scene | None:
        """The carrier let the caller out of the waiting room: as we wished, or by its failure."""
        codec.call_id(hook.form)
        item_id = hook.item_id
        command = codec.leave_waiting(hook.form, item_id, hook.count("turn"))
        if codec.is_over(hook.form):
            return await self._unless_over(hook, item_id, None)
        if command is None:
            return await self._inbox.read(caller_scene(item_id))
        pause_s = PAUSES_S.get(command.reason, FAILED_PAUSE_S)
        return await self._play(codec.Decoded(command), caller_scene(item_id, pause_s))

    async def move(self, hook: Webhook) -> Scene | None:
        """The leg was sent here by us, or has come out of a room: what shall it do now?"""
        codec.call_id(hook.form)
        if codec.is_over(hook.form):
            return await self._unless_over(hook, hook.item_id, None)
        return await self._inbox.read(caller_scene(hook.item_id))

    async def hold(self, hook: Webhook) -> Scene | None:
        """Alone in a room, or on hold."""

        def view(state: State) -> Scene:
            script = presentation.hold_script(state, hook.item_id)
            queue_id = state.items[hook.item_id].queue
            queue = None if queue_id is None else state.policy.queues.get(queue_id)
            music = "" if queue is None else queue.announcements.music
            return Scene(script, state.policy, hook.item_id, music=music)

        return await self._inbox.read(view)

    async def ended(self, hook: Webhook) -> bool:
        """Say whether we know the call whose status is told; its end is stored then."""
        call = codec.call_id(hook.form)

        def find(state: State) -> tuple[ItemId | None, bool]:
            item_id = state.index.by_call.get(call)
            return item_id, item_id is not None or codec.key_of_call(call) in state.keys

        item_id, known = await self._inbox.read(find)
        if item_id is not None:
            await self._unless_over(hook, item_id, None)
        return known

    # --- pieces ----------------------------------------------------------------------------------

    async def _play(self, decoded: codec.Decoded, view: View) -> Scene:
        """Submit; a command that is refused now is answered from the state as it is."""
        try:
            return await self._inbox.submit(decoded.command, view, words=decoded.words)
        except CommandRefused:  # an unknown item is refused by the view again
            return await self._inbox.read(view)

    async def _unless_over(
        self, hook: Webhook, item_id: ItemId, scene: Scene | None
    ) -> Scene | None:
        """Return the scene, unless the webhook says that the leg is gone: that is stored."""
        command = codec.end_call(hook.form, item_id)
        if command is None:
            return scene
        await self._inbox.submit(command, lambda _: None)
        return None

    async def _may_ring(self) -> Callable[[str], bool]:
        dialling = await self._inbox.read(lambda state: state.policy.dialling)
        return lambda number: not may_dial(dialling, number)
