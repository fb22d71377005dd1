"""What somebody on call hears who is rung about an item whose caller has hung up."""

from __future__ import annotations

from router.core.flows.nodes import rule_at
from router.core.flows.script import Confirm, End, Script, Spoken
from router.core.lone_walk import ACKNOWLEDGED
from router.core.model import EffectKey, ItemId
from router.core.records import Item
from router.core.state import State
from router.errors import UnknownItem

NUMBER = "{number}"
"""Stands in the texts for the caller's number: only the channel knows it."""


def lone_script(state: State, item_id: ItemId, key: str, *, pressed: bool) -> Script:
    """Return what the leg hears that was rung by the effect `key`; `NUMBER` is still to be filled.

    Args:
        state: the state.
        item_id: the item they are rung about.
        key: the effect's key; an older one is too late.
        pressed: the key was pressed and the item acknowledged.

    Raises:
        UnknownItem: the item was forgotten or never was.
    """
    item, row = state.items.get(item_id), state.walks.get(item_id)
    if item is None:
        raise UnknownItem(item_id)
    mine = row is not None and row.key == EffectKey(key)
    if row is not None and mine and row.result == ACKNOWLEDGED:
        return Script((_town(state, "on_call_taken_on"), _where(state, item)), End())
    if row is None or not mine or row.result or pressed:
        return Script((_town(state, "agent_already_taken"),), End())
    rule, language = rule_at(state.policy, row.rule), state.policy.languages[0].id
    about = state.policy.call_outs.get(item.subject) or state.policy.subjects.get(item.subject, {})
    asked = rule.accept if rule is not None else {}
    told = [Spoken(text=about[language], language=language)] if about else []
    press = [Spoken(text=asked[language], language=language)] if asked else []
    return Script((*told, _where(state, item), *press), Confirm(key="1", leg="on_call"))


def _where(state: State, item: Item) -> Spoken:
    spoken = _town(state, "on_call_hung_up" if item.contact_ref else "on_call_withheld")
    text = spoken.text.replace("{reference}", " ".join(item.id))
    return Spoken(text=text, language=spoken.language)


def _town(state: State, key: str) -> Spoken:
    language = state.policy.languages[0].id
    return Spoken(text=state.policy.texts.get(key, {}).get(language, ""), language=language)
