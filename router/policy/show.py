"""Prints a compiled policy as it was understood, for `townline check --show`."""

from __future__ import annotations

from collections.abc import Iterator

from router.core.hours import Hours
from router.core.model import Tempo
from router.core.policy import Fallback, FallbackRule, Flow, Policy, Queue, Step, Texts
from router.policy.clock_times import WEEKDAYS, written
from router.policy.show_service_level import at_risk, promised
from router.policy.show_surge import show_surge
from router.policy.show_texts import TEXTS
from router.policy.show_turns import show_turns
from router.policy.spans import written_span
from router.policy.telephones import shown


def show(policy: Policy) -> str:
    """Return the policy in plain words, several hundred lines, in the town's first language."""
    language = policy.languages[0].id
    sections = (_town, _hours, _agents, _queues, _fallbacks, _outside, _flows, _forms, *TEXTS)
    return "\n".join(line for section in sections for line in section(policy, language))


def _say(texts: Texts, language: str) -> str:
    return texts.get(language, "")


def _town(policy: Policy, language: str) -> Iterator[str]:
    names = ", ".join(f"{each.name} (skill {each.skill})" for each in policy.languages)
    yield f"{_say(policy.name, language)} ({policy.town}), {policy.time_zone}; {names}"
    yield ""
    yield "Called numbers"
    for number, flow in policy.numbers.items():
        yield f"  {'any other' if number == '*' else shown(number):<18} flow {flow}"
    dialling = policy.dialling
    yield f"Dialling, shown as {shown(dialling.caller_number)}"
    yield f"  opened: {', '.join(dialling.allowed)}"
    if dialling.refused:
        yield f"  closed all the same: {', '.join(dialling.refused)}"
    most = f"{dialling.per_number_day_max} calls a number and day, {dialling.per_day_max} a day"
    yield f"  at most {most}"
    yield f"Made with {', '.join(f'{k} {v}' for k, v in sorted(policy.compiled_with.items()))}"
    yield ""


def _hours(policy: Policy, _: str) -> Iterator[str]:
    for hours in policy.hours.values():
        yield f"Hours {hours.id} ({hours.time_zone})"
        yield from _week(hours)
        for override in hours.overrides:
            dates = override.first
            if override.last != override.first:
                dates += f" to {override.last}"
            ranges = ", ".join(written(each) for each in override.ranges) or "closed"
            yield f"  {dates}  {ranges}  {override.reason}"
        for day, name in hours.holidays.items():
            yield f"  {day}  closed  {name}"
        yield ""


def _week(hours: Hours) -> Iterator[str]:
    for day, ranges in zip(WEEKDAYS, hours.weekly, strict=True):
        yield f"  {day}  {', '.join(written(each) for each in ranges) or 'closed'}"


def _agents(policy: Policy, _: str) -> Iterator[str]:
    for capacity in policy.capacities.values():
        held = ", ".join(f"{units} {tempo.value}" for tempo, units in capacity.units.items())
        alone = ", ".join(sorted(capacity.exclusive))
        yield f"Capacity {capacity.id}: {held or 'nothing'}" + (
            f"; alone: {alone}" if alone else ""
        )
    yield f"Agents ({len(policy.agents)})"
    for agent in policy.agents.values():
        skills = ", ".join(f"{skill} {level}" for skill, level in agent.skills.items())
        leg = shown(agent.leg) if agent.leg else "texts only"
        yield f"  {agent.id:<10} {agent.name}, {agent.team or 'no team'}, {leg}; {skills}"
    yield ""


def _queues(policy: Policy, language: str) -> Iterator[str]:
    for queue in policy.queues.values():
        yield f"Queue {queue.id}: {_say(queue.name, language)}, hours {queue.hours}"
        yield from _queue(queue)
        yield ""
    yield from show_turns(policy)


def _queue(queue: Queue) -> Iterator[str]:
    yield f"  at once        {queue.requires}"
    for step in queue.steps:
        yield f"  after {written_span(step.after):<8} {_step(step)}"
    if queue.at_risk is not None:
        yield f"  at risk        {at_risk(queue.at_risk)}"
    if queue.long_wait is not None:
        enter, leave = map(written_span, (queue.long_wait.enter, queue.long_wait.leave))
        yield f"  long wait      when {enter} are to be expected, until below {leave}"
    yield f"  promise        mail, forms and messages: {queue.first_response}"
    for door, by_door in queue.first_response_by.items():
        yield f"                 through {door}: {by_door.written}"
    yield from (f"  promise        {each}" for each in promised(queue))
    offers = ", ".join(f"{t.value} {written_span(queue.offer_timeout[t])}" for t in Tempo)
    yield f"  offers         {offers}; wrap-up {written_span(queue.wrap_up)}"
    if queue.head_start:
        yield f"  head start     {written_span(queue.head_start)}"
    limits = [f"{queue.length_max} waiting"] if queue.length_max else []
    limits += [f"{written_span(queue.wait_max)} of waiting"] if queue.wait_max else []
    yield f"  limits         {', '.join(limits) or 'none'}"
    if queue.length_per_agent:
        yield f"  per agent      {queue.length_per_agent} may wait"
    if queue.last_entry:
        yield f"  last entry     {written_span(queue.last_entry)} before closing"
    if queue.absence:
        yield f"  nobody there   counts after {written_span(queue.absence)}"
    fates = ", ".join(f"{condition.value}: {chain}" for condition, chain in queue.fates.items())
    yield f"  otherwise      {fates}"
    callback = queue.callback
    if callback is not None:
        yield (
            f"  callback       offered after {written_span(callback.offer_after)},"
            f" {callback.attempts_max} attempts every {written_span(callback.retry_after)},"
            f" within {written_span(callback.expires_after)}, in hours {callback.hours}"
        )


def _step(step: Step) -> str:
    """Return what a step does, and on which condition."""
    does = [step.requires] if step.requires else []
    does += [f"or {each}" for each in step.adds]
    does += [f"ranks {written_span(step.head_start)} earlier"] if step.head_start else []
    does += ["offers a callback"] if step.offers_callback else []
    does += [f"goes along {step.chain}"] if step.chain else []
    how = "once" if step.is_lasting else "while"
    return "; ".join(does) + (f" ({how} {step.condition})" if step.condition else "")


def _fallbacks(policy: Policy, _: str) -> Iterator[str]:
    for fallback in policy.fallbacks.values():
        yield from _chain(fallback)
        yield ""


def _chain(fallback: Fallback) -> Iterator[str]:
    yield f"Chain {fallback.id}"
    for rule in fallback.rules:
        when = [
            *(sorted(rule.when_channel)),
            *(sorted(rule.when_condition)),
            *([f"about {', '.join(sorted(rule.when_subject))}"] if rule.when_subject else []),
            *([f"while {rule.when_hours} is open"] if rule.when_hours else []),
        ]
        yield f"  {rule.id}: {' and '.join(when) or 'always'} -> {_action(rule)}"


def _action(rule: FallbackRule) -> str:
    queue = rule.queue or "its own queue"
    said = "say something, " if rule.text and rule.action != "say" else ""
    done = {
        "say": "say something, go on",
        "queue": f"wait in {queue}",
        "defer": f"keep for {queue} until it opens",
        "voicemail": f"take a message for {queue}",
        "callback": f"book a callback from {queue}",
        "transfer": (
            f"ring {', then '.join(rule.targets)}{_rounds(rule)}{_accepting(rule)};"
            " if nobody answers, go on"
        ),
        "page": (
            f"keep for {queue} until it opens, mail to {', then '.join(rule.targets)}"
            f"{_rounds(rule)}, one every {written_span(rule.every)} until somebody answers"
        ),
        "chain": f"chain {rule.chain}",
        "end": "end",
    }[rule.action]
    return f"{said}{done}{', urgent' if rule.urgent else ''}"


def _rounds(rule: FallbackRule) -> str:
    return f", {rule.rounds} times over" if rule.rounds > 1 else ""


def _accepting(rule: FallbackRule) -> str:
    return ", who must press 1" if rule.accept else ""


def _outside(policy: Policy, _: str) -> Iterator[str]:
    for contact in policy.contacts.values():
        ways = [each for each in (shown(contact.number), contact.email) if each]
        yield (
            f"Contact {contact.id}: {contact.name}, {', '.join(ways)},"
            f" rings {written_span(contact.ring_timeout)}"
        )
    for each in policy.on_call.values():
        yield f"On call {each.id}: otherwise {', '.join(each.otherwise) or 'nobody'}"
        for shift in each.shifts:
            yield f"  {shift.first} to {shift.last}: {', '.join(shift.contacts)}"
    yield from show_surge(policy)
    for message in policy.front_messages:
        numbers = ", ".join(shown(each) for each in sorted(message.numbers)) or "all numbers"
        yield f"Front message {message.id} on {numbers}"
    words = policy.retention.words
    if words:
        kept = ", ".join(f"{kind} {written_span(each)}" for kind, each in words.items())
        yield f"Words are kept: {kept}; others for ever"
    yield ""


def _flows(policy: Policy, language: str) -> Iterator[str]:
    for flow in policy.flows.values():
        yield f"Flow {flow.id}, begins at {flow.start}, 911 at {flow.safety_node}"
        yield from _flow(flow)
        yield ""


def _flow(flow: Flow) -> Iterator[str]:
    for node in flow.nodes.values():
        ways = [f"{key}: {choice.next}" for key, choice in node.choices.items()]
        ways += [f"{value}: {target}" for value, target in node.exits.items()]
        ways += [f"otherwise: {node.otherwise}"] if node.otherwise else []
        ways += [f"then {node.next}"] if node.next else []
        what = node.queue or node.hours or node.flow or node.attribute or ", ".join(node.targets)
        chain = f"{node.chain} " if node.chain else ""
        yield f"  {node.id}: {node.kind} {chain}{what or ''} {'; '.join(ways)}".rstrip()


def _forms(policy: Policy, language: str) -> Iterator[str]:
    for form in policy.forms.values():
        subject = form.subject or f"from field {form.subject_field}"
        fields = ", ".join(each.id + ("*" if each.required else "") for each in form.fields)
        title = _say(form.title, language)
        yield f"Form {form.id}: {title}, queue {form.queue}, subject {subject}; {fields}"
    yield ""
