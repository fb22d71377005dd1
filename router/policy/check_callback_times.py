"""Checks where residents choose when to be called back: there must be times to choose from."""

from __future__ import annotations

from typing import Any, Final

from router.policy import models_flows as nodes
from router.policy.compile_queues import merged
from router.policy.models_fallback import OWN
from router.policy.sources import Sources

_REMEDY: Final = "give that queue `callback: {windows: {length_min: 120}}` in queues.yaml"


def check_callback_times(sources: Sources) -> None:
    """Complain about flow nodes, fallback rules and form fields whose queue has no times."""
    part = sources.queues
    if part.model is None or not part.whole:
        return
    rules = {name: merged(each, part.model.defaults) for name, each in part.model.queues.items()}
    for flow in sources.flows.values():
        for name, node in flow.model.nodes.items() if flow.model is not None else ():
            if not isinstance(node, nodes.CallbackNode) or not node.choose_time:
                continue
            if _lacks(rules, node.callback):
                at = ("nodes", name, "choose_time")
                flow.document.complain(at, _no_windows(node.callback))
    fallback = sources.fallback
    for chain, rows in fallback.model.chains.items() if fallback.model is not None else ():
        for index, row in enumerate(rows):
            named = list(rules) if row.callback == OWN else [row.callback]
            if row.choose_time and all(_lacks(rules, each) for each in named):
                path = ("chains", chain, index, "choose_time")
                fallback.document.complain(path, _no_windows(row.callback))
    forms = sources.forms
    for form, shape in forms.model.forms.items() if forms.model is not None else ():
        for field, each in shape.fields.items():
            if each.kind != "callback_time" or shape.queue not in rules:
                continue
            if rules[shape.queue]["callback"] is None:
                message = f"queue {shape.queue!r} does not call back; {_REMEDY}"
                forms.document.complain(("forms", form, "fields", field, "kind"), message)


def _lacks(rules: dict[str, dict[str, Any]], queue: str) -> bool:
    """Say whether a queue that exists offers no times."""
    if queue not in rules:
        return False  # said elsewhere
    callback = rules[queue]["callback"]
    return callback is None or callback.windows is None


def _no_windows(queue: str) -> str:
    return f"queue {queue!r} has no times to choose from; {_REMEDY}, or delete `choose_time`"
