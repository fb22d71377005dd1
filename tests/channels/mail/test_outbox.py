"""What is sent: the right words to the right person, the same mail however often asked."""

from __future__ import annotations

from email.message import EmailMessage
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace

from channels.mail.folder_sender import FolderSender
from channels.mail.outbox import MailOutlet, Sender
from router.core import commands_text as t
from router.core.commands_hours import AnnounceMessage
from router.core.effects import SendMail
from router.core.model import DAY, HOUR, AgentId, Instant
from router.core.policy import Fallback, Policy
from router.errors import ChannelError, StorageUnavailable
from router.ports import FileRef, Said, Words
from router.runtime.clock import VirtualClock
from tests.channels.mail.mail_town import SECRET, read, text_of
from tests.core.text_town import TextDesk, mail_policy, mail_rule, writing_town
from tests.core.town import NIGHT, OPEN, both, rule
from tests.fakes.inbox import FakeInbox
from tests.fakes.memory_texts import MemoryBlobs


class Noted:
    """A `Sender` that notes, or fails as it is told."""

    def __init__(self) -> None:
        self.mails: list[tuple[EmailMessage, str, tuple[str, ...]]] = []
        self.raw: list[bytes] = []
        self.failure: ChannelError | None = None

    async def send(self, raw: bytes, mail_from: str, rcpt_to: tuple[str, ...]) -> None:
        if self.failure is not None:
            raise self.failure
        self.raw.append(raw)
        self.mails.append((read(raw), mail_from, rcpt_to))


class Office:
    """A desk whose residents' words are known, and an outlet."""

    def __init__(
        self,
        policy: Policy | None = None,
        now: Instant = OPEN,
        sender: Sender | None = None,
    ) -> None:
        self.desk = TextDesk(policy if policy is not None else writing_town(), now=now)
        self.inbox = FakeInbox(self.desk)
        self.noted = Noted()
        self.blobs = MemoryBlobs()
        self.clock = VirtualClock(now)
        self.words: dict[str, Words] = {}
        self.lost: StorageUnavailable | None = None
        self.outlet = MailOutlet(
            self.inbox, self.clock, self.blobs, self.find, sender or self.noted, SECRET
        )
        self.who("c-sam", "Sam", "sam@home.test")

    async def find(self, refs: list[str]) -> dict[str, Words]:
        if self.lost is not None:
            raise self.lost
        return {ref: self.words[ref] for ref in refs if ref in self.words}

    def who(self, ref: str, name: str, email: str) -> None:
        body = msgspec.json.encode({"number": "", "name": name, "email": email})
        self.words[ref] = Words(ref, "contact", body)

    def say(self, ref: str, text: str, subject: str = "", **more: object) -> None:
        said = msgspec.convert({"text": text, "subject": subject, **more}, Said)
        self.words[ref] = Words(ref, "said", msgspec.json.encode(said))

    def wish(self, what: str) -> SendMail:
        return next(
            x
            for x in self.desk.state.pending.values()
            if isinstance(x, SendMail) and x.what == what
        )

    async def sent(self, what: str) -> EmailMessage:
        await self.outlet.perform(self.wish(what))
        return self.noted.mails[-1][0]

    def reply(self, text: str) -> None:
        self.desk.sign_in("amina")
        self.desk.answer("amina")
        self.say("w-r1", text)
        self.desk.reply(self.desk.item("m1").id, "amina")


def office() -> Office:
    made = Office()
    made.say("w-m1", "It leaks.", "Hydrant", message_id="<1@home.test>", sender="Sam <s@h.test>")
    made.desk.mail("m1", conversation="VM1")
    return made


async def test_a_mail_is_the_same_however_often_and_late_it_is_sent() -> None:
    made = office()
    await made.sent("acknowledgement")
    await made.clock.advance_to(OPEN + 60 * DAY)  # another year
    await made.sent("acknowledgement")
    assert made.noted.raw[0] == made.noted.raw[1]


async def test_what_is_written_later_changes_nothing_in_a_copy() -> None:
    made = Office()
    made.say("w-m1", "It leaks.", message_id="<1@home.test>", sender="Sam <s@h.test>")
    made.desk.mail("m1", conversation="VM1")
    made.reply("Where?")
    await made.sent("reply")
    made.say("w-m2", "In Mill Street.", "Hydrant", message_id="<2@home.test>")
    made.desk.mail("m2", threads=("VM1",))
    await made.sent("reply")
    assert made.noted.raw[0] == made.noted.raw[1]


async def test_bounces_of_a_persons_words_come_back_and_those_of_machines_do_not() -> None:
    made = office()
    await made.sent("acknowledgement")
    made.reply("Soon.")
    reply = await made.sent("reply")
    (_, silent, _), (_, returns_to, to) = made.noted.mails
    assert silent == ""
    assert returns_to == str(reply["Reply-To"])
    assert returns_to.startswith("info+c-")
    assert to == ("sam@home.test",)


async def test_an_acknowledgement_begins_with_what_is_announced_and_when_it_ends() -> None:
    made = Office(writing_town(mail=mail_policy(acknowledgement=both("Thank you"))))
    until = made.desk.now + HOUR
    plows = {"en": "Plows {are} out.", "fr": "Les charrues {due}."}
    made.desk.do(
        AnnounceMessage(id="plows", text=plows, until=until, numbers=(), by="sam"),
    )
    made.desk.mail("m1", conversation="VM1", language="fr")
    lines = text_of(await made.sent("acknowledgement")).splitlines()
    assert lines[0].startswith("Les charrues {due}. (Jusqu'au ")
    assert lines[2] == "Thank you (fr)"
    made.desk.wait(2 * HOUR)
    made.desk.mail("m2", conversation="VM2", language="fr")
    assert "charrues" not in text_of(await made.sent("acknowledgement"))


async def test_an_acknowledgement_says_what_the_fallback_says() -> None:
    chain = Fallback(
        id="night",
        rules=(rule("told", "say", text=both("Call {town} now.")), rule("keep", "defer", text={})),
    )
    policy = writing_town(
        fallbacks=writing_town().fallbacks | {"night": chain},
        mail=mail_policy(acknowledgement=both("Thank you, {name}, until {due}: {reference}")),
    )
    made = Office(policy, now=NIGHT)
    made.desk.mail("m1", conversation="VM1", language="fr")
    lines = text_of(await made.sent("acknowledgement")).splitlines()
    assert lines[0] == "Call Testville (fr) now. (fr)"
    assert lines[2].startswith("Thank you, Sam, until ")
    assert "décembre à" in lines[2]


async def test_without_a_name_the_sentence_stays_whole() -> None:
    policy = writing_town(mail=mail_policy(acknowledgement=both("Thank you, {name}, we have it.")))
    made = Office(policy)
    made.who("c-sam", "", "sam@home.test")
    made.desk.mail("m1", conversation="VM1")
    assert text_of(await made.sent("acknowledgement")) == "Thank you, we have it.\n"


async def test_a_refusal_says_what_its_rule_says() -> None:
    refuse = mail_rule("parking", "refuse", text=both("Phone us about {reference}."))
    made = Office(writing_town(mail=mail_policy(rules=(refuse,))))
    made.desk.mail("m1", conversation="VM1", rule="parking")
    assert text_of(await made.sent("refusal")) == "Phone us about m1.\n"


async def test_who_is_on_call_reads_what_the_resident_wrote() -> None:
    page = both("URGENT {reference}: {subject}\n\n{summary}")
    made = Office(writing_town(mail=mail_policy(page=page)), now=NIGHT)
    made.say("w-m1", "Stop sign down at Main.", "Danger")
    made.desk.mail("m1", conversation="VM1", rule="stop_sign")
    sent = await made.sent("page")
    assert text_of(sent) == "URGENT m1: road_hazard\n\nDanger\nStop sign down at Main.\n"
    assert sent["To"] == "Deputy <deputy@ops.test>"
    assert sent["Auto-Submitted"] == "auto-generated"
    assert "m1" in str(sent["Subject"])


async def test_a_reply_quotes_the_last_of_the_resident_and_nothing_of_anybody_else() -> None:
    made = office()
    made.desk.do(t.AddNote(made.desk.item("m1").id, AgentId("amina"), "n", "w-note"))
    made.say("w-note", "she is angry")
    made.reply("Soon.")
    text = text_of(await made.sent("reply"))
    assert text.startswith("Soon.\n\nAmina\n\nOn Monday, November 23, at 10 am Sam wrote:\n> It l")
    assert text.endswith("> It leaks.\n")


async def test_a_forward_takes_the_conversation_and_its_files_along_as_far_as_they_fit() -> None:
    made = Office(writing_town(mail=mail_policy(attachment_bytes_max=5)))
    files = []
    for name in ("a.png", "b.png"):
        blob = await made.blobs.put(name.encode()[:3])
        files.append(FileRef(blob=blob, name=name, kind="image/png", size=3))
    made.say("w-m1", "It leaks.", "Hydrant", files=files, sender="Sam <s@h.test>")
    made.desk.mail("m1", conversation="VM1")
    made.desk.sign_in("amina")
    made.desk.answer("amina")
    made.say("w-f", "Yours?")
    item = made.desk.item("m1").id
    made.desk.do(t.ForwardItem(item, AgentId("amina"), "f", "officer", "w-f"))
    sent = await made.sent("forward")
    assert [file.get_filename() for file in sent.iter_attachments()] == ["a.png"]
    assert "[file: b.png]" in text_of(sent)
    assert "Sam <s@h.test> wrote:\nIt leaks." in text_of(sent)
    assert "References" not in sent


async def test_files_that_came_after_a_forward_are_not_in_its_copies() -> None:
    made = office()
    made.desk.sign_in("amina")
    made.desk.answer("amina")
    made.say("w-f", "Yours?")
    item = made.desk.item("m1").id
    made.desk.do(t.ForwardItem(item, AgentId("amina"), "f", "officer", "w-f"))
    await made.sent("forward")
    photo = FileRef(blob=await made.blobs.put(b"png"), name="a.png", kind="image/png", size=3)
    made.say("w-m2", "Here it is.", files=[photo])
    made.desk.mail("m2", threads=("VM1",))
    await made.sent("forward")
    assert made.noted.raw[0] == made.noted.raw[1]


async def test_redacted_words_are_not_sent_and_everything_else_goes_on() -> None:
    made = office()
    made.reply("Soon.")
    del made.words["w-m1"]
    assert text_of(await made.sent("reply")) == "Soon.\n\nAmina\n"
    del made.words["w-r1"]
    with pytest.raises(ChannelError) as gone:
        await made.sent("reply")
    assert (gone.value.reason, gone.value.retryable) == ("words-gone", False)


@pytest.mark.parametrize(
    ("email", "reason"),
    [("", "no-address"), ("jürgen@home.test", "not-sendable"), ("a b@home", "not-sendable")],
)
async def test_an_address_that_cannot_be_written_to_is_a_failure_that_does_not_name_it(
    email: str, reason: str
) -> None:
    made = office()
    made.who("c-sam", "Sam", email)
    with pytest.raises(ChannelError) as failed:
        await made.sent("acknowledgement")
    assert (failed.value.reason, failed.value.retryable) == (reason, False)
    assert "home" not in str(failed.value)


async def test_what_a_mail_server_says_is_passed_on_without_addresses() -> None:
    made = office()
    for retryable in (True, False):
        said = "550 <sam@home.test>: no such user"
        made.noted.failure = ChannelError(said, retryable=retryable, reason="refused")
        with pytest.raises(ChannelError, match=r"550 <\(address\)>: no such user") as failed:
            await made.sent("acknowledgement")
        assert (failed.value.retryable, failed.value.reason) == (retryable, "refused")


async def test_what_cannot_be_looked_up_now_was_not_tried() -> None:
    made = office()
    made.lost = StorageUnavailable("slow")
    with pytest.raises(StorageUnavailable):
        await made.sent("acknowledgement")


async def test_a_contact_without_address_a_conversation_that_is_gone_and_no_server() -> None:
    made = office()
    wish = made.wish("acknowledgement")
    for changed, reason in (
        (replace(wish, contact="nobody"), "no-address"),
        (replace(wish, conversation="gone"), "gone"),
    ):
        with pytest.raises(ChannelError) as failed:
            await made.outlet.perform(changed)
        assert (failed.value.reason, failed.value.retryable) == (reason, False)
    outlet = MailOutlet(made.inbox, made.clock, made.blobs, made.find, None, SECRET)
    with pytest.raises(ChannelError, match="TOWNLINE_MAIL__SMTP_URL") as waiting:
        await outlet.perform(wish)
    assert waiting.value.retryable


async def test_the_domain_of_an_address_is_written_in_ascii() -> None:
    made = office()
    made.who("c-sam", "Sam", "sam@bücher.test")
    await made.sent("acknowledgement")
    assert made.noted.mails[-1][2] == ("sam@xn--bcher-kva.test",)


async def test_the_practice_lines_mails_are_files_each_once(tmp_path: Path) -> None:
    made = Office(sender=FolderSender(tmp_path / "outbox"))
    made.desk.mail("m1", conversation="VM1")
    for _ in range(2):
        await made.outlet.perform(made.wish("acknowledgement"))
    [file] = (tmp_path / "outbox").iterdir()
    assert b"m1" in file.read_bytes()
    (tmp_path / "file").write_text("")
    with pytest.raises(ChannelError) as failed:
        await FolderSender(tmp_path / "file").send(b"x", "", ())
    assert failed.value.retryable
