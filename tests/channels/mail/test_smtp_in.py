"""A mail is confirmed once it is stored, ends at CRLF.CRLF, and is for our own addresses."""

from __future__ import annotations

import asyncio
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.mail.intake import Answer, Envelope
from channels.mail.smtp_in import SmtpDoor, SmtpDoorSettings
from router.errors import SettingsError, StorageUnavailable
from tests.channels.mail.smtp_client import greeted, talking
from tests.channels.mail.smtp_rig import MAIL, door, is_ours
from tests.fakes.intake import Ledger


async def test_a_mail_is_handed_over_as_it_came() -> None:
    ledger = Ledger()
    async with door(ledger, mailbox="info") as opened, greeted(opened.port) as talk:
        await talk.begin()
        assert await talk.deliver(MAIL) == "250 2.0.0 stored"
        assert await talk.say("QUIT") == "221 Bye"
    assert list(ledger.taken.values()) == [MAIL]
    assert ledger.envelopes == [
        Envelope("ann@home.example", ("info@town.example",), "info", "127.0.0.1")
    ]


async def test_250_is_said_only_once_it_is_stored() -> None:
    ledger = Ledger()
    ledger.gate = asyncio.Event()
    async with door(ledger) as opened, greeted(opened.port) as talk:
        await talk.begin()
        talk.write(MAIL + b".\r\n")
        answer = asyncio.ensure_future(talk.hear())
        await asyncio.sleep(0.05)
        assert not answer.done()
        ledger.gate.set()
        assert (await answer)[0][:3] == "250"


@pytest.mark.parametrize(
    ("answer", "reply"),
    [
        (Answer.LATER, "451 4.3.0"),
        (Answer.REFUSED, "554 5.7.1"),
        (StorageUnavailable("disk full"), "451 4.3.0"),
        (RuntimeError("a mistake of ours"), "451 4.3.0"),
    ],
)
async def test_what_is_not_stored_is_not_confirmed(answer: Answer | Exception, reply: str) -> None:
    ledger = Ledger()
    ledger.answers = [answer]
    async with door(ledger) as opened, greeted(opened.port) as talk:
        await talk.begin()
        said = await talk.deliver(MAIL)
        assert said.startswith(reply)
        assert "mistake" not in said
        await talk.envelope()  # the same connection goes on
        assert (await talk.deliver(MAIL))[:3] == "250"


async def test_who_stores_too_slowly_is_not_waited_for() -> None:
    ledger = Ledger()
    ledger.gate = asyncio.Event()
    async with door(ledger, store_s=0.05) as opened, greeted(opened.port) as talk:
        await talk.begin()
        assert (await talk.deliver(MAIL)).startswith("451 4.3.0")


# --- for whom, from whom -------------------------------------------------------------------------


async def test_it_is_no_relay_and_tells_nobody_who_has_an_address() -> None:
    async with door(Ledger()) as opened, greeted(opened.port) as talk:
        await talk.say("EHLO client.example")
        await talk.say("MAIL FROM:<ann@home.example>")
        assert (await talk.say("RCPT TO:<bob@elsewhere.example>")).startswith("550 5.1.1")
        assert (await talk.say("DATA"))[:3] == "503"
        assert (await talk.say("RCPT TO:<info@town.example>"))[:3] == "250"
        assert (await talk.say("VRFY info@town.example"))[:3] == "252"
        assert (await talk.say("VRFY nobody@town.example"))[:3] == "252"
        assert (await talk.say("EXPN staff"))[:3] == "502"
        assert (await talk.say("AUTH PLAIN AGEAYg=="))[:3] == "502"


async def test_the_null_sender_is_empty() -> None:
    ledger = Ledger()
    async with door(ledger) as opened, greeted(opened.port) as talk:
        await talk.begin(sender="")
        await talk.deliver(MAIL)
    assert ledger.envelopes[0].mail_from == ""


async def test_addresses_may_be_utf8_but_not_mere_octets() -> None:
    ledger = Ledger()
    async with door(ledger) as opened, greeted(opened.port) as talk:
        await talk.say("EHLO client.example")
        assert (await talk.say(b"MAIL FROM:<\xe9\xff@home.example>"))[:3] == "553"
        assert (await talk.say("MAIL FROM:<zoé@home.example> SMTPUTF8 BODY=8BITMIME"))[:3] == "250"
        assert (await talk.say(b"RCPT TO:<\xe9\xff@town.example>"))[:3] == "550"
        assert (await talk.say("RCPT TO:<привет@town.example>"))[:3] == "250"
        assert (await talk.say("DATA"))[:3] == "354"
        assert (await talk.deliver(MAIL))[:3] == "250"
    assert ledger.envelopes[0].mail_from == "zoé@home.example"
    assert ledger.envelopes[0].rcpt_to == ("привет@town.example",)


async def test_beyond_a_hundred_recipients_it_says_come_again() -> None:
    async with door(Ledger()) as opened, greeted(opened.port) as talk:
        await talk.say("EHLO client.example")
        await talk.say("MAIL FROM:<ann@home.example>")
        said = [(await talk.say(f"RCPT TO:<a{n}@town.example>"))[:3] for n in range(101)]
        assert said == ["250"] * 100 + ["452"]


async def test_what_is_announced() -> None:
    async with door(Ledger(), size_bytes_max=5000, hostname="mail.town.example") as opened:
        async with talking(opened.port) as talk:
            assert await talk.hear() == ["220 mail.town.example ESMTP"]
            talk.write(b"EHLO client.example\r\n")
            assert await talk.hear() == [
                "250-mail.town.example", "250-SIZE 5000", "250-8BITMIME", "250-SMTPUTF8",
                "250 HELP",
            ]  # fmt: skip


# --- how large -----------------------------------------------------------------------------------


async def test_a_declared_size_beyond_the_limit_is_refused_before_the_mail() -> None:
    async with door(Ledger(), size_bytes_max=5000) as opened, greeted(opened.port) as talk:
        await talk.say("EHLO client.example")
        assert (await talk.say("MAIL FROM:<ann@home.example> SIZE=5001"))[:3] == "552"
        assert (await talk.say("MAIL FROM:<ann@home.example> SIZE=5000"))[:3] == "250"


async def test_a_mail_of_exactly_the_limit_is_taken_and_one_octet_more_is_not() -> None:
    ledger = Ledger()
    async with door(ledger, size_bytes_max=5000) as opened, greeted(opened.port) as talk:
        await talk.begin()
        assert (await talk.deliver(b"\r\n" * 2500))[:3] == "250"
        await talk.envelope()
        assert (await talk.deliver(b"\r\n" * 2499 + b"abc\r\n")).startswith("552 5.3.4")
        await talk.envelope()  # and the conversation is still in step
        assert (await talk.deliver(MAIL))[:3] == "250"
    assert list(ledger.taken.values()) == [b"\r\n" * 2500, MAIL]


async def test_nobody_may_go_on_and_on() -> None:
    async with door(Ledger(), size_bytes_max=5000) as opened, greeted(opened.port) as talk:
        await talk.begin()
        talk.write(b"x" * 9000 + b"\r\n" + b"y" * 9000 + b"\r\n")
        assert (await talk.hear())[0].startswith("552")
        assert await talk.hear() == []


async def test_a_line_may_be_of_any_length() -> None:
    ledger = Ledger()
    mail = b"Subject: long\r\n\r\n" + b"x" + b"." * 300_000 + b"\r\n.." + b"y" * 70_000 + b"\r\n"
    async with door(ledger) as opened, greeted(opened.port) as talk:
        await talk.begin()
        assert (await talk.deliver(mail))[:3] == "250"
    assert list(ledger.taken.values()) == [mail.replace(b"\r\n..", b"\r\n.")]


async def test_a_large_mail_costs_its_size_twice_at_most() -> None:
    size = 25_000_000

    class Weigher(Ledger):
        async def __call__(self, raw: bytes, envelope: Envelope) -> Answer:
            self.size = len(raw)
            return Answer.TAKEN

    ledger = Weigher()
    line = b"x" * 76 + b"\r\n"
    async with door(ledger) as opened, greeted(opened.port) as talk:
        await talk.begin()
        tracemalloc.start()
        for _ in range(size // len(line) // 1000):
            talk.write(line * 1000)
            await talk.writer.drain()
        assert (await talk.deliver(b""))[:3] == "250"
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert ledger.size > 24_900_000
    assert peak < 2.3 * size


# --- where a mail ends ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "end",
    [
        b"\n.\n",
        b"\n.\r\n",
        b"\r\n.\n",
        b"\r.\r",
        b"\r\n.\r",
        b"\n.\r",
        b"\r.\r\n",
        b"\r\n\x00.\r\n",
    ],
)
async def test_no_other_end_of_mail_is_believed(end: bytes) -> None:
    """What follows a false end is text of the same mail, never a second mail (smuggling)."""
    ledger = Ledger()
    smuggled = b"MAIL FROM:<boss@town.example>\r\nRCPT TO:<info@town.example>\r\nDATA\r\nSubject: x"
    async with door(ledger) as opened, greeted(opened.port) as talk:
        await talk.begin()
        assert (await talk.deliver(MAIL + b"text" + end + smuggled + b"\r\n"))[:3] == "250"
        assert (await talk.say("NOOP"))[:3] == "250"
    assert len(ledger.envelopes) == 1
    assert smuggled in next(iter(ledger.taken.values()))


@pytest.mark.parametrize("bare", [b"\n", b"\r"])
async def test_no_header_hides_behind_a_bare_line_end(bare: bytes) -> None:
    mail = b"Subject: a" + bare + b"Authentication-Results: town.example; spf=pass\r\n\r\ntext\r\n"
    async with door(Ledger()) as opened, greeted(opened.port) as talk:
        await talk.begin()
        assert (await talk.deliver(mail)).startswith("550 5.6.0")


LINES = st.lists(st.sampled_from([b"", b".", b"..", b".\n", b"a", b"\r", b".a.", b"x" * 66_000]))


@given(lines=LINES, cuts=st.lists(st.integers(0, 200)))
def test_any_mail_however_cut_into_packets_arrives_as_it_was(
    lines: list[bytes], cuts: list[int]
) -> None:
    mail = b"Subject: x\r\n\r\n" + b"".join(line + b"\r\n" for line in lines)

    async def deliver() -> None:
        ledger = Ledger()
        async with door(ledger) as opened, greeted(opened.port) as talk:
            await talk.begin()
            rest = _stuffed(mail)
            for cut in cuts:
                talk.write(rest[:cut])
                await talk.writer.drain()
                await asyncio.sleep(0)
                rest = rest[cut:]
            assert (await talk.deliver(rest))[:3] == "250"
        assert list(ledger.taken.values()) == [mail]

    asyncio.run(deliver())


def _stuffed(mail: bytes) -> bytes:
    lines = mail.split(b"\r\n")[:-1]
    return b"".join((b"." if line[:1] == b"." else b"") + line + b"\r\n" for line in lines)


# --- patience ------------------------------------------------------------------------------------


async def test_silence_ends_the_conversation() -> None:
    async with door(Ledger(), command_s=0.1) as opened, greeted(opened.port) as talk:
        assert (await talk.hear())[0].startswith("421 4.4.2")
        assert await talk.hear() == []


async def test_a_mail_that_only_drips_is_cut_off() -> None:
    ledger = Ledger()
    async with door(ledger, command_s=0.08) as opened, greeted(opened.port) as talk:
        await talk.begin()
        heard = asyncio.ensure_future(talk.hear())
        for _ in range(100):
            if not heard.done():
                talk.write(b"drip\r\n")
                await asyncio.sleep(0.01)
        assert heard.result()[0].startswith("421 4.4.2")
    assert not ledger.taken


async def test_a_large_mail_may_take_longer_than_a_silence() -> None:
    ledger = Ledger()
    async with door(ledger, command_s=0.2) as opened, greeted(opened.port) as talk:
        await talk.begin()
        for _ in range(12):
            talk.write(b"x" * 70_000 + b"\r\n")
            await asyncio.sleep(0.03)
        assert (await talk.deliver(b""))[:3] == "250"


async def test_too_many_errors_end_the_conversation() -> None:
    async with door(Ledger(), errors_max=3) as opened, greeted(opened.port) as talk:
        for _ in range(3):
            assert (await talk.say("NONSENSE"))[:3] == "500"
        assert (await talk.hear())[0].startswith("421 4.7.0")
        assert await talk.hear() == []


async def test_one_connection_too_many_is_told_to_come_back() -> None:
    async with door(Ledger(), connections_max=1) as opened, greeted(opened.port):
        async with talking(opened.port) as second:
            assert (await second.hear())[0].startswith("421 4.3.2")
            assert await second.hear() == []


async def test_a_client_that_goes_in_the_middle_leaves_nothing_behind() -> None:
    ledger = Ledger()
    async with door(ledger) as opened:
        async with greeted(opened.port) as talk:
            await talk.begin()
            talk.write(MAIL)
            await talk.writer.drain()
        for _ in range(1000):
            if opened.connections:
                await asyncio.sleep(0.005)
        assert opened.connections == 0
    assert not ledger.handed


# --- closing -------------------------------------------------------------------------------------


async def test_a_mail_under_way_is_finished_before_the_door_closes() -> None:
    ledger = Ledger()
    async with door(ledger, leave_s=60.0) as opened:
        async with greeted(opened.port) as busy, greeted(opened.port) as idle:
            await busy.begin()
            busy.write(MAIL)
            await busy.writer.drain()
            closing = asyncio.ensure_future(opened.stop())
            assert (await idle.hear())[0].startswith("421 4.3.2")
            assert (await busy.deliver(b""))[:3] == "250"
            assert (await busy.hear())[0].startswith("421 4.3.2")
            await closing
    assert len(ledger.taken) == 1


async def test_a_mail_that_never_ends_does_not_keep_the_door_open() -> None:
    async with door(Ledger(), leave_s=0.05) as opened, greeted(opened.port) as talk:
        await talk.begin()
        talk.write(MAIL)
        await talk.writer.drain()
        async with asyncio.timeout(3):
            await opened.stop()
        assert (await talk.hear())[0].startswith("421 4.3.2")


async def test_a_port_that_is_taken_is_told() -> None:
    async with door(Ledger()) as opened:
        second = SmtpDoor(Ledger(), is_ours, SmtpDoorSettings(port=opened.port))
        with pytest.raises(SettingsError, match=f"{opened.port}"):
            await second.start()


async def test_many_talk_at_once() -> None:
    ledger = Ledger()

    async def one(number: int, port: int) -> None:
        async with greeted(port) as talk:
            await talk.begin()
            await talk.deliver(MAIL + b"%d\r\n" % number)

    async with door(ledger) as opened, asyncio.TaskGroup() as tasks:
        for number in range(40):
            tasks.create_task(one(number, opened.port))
    assert len(ledger.taken) == 40
