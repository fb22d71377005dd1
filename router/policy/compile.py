"""Puts the compiled policy together from models that were found free of mistakes."""

from __future__ import annotations

from datetime import UTC, date, datetime
from importlib.metadata import version
from typing import Final
from zoneinfo import ZoneInfo

from router.core import policy as compiled
from router.core.model import (
    HOUR,
    MINUTE,
    SECOND,
    AgentId,
    FlowId,
    OfferEnding,
    QueueId,
    Tempo,
    Unreached,
)
from router.core.policy_calls import Agreement
from router.core.policy_forms import Field
from router.core.policy_listening import ListeningRule
from router.core.policy_on_call import OnCallList, OnCallShift
from router.policy.compile_flows import compile_flow
from router.policy.compile_hours import compile_all_hours, compile_layers
from router.policy.compile_queues import compile_minimums, compile_queue, place
from router.policy.compile_surge import compile_surge
from router.policy.compile_texts import compile_answers, compile_chat, compile_mail
from router.policy.compile_turns import compile_turns
from router.policy.documents import Document
from router.policy.models_announcements import FrontMessageShape
from router.policy.models_attributes import AttributeShape, typed
from router.policy.models_fallback import ACTIONS, OWN, QUEUE_ACTIONS, FallbackFile, RuleShape
from router.policy.models_forms import FieldShape, FormShape
from router.policy.models_skills import AgentShape, CapacityShape
from router.policy.models_town import DiallingShape, KeepingShape, OffersShape, TownFile
from router.policy.shapes import model_of
from router.policy.sources import Sources

NOTED: Final = ("townline", "holidays", "phonenumbers", "tzdata")


def compile_policy(sources: Sources, today: date) -> compiled.Policy:
    """Return the policy; equal files, date and libraries give equal bytes.

    Errors: ValueError when the sources were not checked first.
    """
    town = model_of(sources.town)
    skills = model_of(sources.skills)
    hours = model_of(sources.hours)
    fallback = model_of(sources.fallback)
    announcements = model_of(sources.announcements)
    return compiled.Policy(
        town=town.slug,
        name=town.name,
        time_zone=town.time_zone,
        languages=_languages(town),
        subjects=town.subjects,
        skills={id_: compiled.Skill(id_, name) for id_, name in skills.skills.items()},
        capacities={id_: _capacity(id_, each) for id_, each in skills.capacities.items()},
        agents={
            AgentId(id_): _agent(id_, each, skills.attributes)
            for id_, each in skills.agents.items()
        },
        away_reasons=town.away_reasons,
        wrap_up_codes=town.wrap_up_codes,
        hours=compile_all_hours(hours, town.time_zone, today, town.languages[0].id),
        queues=_queues(sources, town),
        fallbacks=_fallbacks(fallback, sources.fallback.document),
        contacts=_contacts(fallback),
        on_call=_on_call(fallback, town.time_zone),
        numbers={number: FlowId(flow) for number, flow in town.numbers.items()},
        flows={
            FlowId(id_): compile_flow(id_, model_of(part), part.document)
            for id_, part in sources.flows.items()
        },
        front_messages=tuple(
            _front_message(each, town.time_zone) for each in announcements.front_messages
        ),
        forms={
            id_: _form(id_, each, town, sources.forms.document)
            for id_, each in model_of(sources.forms).forms.items()
        },
        dialling=dialling_of(town.dialling),
        offers=_offers(town.offers),
        retention=_retention(town.keeping),
        texts=town.texts,
        compiled_with={name: version(name) for name in NOTED},
        mail=None if sources.mail is None else compile_mail(sources.mail),
        chat=None if sources.chat is None else compile_chat(sources.chat),
        agreements=_agreements(town),
        answers={} if sources.answers is None else compile_answers(sources.answers),
        call_outs=fallback.call_outs,
        services={id_: compile_layers(each) for id_, each in hours.services.items()},
        surge=None if fallback.surge is None else compile_surge(fallback.surge),
        minimums=compile_minimums(model_of(sources.queues).minimums),
        listening=_listening(town),
        turns=compile_turns(model_of(sources.queues), skills, sources.queues.document),
    )


def _listening(town: TownFile) -> ListeningRule | None:
    shape = town.listening
    if shape is None:
        return None
    return ListeningRule(tuple(dict.fromkeys(shape.modes)), shape.shown, shape.say)


def _agreements(town: TownFile) -> dict[str, Agreement]:
    return {
        subject: Agreement(each.level, each.department, each.link, each.script, each.handed_over)
        for subject, each in town.agreements.items()
    }


def _queues(sources: Sources, town: TownFile) -> dict[QueueId, compiled.Queue]:
    file, waiting = model_of(sources.queues), model_of(sources.announcements).waiting
    document = sources.queues.document
    return {
        QueueId(id_): compile_queue(
            id_, each, file.defaults, waiting, town.texts, file.queues, document
        )
        for id_, each in file.queues.items()
    }


def _languages(town: TownFile) -> tuple[compiled.Language, ...]:
    return tuple(
        compiled.Language(each.id, each.skill, each.locale, each.voice, each.name)
        for each in town.languages
    )


def dialling_of(shape: DiallingShape) -> compiled.Dialling:
    """Return where the engine may ring."""
    return compiled.Dialling(
        allowed=tuple(shape.allowed),
        refused=tuple(shape.refused),
        per_number_day_max=shape.calls_per_number_and_day,
        per_day_max=shape.calls_per_day,
        caller_number=shape.caller_number,
    )


def _capacity(id_: str, shape: CapacityShape) -> compiled.Capacity:
    units = {tempo: int(getattr(shape, tempo.value)) for tempo in Tempo}
    return compiled.Capacity(
        id=id_,
        units={tempo: units[tempo] for tempo in Tempo if units[tempo]},
        exclusive=frozenset(shape.exclusive),
        blocked_by={tempo: frozenset(others) for tempo, others in shape.blocked_by.items()},
    )


def _agent(id_: str, shape: AgentShape, declared: dict[str, AttributeShape]) -> compiled.AgentRule:
    return compiled.AgentRule(
        AgentId(id_),
        shape.name,
        dict(shape.skills),
        shape.capacity,
        shape.leg or "",
        shape.team,
        typed(shape.attributes, declared, shape.team),
    )


def _fallbacks(shape: FallbackFile, document: Document) -> dict[str, compiled.Fallback]:
    return {
        id_: compiled.Fallback(
            id_,
            tuple(
                _rule(rule, place(document, "chains", id_, index))
                for index, rule in enumerate(rules)
            ),
        )
        for id_, rules in shape.chains.items()
    }


def _rule(shape: RuleShape, where: compiled.Place) -> compiled.FallbackRule:
    named = {action: getattr(shape, action) for action in ACTIONS}
    queue = named[shape.action] if shape.action in QUEUE_ACTIONS else ""
    return compiled.FallbackRule(
        id=shape.rule,
        when_subject=frozenset(shape.when.subject),
        when_channel=frozenset(shape.when.channel),
        when_condition=frozenset(shape.when.condition),
        when_hours=shape.when.hours,
        action=shape.action,
        text=shape.say,
        queue=QueueId(queue) if queue not in ("", OWN) else None,
        targets=tuple(shape.transfer or shape.page),
        chain=shape.chain,
        urgent=shape.urgent,
        place=where,
        every=shape.every if shape.page else 0,
        accept=shape.accept,
        rounds=shape.rounds,
        hung_up=shape.outlives,
        choose_time=shape.choose_time,
    )


def _contacts(shape: FallbackFile) -> dict[str, compiled.OutsideContact]:
    return {
        id_: compiled.OutsideContact(
            id_,
            each.name,
            each.number or "",
            each.ring_timeout_s * SECOND,
            each.email or "",
            each.interprets,
        )
        for id_, each in shape.contacts.items()
    }


def _on_call(shape: FallbackFile, time_zone: str) -> dict[str, OnCallList]:
    return {
        id_: OnCallList(
            id_,
            time_zone,
            tuple(
                OnCallShift(shift.first.isoformat(), shift.last.isoformat(), tuple(shift.contacts))
                for shift in each.shifts
            ),
            tuple(each.otherwise),
        )
        for id_, each in shape.on_call.items()
    }


def _front_message(shape: FrontMessageShape, time_zone: str) -> compiled.FrontMessage:
    return compiled.FrontMessage(
        shape.id,
        shape.text,
        instant_of(shape.first, time_zone),
        instant_of(shape.until, time_zone),
        frozenset(shape.numbers),
    )


def instant_of(local: datetime, time_zone: str) -> int:
    """Return the instant of a local time; of a time that occurs twice, the first."""
    moment = local.replace(tzinfo=ZoneInfo(time_zone)).astimezone(UTC)
    return int(moment.timestamp()) * SECOND


def _form(id_: str, shape: FormShape, town: TownFile, document: Document) -> compiled.FormRule:
    return compiled.FormRule(
        id=id_,
        title=shape.title,
        intro=shape.intro,
        queue=QueueId(shape.queue),
        subject=shape.subject,
        subject_field=shape.subject_field,
        head_start=shape.head_start_s * SECOND,
        requires=shape.requires,
        fields=tuple(_field(name, each, town) for name, each in shape.fields.items()),
        thanks=shape.thanks,
        per_hour_max=shape.per_hour_max,
        size_max=shape.size_max_kb * 1000,
        place=place(document, "forms", id_),
    )


def _field(id_: str, shape: FieldShape, town: TownFile) -> Field:
    choices = shape.choices or {
        subject: town.subjects[subject] for subject in shape.choices_from_subjects
    }
    return Field(
        id=id_,
        kind=shape.kind,
        label=shape.label,
        help=shape.help,
        required=shape.required,
        length_max=shape.length_max,
        choices=choices,
        identity=shape.identity,
    )


def _offers(shape: OffersShape) -> compiled.OfferRule:
    spans = shape.pass_over_s
    return compiled.OfferRule(
        pass_over={
            OfferEnding.DECLINED.value: spans.declined * SECOND,
            OfferEnding.MISSED.value: spans.missed * SECOND,
            OfferEnding.SKIPPED.value: spans.skipped * SECOND,
            Unreached.BUSY.value: spans.busy * SECOND,
            Unreached.UNREACHABLE.value: spans.unreachable * SECOND,
        },
        missed_max=shape.missed_in_a_row,
        lease=shape.lease_s * SECOND,
    )


def _retention(shape: KeepingShape) -> compiled.Retention:
    return compiled.Retention(
        closed_in_core=shape.ended_items_h * HOUR,
        dedupe_text=shape.repeated_texts_h * HOUR,
        redial=shape.redial_min * MINUTE,
        words={str(kind): span for kind, span in shape.words.items()},
    )
