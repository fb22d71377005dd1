"""Which verb is played by whom. Data."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from channels.voice.practice.dialing import dial
from channels.voice.practice.player import PlayVerb
from channels.voice.practice.prompts import gather, hang_up, leave, play_prompt, redirect, reject
from channels.voice.practice.recording import record
from channels.voice.practice.verbs import (
    Dial,
    Enqueue,
    Gather,
    Hangup,
    Leave,
    Pause,
    Play,
    Record,
    Redirect,
    Reject,
    Say,
)
from channels.voice.practice.waiting import enqueue

REPERTOIRE: Final[Mapping[type, PlayVerb]] = MappingProxyType(
    {
        Say: play_prompt,
        Play: play_prompt,
        Pause: play_prompt,
        Gather: gather,
        Record: record,
        Dial: dial,
        Enqueue: enqueue,
        Leave: leave,
        Redirect: redirect,
        Reject: reject,
        Hangup: hang_up,
    }
)
