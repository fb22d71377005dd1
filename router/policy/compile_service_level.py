"""Compiles `service_level` of queues.yaml: key by key, chat over calls, queue over defaults.

Mail and forms stand alone: nothing of theirs is as for calls.
"""

from __future__ import annotations

from typing import Any, Final

from router.core.formulas import CURRENT, DEFAULT, DEFAULT_OF_TEXTS, OF_TEXTS
from router.core.model import SECOND, Channel
from router.core.policy_service_level import Promise
from router.policy.models_service_level import PromiseShape, ServiceLevelShape, TextPromiseShape

BUILT_IN: Final[dict[str, Any]] = {
    "share": 0.8,
    "answer_within_s": 20,
    "formula": DEFAULT.name,
    "short_abandon_s": 0,
}
BUILT_IN_TEXTS: Final[dict[str, Any]] = {"share": 0.9, "formula": DEFAULT_OF_TEXTS.name}


def promises(queue: ServiceLevelShape, defaults: ServiceLevelShape) -> dict[Channel, Promise]:
    """Return what holds for calls, chats, mail and forms.

    A key of chat is looked for under the queue's `chat`, then under that of the defaults; what
    neither says is that of the queue's calls.
    """
    calls = {**BUILT_IN, **_said(defaults), **_said(queue)}
    chats = {**calls, **_said(defaults.chat), **_said(queue.chat)}
    mail = {**BUILT_IN_TEXTS, **_said(defaults.mail), **_said(queue.mail)}
    forms = {**BUILT_IN_TEXTS, **_said(defaults.webform), **_said(queue.webform)}
    return {
        Channel.VOICE: _promise(calls),
        Channel.CHAT: _promise(chats),
        Channel.MAIL: _of_texts(mail),
        Channel.WEBFORM: _of_texts(forms),
    }


def _said(shape: PromiseShape | TextPromiseShape) -> dict[str, Any]:
    return {key: getattr(shape, key) for key in BUILT_IN if key in shape.model_fields_set}


def _of_texts(rules: dict[str, Any]) -> Promise:
    return Promise(share=rules["share"], within=0, formula=OF_TEXTS[rules["formula"]].id)


def _promise(rules: dict[str, Any]) -> Promise:
    return Promise(
        share=rules["share"],
        within=rules["answer_within_s"] * SECOND,
        formula=CURRENT[rules["formula"]].id,
        short=rules["short_abandon_s"] * SECOND,
    )
