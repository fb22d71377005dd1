"""Mistakes in hours, fallback chains, on-call lists and mail rules."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from msgspec.structs import replace

from router.core.hours import Hours, Range
from router.core.model import Channel
from router.core.policy import Fallback, FallbackRule, Policy
from router.core.policy_text import MailRule
from router.scenarios.mutations import Mutation, swapped, with_nth, with_row, without
from router.scenarios.unnoticeable import brings, channels_of, meets_nobody, never_both

HOURS_FILE: Final = "config/hours.yaml"
MAIL: Final = f"channel:{Channel.MAIL}"
FALLBACK_FILE: Final = "config/fallback.yaml"
DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def hours(policy: Policy) -> Iterator[Mutation]:
    """Shifted openings, dropped holidays and dates."""
    for name, rule in policy.hours.items():
        for days in _alike(rule):
            shown = f"{name} {DAYS[days[0]]}" + (f"-{DAYS[days[-1]]}" if len(days) > 1 else "")
            for what, change in (("opens an hour later", 1), ("closes an hour earlier", -1)):
                weekly = tuple(
                    tuple(_shifted(each, change) for each in ranges) if day in days else ranges
                    for day, ranges in enumerate(rule.weekly)
                )
                yield Mutation(
                    "hours shifted",
                    f"{shown} {what}",
                    HOURS_FILE,
                    "",
                    with_row(policy, "hours", name, replace(rule, weekly=weekly)),
                )
        if rule.holidays:
            yield Mutation(
                "holiday dropped",
                f"{name}: all of them",
                HOURS_FILE,
                "",
                with_row(policy, "hours", name, replace(rule, holidays={})),
            )
        festive = {day for other in policy.hours.values() for day in other.holidays}
        if any(override.first in festive for override in rule.overrides):
            rows = tuple(each for each in rule.overrides if each.first not in festive)
            yield Mutation(
                "holiday dropped",
                f"{name}: all of them",
                HOURS_FILE,
                "",
                with_row(policy, "hours", name, replace(rule, overrides=rows)),
            )
        for index, override in enumerate(rule.overrides):
            if override.first not in festive or override.last != override.first:
                rows = without(rule.overrides, index)
                yield Mutation(
                    "date dropped",
                    f"{name} {override.first} {override.reason}",
                    HOURS_FILE,
                    "",
                    with_row(policy, "hours", name, replace(rule, overrides=rows)),
                )


def _alike(rule: Hours) -> list[list[int]]:
    groups: dict[tuple[Range, ...], list[int]] = {}
    for day, ranges in enumerate(rule.weekly):
        if ranges:
            groups.setdefault(ranges, []).append(day)
    return list(groups.values())


def _shifted(each: Range, change: int) -> Range:
    if change > 0:
        return Range(min(each.start + 60, each.end - 1), each.end)
    return Range(each.start, max(each.end - 60, each.start + 1))


# --- fallback ------------------------------------------------------------------------------------


def fallback(policy: Policy) -> Iterator[Mutation]:
    """Rules dropped, reordered, silent, no longer urgent, with other targets."""
    for name, chain in policy.fallbacks.items():
        for index, rule in enumerate(chain.rules):
            if meets_nobody(policy, name, rule):
                continue
            shown, place = f"{name}/{rule.id}", str(rule.place)
            about = f"chain:{name}"
            if index < len(chain.rules) - 1:  # the last one must stay
                yield Mutation(
                    "fallback rule dropped",
                    shown,
                    place,
                    about,
                    _chain(policy, chain, without(chain.rules, index)),
                )
                following = chain.rules[index + 1]
                if not (never_both(rule, following) or meets_nobody(policy, name, following)):
                    yield Mutation(
                        "fallback rules swapped",
                        f"{shown} after {following.id}",
                        place,
                        about,
                        _chain(policy, chain, swapped(chain.rules, index)),
                    )
            for family, other in _changed(policy, rule):
                yield Mutation(
                    family,
                    shown,
                    place,
                    about,
                    _chain(policy, chain, with_nth(chain.rules, index, other)),
                )


def _changed(policy: Policy, rule: FallbackRule) -> Iterator[tuple[str, FallbackRule]]:
    if rule.text:
        yield "text removed", replace(rule, text={})
    if rule.urgent:
        yield "urgent removed", replace(rule, urgent=False)
    if len(rule.targets) > 1:
        yield "targets reversed", replace(rule, targets=tuple(reversed(rule.targets)))
    if rule.targets:
        yield "first target dropped", replace(rule, targets=rule.targets[1:] or ("nobody",))
    for subject in sorted(each for each in rule.when_subject if brings(policy, rule, each)):
        if len(rule.when_subject) > 1:
            yield (
                f"subject {subject} dropped",
                replace(rule, when_subject=rule.when_subject - {subject}),
            )
    anywhere = replace(rule, when_channel=frozenset())
    if channels_of(anywhere) != channels_of(rule):
        yield "channel forgotten", anywhere
    if rule.hung_up:
        yield "report ends with its caller", replace(rule, hung_up="")
    if rule.when_hours:
        yield "hours forgotten", replace(rule, when_hours="")


def _chain(policy: Policy, chain: Fallback, rules: tuple[FallbackRule, ...]) -> Policy:
    return with_row(policy, "fallbacks", chain.id, replace(chain, rules=rules))


def on_call(policy: Policy) -> Iterator[Mutation]:
    """Lists in another order, shifts forgotten."""
    for name, people in policy.on_call.items():
        if len(people.otherwise) > 1:
            other = replace(people, otherwise=tuple(reversed(people.otherwise)))
            yield Mutation(
                "on-call order reversed",
                name,
                FALLBACK_FILE,
                "",
                with_row(policy, "on_call", name, other),
            )
        for index, shift in enumerate(people.shifts):
            rows = without(people.shifts, index)
            yield Mutation(
                "on-call shift dropped",
                f"{name} {shift.first}",
                FALLBACK_FILE,
                "",
                with_row(policy, "on_call", name, replace(people, shifts=rows)),
            )


def surge(policy: Policy) -> Iterator[Mutation]:
    """What a surge says removed, the queues that go first forgotten."""
    rule = policy.surge
    if rule is None:
        return
    others = {
        "surge says nothing": replace(rule, text={}),
        "surge shows nothing": replace(rule, text={}, written={}),
        "surge without a text to read": replace(rule, written={}),
        "surge lets nobody go first": replace(rule, first=()),
    }
    for family, other in others.items():
        yield Mutation(family, "surge", FALLBACK_FILE, "", replace(policy, surge=other))


def agreements(policy: Policy) -> Iterator[Mutation]:
    """What is handed over at once left to the agent, and the other way round."""
    for subject, agreement in policy.agreements.items():
        if not agreement.hand_over:
            continue
        other = "at_once" if agreement.hand_over != "at_once" else "by_agent"
        changed = replace(agreement, hand_over=other)
        yield Mutation(
            f"handed over {other}",
            f"agreement {subject}",
            "config/town.yaml",
            "",
            with_row(policy, "agreements", subject, changed),
        )


# --- mail ----------------------------------------------------------------------------------------


def mail(policy: Policy) -> Iterator[Mutation]:
    """Rules dropped, reordered, sent elsewhere, no longer urgent; mailboxes sent elsewhere."""
    rules = policy.mail
    if rules is None:
        return

    def changed(new: tuple[MailRule, ...]) -> Policy:
        return replace(policy, mail=replace(rules, rules=new))

    queues = list(policy.queues)
    for index, rule in enumerate(rules.rules):
        shown, place = rule.id, f"{rule.file}:{rule.line}"
        yield Mutation(
            "mail rule dropped", shown, place, MAIL, changed(without(rules.rules, index))
        )
        others: list[tuple[str, MailRule]] = []
        if rule.queue is not None:
            elsewhere = next(each for each in queues if each != rule.queue)
            others.append(("queue swapped", replace(rule, queue=elsewhere)))
        if rule.urgent:
            others.append(("urgent removed", replace(rule, urgent=False)))
        if rule.head_start:
            others.append(("head start removed", replace(rule, head_start=0)))
        if rule.text:
            others.append(("text removed", replace(rule, text={})))
        if rule.attachment_kinds:
            others.append(("photo not asked for", replace(rule, attachment_kinds=())))
        if rule.action == "close":
            others.append(("not closed", replace(rule, action="route")))
        if not rule.acknowledge:
            others.append(("acknowledged", replace(rule, acknowledge=True)))
        for family, other in others:
            yield Mutation(
                family,
                f"mail rule {shown}",
                place,
                MAIL,
                changed(with_nth(rules.rules, index, other)),
            )
    for name, box in rules.mailboxes.items():
        elsewhere = next(each for each in queues if each != box.queue)
        boxes = {**rules.mailboxes, name: replace(box, queue=elsewhere)}
        yield Mutation(
            "queue swapped",
            f"mailbox {name}",
            f"{box.file}:{box.line}",
            MAIL,
            replace(policy, mail=replace(rules, mailboxes=boxes)),
        )


FAMILIES: Final = (hours, fallback, on_call, surge, agreements, mail)
