"""Compiles `service_level` of queues.yaml: key by key, chat over calls, queue over defaults."""

from __future__ import annotations

from typing import Any, Final

from router.core.formulas import CURRENT, DEFAULT
from router.core.model import SECOND, Channel
from router.core.policy_service_level import Promise
from router.policy.models_service_level import PromiseShape, ServiceLevelShape

BUILT_IN: Final[dict[str, Any]] = {
    "share": 0.8,
    "answer_within_s": 20,
    "formula": DEFAULT.name,
    "short_abandon_s": 0,
}


def promises(queue: ServiceLevelShape, defaults: ServiceLevelShape) -> dict[Channel, Promise]:
    """Return what holds for calls and for chats.

    A key of chat is looked for under the queue's `chat`, then under that of the defaults; what
    neither says is that of the queue's calls.
    """
    calls = {**BUILT_IN, **_said(defaults), **_said(queue)}
    chats = {**calls, **_said(defaults.chat), **_said(queue.chat)}
    return {Channel.VOICE: _promise(calls), Channel.CHAT: _promise(chats)}


def _said(shape: PromiseShape) -> dict[str, Any]:
    return {key: getattr(shape, key) for key in BUILT_IN if key in shape.model_fields_set}


def _promise(rules: dict[str, Any]) -> Promise:
    return Promise(
        share=rules["share"],
        within=rules["answer_within_s"] * SECOND,
        formula=CURRENT[rules["formula"]].id,
        short=rules["short_abandon_s"] * SECOND,
    )
