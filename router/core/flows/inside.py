"""What the legs of people inside hear, and of whom they ask: a key to press, then the room."""

from __future__ import annotations

from router.core.flows.presentation import IN_HAND, known_item, say
from router.core.flows.script import Confirm, End, Room, Script, Spoken
from router.core.model import Form, ItemId, ListenMode
from router.core.records import Item
from router.core.state import State


def agent_script(state: State, item_id: ItemId, key: str, *, pressed: bool) -> Script:
    """Return what an agent's leg hears that was rung by the effect `key`.

    Args:
        state: the state.
        item_id: the item for which it was rung.
        key: the effect's key; an older one is too late.
        pressed: the agent has pressed the key that accepts the call.

    Raises:
        UnknownItem: the item was forgotten or never was.
    """
    item = known_item(state, item_id)
    language = state.policy.languages[0].id
    waits = item.state in IN_HAND and item.form in (Form.CALL, Form.CALLBACK)
    mine = waits and key == item.agent_dial
    if not mine:
        return Script((say(state.policy.texts, "agent_already_taken", language, {}),), End())
    if pressed:
        return Script((), Room(room=item.id, resident=False))
    return Script((_whisper(state, item, language),), Confirm(key="1"))


def third_script(state: State, item_id: ItemId, key: str, *, pressed: bool) -> Script:
    """Return what a third party hears who was rung by the effect `key`; as `agent_script`."""
    item = known_item(state, item_id)
    language = state.policy.languages[0].id
    row = state.consults.get(item_id)
    if row is None or row.key != key or row.failed is not None:
        taken = item.agent_dial == key and item.state in IN_HAND  # they have it by now
        if not taken:
            return Script((say(state.policy.texts, "agent_already_taken", language, {}),), End())
    if pressed or row is None:
        return Script((), Room(room=item.id, resident=False, third=True))
    return Script((_whisper(state, item, language),), Confirm(key="1", leg="third"))


def listener_script(state: State, item_id: ItemId, key: str, *, pressed: bool) -> Script:
    """Return what a supervisor hears who was rung by the effect `key`; as `agent_script`."""
    item = known_item(state, item_id)
    language = state.policy.languages[0].id
    row = state.listeners.get(item_id)
    if row is None or row.key != key:
        return Script((say(state.policy.texts, "agent_already_taken", language, {}),), End())
    if not pressed:
        return Script((_whisper(state, item, language),), Confirm(key="1", leg="listener"))
    coached = item.agent_call_id if row.mode is ListenMode.WHISPER else ""
    room = Room(room=item.id, resident=False, listener=row.mode, coached=coached)
    return Script((), room)


def _whisper(state: State, item: Item, language: str) -> Spoken:
    queue = state.policy.queues.get(item.queue) if item.queue is not None else None
    name = queue.name.get(language, "") if queue is not None else ""
    return say(state.policy.texts, "agent_whisper", language, {"queue": name})
