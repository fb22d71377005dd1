"""`decide`, `apply`, `next_wakeup`: the only way in which routing state comes about.

`decide` yields facts one by one and touches nothing; whoever drives it applies each fact before
asking for the next, so a decision always sees what it has already decided. `Engine.run` is that
driver. A refusal leaves the state exactly as it was (ADR 0002).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final, cast

from router.core import (
    arrivals,
    chat_in,
    consults,
    correspondence,
    handing_over,
    handling,
    leading,
    listening,
    machine,
    mail_in,
    mail_rules,
    merging,
    offers,
    parting,
    shift,
    skills_today,
    surge,
    transfers,
    waiting,
)
from router.core import (
    commands as c,
)
from router.core import commands_calls as k
from router.core import commands_hours as h
from router.core import (
    commands_lead as lead,
)
from router.core import (
    commands_listening as listen,
)
from router.core import (
    commands_text as t,
)
from router.core import (
    events as e,
)
from router.core.apply import apply
from router.core.flows import advance
from router.core.matching import settle
from router.core.model import Instant
from router.core.overflow import follow_staff
from router.core.service_level import with_endings
from router.core.staffing import update_staffing
from router.core.state import State
from router.core.strain import update_strain
from router.core.touched import Touched
from router.errors import InvariantBroken

Handler = Callable[[State, Instant, Any], Iterator[e.Event]]

HANDLERS: Final[dict[type[c.Command], Handler]] = {
    c.StartCall: arrivals.start_call,
    c.AdvanceFlow: advance.advance,
    c.AskWait: waiting.ask_wait,
    c.ChooseWhileWaiting: waiting.choose,
    c.LeaveWaiting: waiting.leave_waiting,
    c.EndCall: handling.end_call,
    c.SubmitForm: arrivals.submit_form,
    c.ReportLeg: handing_over.report_leg,
    c.NoteRoom: handing_over.note_room,
    c.ReportEffect: machine.report_effect,
    c.SignIn: shift.sign_in,
    c.SignOut: shift.sign_out,
    c.SetStatus: shift.set_status,
    c.RenewLeases: shift.renew_leases,
    c.SeeOffer: offers.see,
    c.AcceptOffer: offers.accept,
    c.DeclineOffer: offers.decline,
    c.TakeBackDecline: offers.take_back,
    c.HoldItem: handling.hold,
    c.ResumeItem: handling.resume,
    c.TransferItem: handling.transfer,
    c.ReturnItem: handling.return_item,
    c.FinishHandling: handling.finish,
    c.CloseItem: handling.close,
    c.ReopenItem: arrivals.reopen,
    c.ReleaseShunted: arrivals.release_shunted,
    c.PassTime: machine.pass_time,
    c.AdoptPolicy: machine.adopt_policy,
    c.SetEmergency: machine.set_emergency,
    c.ClearEmergency: machine.clear_emergency,
    c.ResumeService: machine.resume_service,
    c.ShuntArrival: arrivals.shunt_arrival,
    h.AnnounceMessage: surge.announce,
    h.WithdrawMessage: surge.withdraw,
    h.BeginSurge: surge.begin,
    h.EndSurge: surge.end,
    k.ConsultItem: transfers.consult,
    k.CompleteTransfer: transfers.complete,
    k.CancelConsult: transfers.cancel,
    k.PromiseCallback: transfers.promise,
    lead.PrioritiseItem: leading.prioritise,
    lead.AssignItem: leading.assign,
    lead.MoveItem: leading.move,
    lead.PullBackItem: leading.pull_back,
    lead.SetSkills: skills_today.set_skills,
    lead.RestoreSkills: skills_today.restore,
    listen.ListenTo: listening.listen,
    listen.StopListening: listening.stop,
    t.ReceiveMail: mail_in.receive_mail,
    t.KeepMail: mail_in.keep_mail,
    t.SetMailAside: mail_in.set_aside,
    t.UndoRule: mail_rules.undo_rule,
    t.ReceiveChat: chat_in.receive_chat,
    t.GiveContact: chat_in.give_contact,
    t.AskCallback: chat_in.ask_callback,
    t.LeaveChat: chat_in.leave_chat,
    t.RateChat: chat_in.rate_chat,
    t.AskTranscript: chat_in.ask_transcript,
    t.MailUnread: chat_in.mail_unread,
    t.TakeItem: correspondence.take_item,
    t.SendReply: correspondence.send_reply,
    t.AddNote: correspondence.add_note,
    t.WaitForResident: correspondence.wait,
    t.SnoozeItem: correspondence.snooze,
    t.ForwardItem: correspondence.forward,
    t.MergeItems: merging.merge,
    t.UnmergeItem: parting.unmerge,
    t.SplitItem: parting.split,
}


def decide(state: State, command: c.Command, now: Instant) -> Iterator[e.Event]:
    """Yield what becomes true; each event must be applied before the next is asked for.

    Args:
        state: stands still but for the events applied by the driver.
        command: what somebody asks for.
        now: sequencer time, never before `state.now`.

    Raises:
        CommandRefused: the caller can be told why.
    """
    touched = Touched()
    yield from _noted(state, touched, HANDLERS[type(command)](state, now, command))
    if touched.talks:
        yield from _noted(state, touched, consults.left_over(state, now, touched))
    if touched.heard:
        yield from _noted(state, touched, listening.left_over(state, now, touched))
    if touched.items:
        yield from _noted(state, touched, surge.begin_by_itself(state, now))
    if touched.staffing:
        yield from _noted(state, touched, _follow_staff(state, now))
    while touched.items or touched.agents or touched.queues:
        for event in settle(state, now, touched):
            touched.note(state, event)
            yield event
        if touched.staffing:
            touched.staffing = False
            yield from _noted(state, touched, _follow_staff(state, now))
        queues = list(touched.queues)
        touched.queues.clear()
        for queue, tempo in queues:
            yield from _noted(state, touched, update_strain(state, now, queue, tempo))
        touched.note_helpers(state)


def _noted(state: State, touched: Touched, events: Iterator[e.Event]) -> Iterator[e.Event]:
    """Yield the events and count the entries that they end; remember whom they touch."""
    for event in with_endings(state, events):
        touched.note(state, event)
        yield event


def _follow_staff(state: State, now: Instant) -> Iterator[e.Event]:
    yield from update_staffing(state, now)
    yield from follow_staff(state, now)


class Engine:
    """The state and its driver."""

    def __init__(self, state: State | None = None) -> None:
        self.state = state if state is not None else State()

    def run(self, command: c.Command, now: Instant) -> list[e.AnyEvent]:
        """Decide the command, applying as it goes; return the events in order.

        Raises:
            CommandRefused: the state is exactly as before.
            InvariantBroken: `now` lies before the last event, or our own decision is illegal; the
                state is as before.
        """
        state = self.state
        if now < state.now:
            raise InvariantBroken(f"time {now} lies before the last event at {state.now}")
        passing = not state.keeps_undo
        if passing:
            state.keep_undo()
        mark = state.mark()
        events: list[e.Event] = []
        try:
            for event in decide(state, command, now):
                apply(state, event)
                events.append(event)
        except BaseException:
            state.back_to(mark)
            raise
        finally:
            if passing:
                state.drop_undo()
        return cast("list[e.AnyEvent]", events)

    def next_wakeup(self) -> Instant | None:
        """Return the earliest instant at which `PassTime` would decide something."""
        return self.state.next_wakeup()
