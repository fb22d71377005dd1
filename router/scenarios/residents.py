"""What residents do in a scenario: ring, press keys, leave messages, write by mail, form and chat.

Mails are written as bytes and read by the mail channel itself, forms are checked by the forms'
own rules: what a scenario shows is what a resident would meet.
"""

from __future__ import annotations

from datetime import datetime
from email.message import EmailMessage
from typing import Final

from channels.mail.arriving import arrival_of
from channels.mail.intake import Envelope
from channels.mail.message import Kind
from channels.mail.reading import read as read_mail
from channels.mail.rules import first_met
from channels.webform.codec import SOON, submission, time_field
from channels.webform.codec import read as read_form
from router.core import commands as c
from router.core import commands_text as t
from router.core.consults import asked
from router.core.flows.script import Ask, Dial, Record
from router.core.lone_joining import is_walked
from router.core.model import IN_LINE, SECOND, ItemId, LegResult, LegState, Span
from router.policy.models_scenarios import (
    SILENCE,
    CallShape,
    FilledFormShape,
    SaidChatShape,
    WrittenMailShape,
)
from router.scenarios.stage import CannotAct, Stage, item_id

CROWD_EVERY: Final[Span] = SECOND // 100  # who is in a crowd rings so long after the other
SECRET = b"scenario"  # of address keys: they leave no scenario


def call(stage: Stage, name: str, shape: CallShape) -> None:
    """Ring the town and press keys, after everybody else who does."""
    for number in range(shape.crowd):
        other = {"crowd": 0, "caller": f"{shape.caller}-{number}"}
        call(stage, f"{name}_{number}", shape.model_copy(update=other))
        stage.pass_until(stage.now + CROWD_EVERY)
    item = item_id(name)
    named = next((each for each in stage.policy.numbers if each != "*"), "")
    stage.do(
        c.StartCall(
            item_id=item,
            key=f"call:{item}",
            call_id=f"call-{item}",
            called=shape.to or named,
            address_key="" if shape.withheld else shape.caller,
            contact_ref="" if shape.withheld else f"contact-{item}",
        )
    )
    stage.listen(item)
    keys(stage, name, shape.keys)


def keys(stage: Stage, name: str, pressed: list[str]) -> None:
    """Press keys one after the other. Raises CannotAct: nothing is asked of the caller."""
    for each in pressed:
        _press(stage, stage.item(name).id, "" if each == SILENCE else each)


def _press(stage: Stage, item: ItemId, digits: str) -> None:
    then = stage.then(item)
    if isinstance(then, Ask):
        number = digits.rstrip("#") if not then.digits_max and len(digits) > 1 else ""
        stage.do(
            c.AdvanceFlow(
                item_id=item,
                step=then.step,
                digits="" if number else digits,
                number_ref=f"number-{item}" if number else "",
                address_key=number,
            )
        )
    elif isinstance(then, Record) and not digits:  # silence after the tone
        stage.do(c.AdvanceFlow(item_id=item, step=then.step))
    elif stage.state.items[item].state in IN_LINE:
        stage.do(c.ChooseWhileWaiting(item_id=item, digits=digits))
    else:
        raise CannotAct(f"key {digits!r} means nothing: the caller is not asked anything")
    stage.listen(item)


def outcome(stage: Stage, name: str, result: LegResult) -> None:
    """Say what becomes of the telephone that rings: an outside contact's, or the resident's."""
    row = stage.item(name)
    then = stage.then(row.id)
    if isinstance(then, Dial):
        if result is LegResult.ANSWERED:
            stage.do(_leg(row.id, "outside", result, key=str(then.step)))
        else:
            stage.do(c.AdvanceFlow(item_id=row.id, step=then.step, result=result))
            stage.listen(row.id)
    elif is_walked(stage.state.walks.get(row.id)):
        stage.do(_leg(row.id, "on_call", result, key=stage.state.walks[row.id].key))
    elif asked(stage.state, row) is not None:
        stage.do(_leg(row.id, "third", result, key=stage.state.consults[row.id].key))
    elif row.resident_dial and row.call_state is not LegState.CONNECTED:
        stage.do(_leg(row.id, "resident", result, key=row.resident_dial))
    else:
        raise CannotAct("no telephone rings for this item")


def _leg(item: ItemId, leg: str, result: LegResult, *, key: str) -> c.ReportLeg:
    return c.ReportLeg(item_id=item, leg=leg, call_id=f"{leg}-{item}", result=result, key=key)


def record(stage: Stage, name: str, _: bool) -> None:
    """Leave a message after the tone. Raises CannotAct: nothing is recorded."""
    item = stage.item(name).id
    then = stage.then(item)
    if not isinstance(then, Record):
        raise CannotAct("the caller is not asked for a message")
    stage.do(c.AdvanceFlow(item_id=item, step=then.step, recording_ref=f"recording-{item}"))
    stage.listen(item)


def hang_up(stage: Stage, name: str, _: bool) -> None:
    """The caller hangs up."""
    row = stage.item(name)
    stage.do(c.EndCall(item_id=row.id, call_id=row.call_id, reason="completed"))


# --- what is written -----------------------------------------------------------------------------


def mail(stage: Stage, name: str, shape: WrittenMailShape) -> None:
    """Write to the town. Raises CannotAct: no mail is taken, or the mail looks like a machine's."""
    rules, item = stage.policy.mail, item_id(name)
    if rules is None:
        raise CannotAct("the town takes no mail")
    to = shape.to or rules.first.address
    raw = _mail_bytes(shape, to, rules.authserv_ids, f"<{item}.{stage.now}@example.org>")
    envelope = Envelope(mail_from=shape.sender, rcpt_to=(to,), mailbox="smtp", peer="127.0.0.1")
    arrival = arrival_of(read_mail(raw), raw, envelope, stage.policy, rules, SECRET)
    if arrival.verdict.kind is not Kind.PERSON:
        raise CannotAct(f"nobody would see this mail: {arrival.verdict.why}")
    rule = first_met(rules, arrival.facts)
    if rule is None or rule.acknowledge:
        stage.show_announced(item, arrival.language)
    begun = stage.state.items.get(item)
    conversation = begun.text.conversation if begun is not None and begun.text is not None else ""
    stage.do(
        t.ReceiveMail(
            item_id=item if not conversation else ItemId(f"{item}-AGAIN-{stage.now}"),
            conversation=f"talk-{item}",
            key=arrival.key,
            mailbox=arrival.mailbox.id,
            address_key=arrival.address_key,
            contact_ref=f"contact-{item}",
            words_ref=f"words-{item}",
            language=arrival.language,
            rule=rule.id if rule is not None else "",
            threads=(conversation,) if conversation else (),
            message_key=arrival.message_key,
            contact=arrival.contact,
        )
    )


def _mail_bytes(
    shape: WrittenMailShape, to: str, servers: tuple[str, ...], message_id: str
) -> bytes:
    letter = EmailMessage()
    if shape.authentication and servers:
        letter["Authentication-Results"] = f"{servers[0]}; dmarc={shape.authentication}"
    letter["From"], letter["To"], letter["Subject"] = shape.sender, to, shape.subject
    letter["Message-ID"] = message_id
    letter.set_content(shape.text)
    for number, kind in enumerate(shape.attachments):
        main, _, sub = kind.partition("/")
        letter.add_attachment(b"file", maintype=main, subtype=sub, filename=f"file{number}.{sub}")
    return letter.as_bytes()


def form(stage: Stage, name: str, shape: FilledFormShape) -> None:
    """Send a web form. Raises CannotAct: the form would be refused."""
    language = shape.language or stage.policy.languages[0].id
    item, rule = item_id(name), stage.policy.forms[shape.form]
    wish = time_field(rule)
    fields = dict(shape.fields)
    if wish is not None and fields.get(wish.id, SOON) != SOON:
        chosen = datetime.fromisoformat(fields[wish.id]).replace(tzinfo=stage.zone)
        fields[wish.id] = chosen.isoformat(timespec="minutes")
    stage.show_announced(item, language)
    filled = read_form(rule, fields.items())
    if filled.complaints:
        wrong = ", ".join(f"{field}: {why}" for field, why in filled.complaints.items())
        raise CannotAct(f"the form is refused: {wrong}")
    command, _ = submission(
        rule,
        filled,
        secret=SECRET,
        item_id=item,
        words_name=item,
        language=language,
        sender=item,
    )
    stage.do(command)


def chat(stage: Stage, name: str, shape: SaidChatShape) -> None:
    """Say something in the chat, after everybody else who does.

    Raises:
        CannotAct: the town offers no chat.
    """
    item = item_id(name)
    if stage.policy.chat is None:
        raise CannotAct("the town offers no chat")
    for number in range(shape.crowd):
        chat(stage, f"{name}_{number}", shape.model_copy(update={"crowd": 0}))
        stage.pass_until(stage.now + CROWD_EVERY)
    language = shape.language or stage.policy.languages[0].id
    stage.show_announced(item, language)
    if shape.call_me is not None:
        stage.do(
            t.AskCallback(
                conversation=f"talk-{item}",
                item_id=item,
                contact_ref=f"contact-{item}",
                address_key=shape.call_me,
                door=shape.door or stage.policy.chat.first.id,
                language=language,
                starts=None if shape.call_at is None else stage.instant(shape.call_at),
            )
        )
        return
    stage.do(
        t.ReceiveChat(
            item_id=item,
            conversation=f"talk-{item}",
            key=f"chat:{item}:{stage.now}",
            door=shape.door or stage.policy.chat.first.id,
            address_key="",
            contact_ref=f"contact-{item}",
            words_ref=f"words-{item}-{stage.now}",
            language=language,
        )
    )
