"""What a telephone leg hears now, derived from the state: twice asked, twice the same.

Texts come from the version of the policy on which the caller began; the town's own texts
(`texts` in town.yaml) from the policy in force.
"""

from __future__ import annotations

from router.core.callbacks import rings_resident_first
from router.core.flows.nodes import node_at, rule_at
from router.core.flows.script import (
    Accept,
    Ask,
    Confirm,
    Dial,
    End,
    Join,
    Leave,
    Listen,
    Record,
    Room,
    Script,
    Spoken,
    Then,
    Wait,
)
from router.core.flows.walk import SAID
from router.core.model import (
    IN_LINE,
    MINUTE,
    SECOND,
    FlowId,
    Form,
    ItemId,
    ItemState,
    LegState,
)
from router.core.on_call import open_attempt, order_of
from router.core.policy import Node, Policy, Prompt, Texts
from router.core.queueing import queue_of
from router.core.records import FlowPosition, Item
from router.core.state import State
from router.core.told_waits import in_minutes
from router.core.windows import starts_in, told
from router.errors import UnknownItem

IN_HAND = frozenset({ItemState.HANDLING, ItemState.HELD})
MENU_DIGITS = 1


def caller_script(state: State, item_id: ItemId) -> Script:
    """Return what the resident's leg hears now and what happens then.

    Raises:
        UnknownItem: the item was forgotten or never was.
    """
    item = known_item(state, item_id)
    if item.state is ItemState.IN_FLOW and item.flow is not None:
        return _in_flow(state, item, item.flow)
    if item.form is Form.CALL and item.state in IN_LINE:
        return Script(tuple(_trail(state, item)), Wait(turn=item.spoken_turn + 1))
    if item.form is Form.CALL and item.state in IN_HAND:
        if item.agent_call_state is LegState.CONNECTED:
            return Script((), Room(room=item.id, resident=True))
        return Script((), Wait(turn=item.spoken_turn + 1))
    if item.form is Form.CALLBACK and item.state in IN_HAND and item.call_id:
        return Script((), Room(room=item.id, resident=True))
    return Script(tuple(_farewell(state, item)), End())


def wait_script(state: State, item_id: ItemId) -> Script:
    """Return one announcement of the waiting room, or the way out of it."""
    item = known_item(state, item_id)
    waits = item.form is Form.CALL and (item.state in IN_LINE or item.state in IN_HAND)
    if not waits or item.queue is None:
        return Script((), Leave())
    queue = state.policy.queues.get(item.queue)
    if queue is None:
        return Script((), Leave())
    rules = queue.announcements
    spoken: list[Spoken] = []
    if item.state in IN_LINE:
        spoken.extend(_promise(state, item, rules.say_place, rules.say_wait))
        if item.callback_offered:
            spoken.append(_town(state, item, "callback_offer"))
    first = item.spoken_turn <= 1
    pause = rules.first_after if first else rules.every
    return Script(
        tuple(spoken),
        Listen(
            next_turn=item.spoken_turn + 1,
            music=rules.music,
            pause=pause,
            keys="1" if item.callback_offered and item.state in IN_LINE else "",
        ),
    )


def resident_script(state: State, item_id: ItemId, *, pressed: bool) -> Script:
    """Return what the resident hears who picks up a callback.

    Where they are rung before the agent they press 1 first, so that no machine takes the call.
    """
    item = known_item(state, item_id)
    if item.form is Form.CALLBACK and item.state in IN_HAND:
        greeting = (_town(state, item, "callback_greeting"), *_monitored(state, item))
        if rings_resident_first(state, item) and not pressed and not item.call_id:
            asked = _town(state, item, "callback_confirm")
            return Script((*greeting, asked), Confirm(key="1", leg="resident"))
        return Script(() if pressed else greeting, Room(room=item.id, resident=True))
    return Script((_town(state, item, "goodbye"),), End())


def _monitored(state: State, item: Item) -> list[Spoken]:
    texts = _switched(state, "#listening")
    return _prompt(state.policy, Prompt(text=texts, audio={}), item) if texts else []


def on_call_script(state: State, item_id: ItemId, step: int) -> Script:
    """Return what somebody on call hears who picks up, before they are joined with the caller.

    Args:
        state: the state.
        item_id: the item they are rung about.
        step: of the flow at which they were rung; an older one is too late.

    Raises:
        UnknownItem: the item was forgotten or never was.
    """
    item = known_item(state, item_id)
    position, language = item.flow, state.policy.languages[0].id
    is_now = position is not None and position.step == step
    if is_now and item.state is ItemState.DIVERTED:
        return Script((), Join())
    if not is_now or position is None or item.state is not ItemState.IN_FLOW:
        return Script((say(state.policy.texts, "agent_already_taken", language, {}),), End())
    policy = _version(state, position)
    node = node_at(policy, position.flow, position.node, item.queue)
    about = state.policy.call_outs.get(item.subject) or state.policy.subjects.get(item.subject, {})
    texts = (about, node.accept if node is not None else {})
    spoken = (Spoken(text=text[language], language=language) for text in texts if text)
    return Script(tuple(spoken), Accept(step=step, key="1"))


def machine_script(state: State, item_id: ItemId) -> Script:
    """Return what an answering machine hears that picked up a callback; may be nothing."""
    item = known_item(state, item_id)
    rule = queue_of(state, item).callback
    if rule is None or rule.machine != "message":
        return Script((), End())
    return Script((_town(state, item, "callback_message"),), End())


def hold_script(state: State, item_id: ItemId) -> Script:
    """Return what the resident hears on hold."""
    item = known_item(state, item_id)
    return Script((_town(state, item, "hold"),), Leave())


def known_item(state: State, item_id: ItemId) -> Item:
    """Return the item. Raises UnknownItem when it was forgotten or never was."""
    item = state.items.get(item_id)
    if item is None:
        raise UnknownItem(item_id)
    return item


# --- flow ----------------------------------------------------------------------------------------


def _in_flow(state: State, item: Item, position: FlowPosition) -> Script:
    policy = _version(state, position)
    node = node_at(policy, position.flow, position.node, item.queue)
    spoken = list(_trail(state, item))
    if node is None:
        return Script((*spoken, _town(state, item, "apology")), Wait(turn=1))
    if position.tries and not any(name.startswith(SAID) for name in position.trail):
        # a position from before callers were told why they are asked again
        spoken.append(_town(state, item, "not_understood"))
    if node.kind == "when":
        spoken.extend(_windows(state, item, position))
    elif node.kind == "callback" and not item.contact_ref:
        spoken.extend(_towns(state, item, "callback_ask_withheld"))
    elif node.kind == "callback" and not node.prompt.text:
        spoken.append(_town(state, item, "callback_ask"))
    elif node.kind == "transfer" and not node.prompt.text:
        spoken.append(_town(state, item, "transferring"))
    else:
        spoken.extend(_prompt(policy, node.prompt, item))
    return Script(tuple(spoken), _then(state, policy, item, position, node))


def _then(state: State, policy: Policy, item: Item, position: FlowPosition, node: Node) -> Then:
    if node.kind in ("menu", "when"):
        return Ask(step=position.step, digits_max=MENU_DIGITS, timeout=node.timeout)
    if node.kind == "callback":
        return Ask(step=position.step, digits_max=0, timeout=node.timeout or 12 * SECOND)
    if node.kind == "voicemail":
        return Record(step=position.step, length_max=node.length_max or 3 * MINUTE)
    if node.kind == "transfer":
        contact = state.policy.contacts.get(_rung(state, item, position, node))
        if contact is not None:
            return Dial(
                step=position.step,
                number=contact.number,
                ring_timeout=contact.ring_timeout,
                caller_number=state.policy.dialling.caller_number,
                accept=bool(node.accept),
            )
    return Wait(turn=1)


def _rung(state: State, item: Item, position: FlowPosition, node: Node) -> str:
    """Return the outside contact whose telephone rings; "" when that is nobody."""
    told = open_attempt(state, item.id)
    if told is not None:
        return told.contact
    order = order_of(state, state.now, node)
    return order[position.target] if position.target < len(order) else ""


def _windows(state: State, item: Item, position: FlowPosition) -> list[Spoken]:
    """Return the choice of when to be called back: key 1 as soon as possible, then the windows."""
    spoken = [_town(state, item, "callback_when")]
    for key, start in enumerate(starts_in(position.node), 2):
        language = item.language or state.policy.languages[0].id
        text, values = told(state, state.now, queue_of(state, item), start, language)
        spoken.append(_town(state, item, text, {"key": str(key), **values}))
    return spoken


def _trail(state: State, item: Item) -> list[Spoken]:
    position = item.flow
    if position is None:
        return []
    policy = _version(state, position)
    spoken: list[Spoken] = []
    for name in position.trail:
        if name.startswith(SAID):
            spoken.extend(_towns(state, item, name.removeprefix(SAID)))
        elif name.startswith(("#surge", "#notice:", "#listening")):
            spoken.extend(_prompt(policy, Prompt(text=_switched(state, name), audio={}), item))
        elif name.startswith("#front:"):
            message = next((m for m in policy.front_messages if m.id == name[7:]), None)
            if message is not None:
                spoken.extend(_prompt(policy, Prompt(text=message.text, audio={}), item))
        elif name.startswith("!"):
            rule = rule_at(policy, name)
            if rule is not None:
                spoken.extend(_prompt(policy, Prompt(text=rule.text, audio={}), item))
        else:
            flow, _, node_id = name.partition("/")
            found = policy.flows.get(FlowId(flow))
            node = None if found is None else found.nodes.get(node_id)
            if node is not None:
                spoken.extend(_prompt(policy, node.prompt, item))
    return spoken


def _switched(state: State, name: str) -> Texts:
    """Return what is said in front of every call beside the flow; nothing once it is over."""
    if name == "#listening":
        return state.policy.listening.text if state.policy.listening is not None else {}
    surge, notice = state.policy.surge, state.notices.get(name.removeprefix("#notice:"))
    if name == "#surge":
        return surge.text if surge is not None else {}
    return dict(notice.text) if notice is not None else {}


def _version(state: State, position: FlowPosition) -> Policy:
    return state.policies.get(position.policy, state.policy)


def _farewell(state: State, item: Item) -> list[Spoken]:
    if item.form is Form.CALLBACK and item.handled_since is None:
        recall = state.recalls.get(item.id)
        if recall is not None and recall.starts is not None:
            language = item.language or state.policy.languages[0].id
            queue, starts = queue_of(state, item), recall.starts
            _, when = told(state, state.now, queue, starts, language)
            return [_town(state, item, "callback_booked_at", when)]
        return [_town(state, item, "callback_booked")]
    if item.form is Form.MESSAGE and item.words_ref:
        return [_town(state, item, "message_taken")]
    return _trail(state, item) or [_town(state, item, "goodbye")]


# --- texts ---------------------------------------------------------------------------------------


def _prompt(policy: Policy, prompt: Prompt, item: Item) -> list[Spoken]:
    """Return the prompt in the caller's language, in every language until one is chosen."""
    languages = [item.language] if item.language else [each.id for each in policy.languages]
    return [
        Spoken(text=text, language=language, audio=audio)
        for language in languages
        if (text := prompt.text.get(language, "")) or prompt.audio.get(language)
        for audio in [prompt.audio.get(language, "")]
    ]


def _promise(state: State, item: Item, place: bool, wait: bool) -> list[Spoken]:
    """Return the announcement of what was promised at this turn."""
    if item.spoken_turn == 0:
        return []
    spoken: list[Spoken] = []
    low, high = in_minutes(item.spoken_low or 0, item.spoken_high or 0)
    values = {"place": str(item.spoken_place), "low": str(low), "high": str(high)}
    if place:
        spoken.append(_town(state, item, "place", values))
    if not wait:
        return spoken
    if item.spoken_high is None:
        return [*spoken, _town(state, item, "wait_unknown", values)]
    if item.spoken_risen:
        spoken.append(_town(state, item, "wait_risen", values))
    key = "wait_short" if values["low"] == "0" else "wait_range"
    return [*spoken, _town(state, item, key, values)]


def _town(state: State, item: Item, key: str, values: dict[str, str] | None = None) -> Spoken:
    language = item.language or state.policy.languages[0].id
    filled = {"town": state.policy.name.get(language, ""), **(values or {})}
    queue = state.policy.queues.get(item.queue) if item.queue is not None else None
    own = queue.announcements.texts if queue is not None else {}
    return say(state.policy.texts, key, language, filled, own)


def _towns(state: State, item: Item, key: str) -> list[Spoken]:
    """Return a text of the town's own, in every language until one is chosen."""
    prompt = Prompt(text=state.policy.texts.get(key, {}), audio={})
    return _prompt(state.policy, prompt, item)


def say(
    texts: dict[str, Texts],
    key: str,
    language: str,
    values: dict[str, str],
    own: dict[str, Texts] | None = None,
) -> Spoken:
    """Return a text of the town with its values put in; an item's `own` text goes first."""
    text = (own or {}).get(key, texts.get(key, {})).get(language, "")
    for name, value in values.items():
        text = text.replace(f"{{{name}}}", value)
    return Spoken(text=text, language=language)
