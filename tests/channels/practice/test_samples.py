"""Every document of the carrier's own documentation is played to the end, or refused aloud."""

from __future__ import annotations

import pytest
from starlette.responses import Response

from channels.voice.practice.document import UNPLAYABLE
from channels.voice.practice.handset import Handset, hangs_up_after
from channels.voice.practice.player import APOLOGY
from tests.channels.practice.town import CALLER, HALL, Town, line_to, shared

SAMPLES = sorted(shared("twiml-samples").glob("*.twiml"))


@pytest.mark.skipif(not SAMPLES, reason="the carrier's sample documents are not here")
async def test_every_sample_document_plays_or_is_refused_aloud() -> None:
    outcome = {"played": 0, "refused": 0}
    for path in SAMPLES:
        body = path.read_text()
        town = Town(voice=Response(body, media_type="text/xml"))
        town.public = None  # the documents name other hosts, all of them this town
        async with line_to(town) as line:
            line.carrier.answer_everything(Handset(script=hangs_up_after(20)))
            call = line.carrier.call_in(CALLER, HALL)
            await line.clock.advance(120)
            troubles = line.carrier.ledger.troubles(call.sid)
            if any(f"<{verb}" in body for verb in (*UNPLAYABLE, "Leave")):
                outcome["refused"] += 1
                assert troubles, path.name
                assert APOLOGY in line.carrier.ledger.heard(call.sid), path.name
            else:
                outcome["played"] += 1
                asked_elsewhere = [t for t in troubles if t.code != 12100]
                assert asked_elsewhere == [], (path.name, troubles)
    assert outcome["played"] >= 30
    assert sum(outcome.values()) == len(SAMPLES)
