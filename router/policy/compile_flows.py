"""Compiles a call flow: each kind of node into the one node struct of the core."""

from __future__ import annotations

from functools import singledispatch
from typing import Final

import msgspec

from router.core.model import SECOND, FlowId, QueueId
from router.core.policy import Choice, Flow, Node, Place, Prompt, Texts, Values
from router.policy import models_flows as shapes
from router.policy.compile_queues import place
from router.policy.documents import Document
from router.policy.shape import Shape

_BLANK: Final = Node(id="", kind="", place=Place("", 0))
_EMPTY: Final = Values()


def compile_flow(id_: str, shape: shapes.FlowFile, document: Document) -> Flow:
    """Return one flow."""
    nodes = {}
    for name, node in shape.nodes.items():
        where = place(document, "nodes", name)
        nodes[name] = msgspec.structs.replace(_node(node), id=name, place=where)
    return Flow(FlowId(id_), shape.start, nodes, shape.safety, Place(document.file, 1))


def _with(**fields: object) -> Node:
    return msgspec.structs.replace(_BLANK, **fields)


def _prompt(text: Texts, audio: dict[str, str] | None = None) -> Prompt:
    return Prompt(text, audio or {})


def _values(shape: shapes.ValuesShape) -> Values | None:
    values = Values(
        language=shape.language,
        subject=shape.subject,
        requires=shape.requires,
        head_start=shape.head_start_s * SECOND,
        attributes=dict(shape.attributes),
    )
    return None if values == _EMPTY else values


@singledispatch
def _node(shape: Shape) -> Node:
    raise TypeError(type(shape).__name__)


@_node.register
def _say(shape: shapes.SayNode) -> Node:
    return _with(kind="say", prompt=_prompt(shape.say, shape.audio), next=shape.next)


@_node.register
def _menu(shape: shapes.MenuNode) -> Node:
    return _with(
        kind="menu",
        prompt=_prompt(shape.menu, shape.audio),
        choices={key: Choice(each.next, _values(each)) for key, each in shape.choices.items()},
        otherwise=shape.otherwise,
        timeout=shape.timeout_s * SECOND,
        tries=shape.tries,
    )


@_node.register
def _hours(shape: shapes.HoursNode) -> Node:
    exits = {"open": shape.open, "closed": shape.closed}
    exits |= {"holiday": shape.holiday} if shape.holiday else {}
    exits |= {"emergency": shape.emergency} if shape.emergency else {}
    return _with(kind="hours", hours=shape.hours, exits=exits)


@_node.register
def _service(shape: shapes.ServiceNode) -> Node:
    return _with(
        kind="service",
        service=shape.service,
        exits=dict(shape.exits),
        otherwise=shape.otherwise,
    )


@_node.register
def _set(shape: shapes.SetNode) -> Node:
    return _with(kind="set", values=_values(shape.set), next=shape.next)


@_node.register
def _branch(shape: shapes.BranchNode) -> Node:
    return _with(
        kind="branch", attribute=shape.branch, exits=dict(shape.exits), otherwise=shape.otherwise
    )


@_node.register
def _queue(shape: shapes.QueueNode) -> Node:
    return _with(
        kind="queue",
        queue=QueueId(shape.queue),
        requires=shape.requires,
        head_start=shape.head_start_s * SECOND,
    )


@_node.register
def _fallback(shape: shapes.FallbackNode) -> Node:
    return _with(
        kind="fallback",
        chain=shape.fallback,
        condition=shape.condition,
        queue=QueueId(shape.queue) if shape.queue else None,
    )


@_node.register
def _callback(shape: shapes.CallbackNode) -> Node:
    return _with(
        kind="callback",
        prompt=_prompt(shape.say),
        queue=QueueId(shape.callback),
        timeout=shape.timeout_s * SECOND,
        tries=shape.tries,
        next=shape.next,
        choose_time=shape.choose_time,
    )


@_node.register
def _voicemail(shape: shapes.VoicemailNode) -> Node:
    return _with(
        kind="voicemail",
        prompt=_prompt(shape.say),
        queue=QueueId(shape.voicemail),
        length_max=shape.length_max_s * SECOND,
        next=shape.next,
    )


@_node.register
def _transfer(shape: shapes.TransferNode) -> Node:
    return _with(
        kind="transfer",
        prompt=_prompt(shape.say),
        targets=tuple(shape.transfer),
        next=shape.next,
        accept=shape.accept,
        rounds=shape.rounds,
    )


@_node.register
def _goto(shape: shapes.GotoNode) -> Node:
    return _with(kind="goto", flow=FlowId(shape.goto))


@_node.register
def _hangup(shape: shapes.HangupNode) -> Node:
    return _with(kind="hangup", prompt=_prompt(shape.hangup))
