"""The spoken texts every town has, by key; `townline check` demands each in every language."""

from __future__ import annotations

from typing import Final

REQUIRED_TEXTS: Final[dict[str, str]] = {
    "apology": "something of ours failed; the caller is asked to hold on",
    "not_understood": "the key pressed means nothing here; the menu follows again",
    "nothing_heard": "no key was pressed, perhaps the caller has spoken; the menu follows again",
    "goodbye": "said before hanging up when nothing else was said",
    "message_taken": "the recorded message is kept and will be answered",
    "callback_offer": "while waiting: press 1 to be called back and keep the place",
    "callback_ask": "press 1 for this number, or type another and #; * for no callback",
    "callback_ask_withheld": "the same to who withholds their number: type one and #; * for none",
    "callback_taken": "the last place of the chosen time was just taken; those left follow",
    "callback_booked": "the callback is booked, the place is kept",
    "callback_booked_at": "the callback is booked for {day} between {from} and {until}",
    "callback_refused": "the number cannot be called back; another one is asked for",
    "callback_greeting": "said to the resident who picks up: {town} is calling back",
    "callback_confirm": "after that, where residents are rung first: press 1 to be connected",
    "callback_message": "said to an answering machine: {town} has called back",
    "callback_when": "press 1 to be called back as soon as possible",
    "callback_today": "press {key} to be called back today between {from} and {until}",
    "callback_tomorrow": "press {key} to be called back tomorrow between {from} and {until}",
    "callback_day": "press {key} to be called back on {day} between {from} and {until}",
    "weekdays": "the names of days: seven, Monday first, with commas between them",
    "connecting": "an agent has been found",
    "hold": "said at the start of hold music",
    "on_call_hung_up": "said to somebody on call whose caller has hung up: {number}, {reference}",
    "on_call_withheld": "the same where nobody knows the caller's number: {reference}",
    "on_call_taken_on": "said to somebody on call who has pressed 1 for it; the above follows",
    "agent_whisper": "said to the agent who picks up: {queue}; press 1 to accept",
    "agent_already_taken": "said to an agent's leg that comes too late",
    "place": "you are number {place} in line",
    "wait_range": "the wait is between {low} and {high} minutes",
    "wait_short": "the wait is less than {high} minutes",
    "wait_unknown": "the wait cannot be told at the moment",
    "wait_risen": "said before a wait that is longer than what was told before",
    "transferring": "said before somebody outside is rung",
}
