"""Residents who write mail, their mail servers, and those outside whom the town writes to.

A mail is handed over, octet by octet the same, until the town says that it has it, and sometimes
once more. What the town sends is answered, bounced, answered by a machine, or left alone.
"""

from __future__ import annotations

import asyncio
import random
import re
from collections import Counter
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import SMTP
from typing import Final

from channels.mail.intake import Answer
from channels.mail.message_ids import message_in
from router.core.model import SECOND
from tests.simulation.ledgers import Letter
from tests.simulation.post import Copy, PostOffice
from tests.simulation.town import Town
from tests.simulation.virtual_loop import LoopClock
from tests.simulation.watch import Watch

DATE: Final = "Tue, 24 Nov 2026 10:00:00 -0500"
SENDERS: Final = [f"resident{number}@example.com" for number in range(60)]
ADDRESSES: Final = ["info"] * 6 + ["service", "bylaw", "recreation"]
FIRST: Final = [  # text, rule of the shipped town that it meets
    ("When is the market?", ""),
    ("Where do I get a blue box?", ""),
    ("Quand ouvre la patinoire? Je ne trouve pas les heures.", ""),
    ("There is a pothole in front of my house.", "potholes"),
    ("I have a noise complaint: it is two in the morning.", "noise"),
    ("My tax bill is wrong, I believe.", "taxes"),
    ("A car is parked illegally on Mill Street.", "parking_without_photo"),
    ("The stop sign is down at Mill and Main.", "stop_sign_down"),
    ("Le panneau d'arrêt est tombé au coin de la rue du Moulin.", "stop_sign_down"),
    ("I smell gas in Mill Street.", "danger"),
    ("There is an injured dog at the arena.", "injured_animal"),
]
LATER: Final = [
    "Thank you.",
    "Yes, please.",
    "It is still there.",
    "Now the stop sign is down, too.",
]
TOKEN: Final = re.compile(r"\+c-([0-9a-z]+)-[0-9a-f]+@")
FOLLOWS_MAX: Final = 4  # mails that one sender writes in answer
TRIES_MAX: Final = 120


@dataclass
class Writers:
    """Everybody who writes mail to the town."""

    town: Town
    post: PostOffice
    clock: LoopClock
    watch: Watch
    tasks: asyncio.TaskGroup
    seed: int
    count: int = 0
    calm: bool = False  # nobody begins anything new
    follows: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.post.read = self._read
        contacts = self.town.policies[0].contacts.values()
        self._outside = {contact.email: contact.id for contact in contacts if contact.email}

    async def write(self, rng: random.Random) -> None:
        """Write a first mail about something."""
        text, rule = rng.choice(FIRST)
        local = rng.choice(ADDRESSES)
        sender = rng.choice(SENDERS)
        mail = self._mail(sender, f"{local}@willowmere.example.org", f"Question {self.count}", text)
        letter = self._letter(mail, sender, rule=rule)
        await self.send(letter, rng)

    async def send(self, letter: Letter, rng: random.Random) -> None:
        """Hand it over until it is taken, and perhaps once more."""
        self.watch.texts.letters.append(letter)
        again = rng.choice([0, 0, 0, 0, 1, 2])
        for _ in range(TRIES_MAX):
            answer = await self.town.slot.deliver(letter.raw, letter.envelope_from, letter.to)
            if answer is Answer.REFUSED:
                self.watch.fail(f"a mail to {letter.to} was refused")
            if answer is Answer.TAKEN:
                self.watch.check(lambda: self.watch.texts.taken(letter))
                if not again:
                    return
                again -= 1
            await self._pause(rng.uniform(1, 60))
        self.watch.fail(f"{letter.message_id} was never taken")

    # --- what the town sends ---------------------------------------------------------------------

    def _read(self, copy: Copy) -> None:
        """Somebody reads a mail of the town."""
        rng = random.Random(f"{self.seed} {copy.message_id} {copy.to}")
        if self.calm or self.follows[copy.to] >= FOLLOWS_MAX:
            return
        ways = ["answer"] * 4 + ["plain", "stranger", "machine"] + ["nothing"] * 4
        ways += ["bounce", "bounce"] if copy.returns_to else []
        way = "answer" if copy.to in self._outside and rng.random() < 0.5 else rng.choice(ways)
        if way != "nothing":
            self.follows[copy.to] += 1
            self.tasks.create_task(self._react(copy, way, rng))

    async def _react(self, copy: Copy, way: str, rng: random.Random) -> None:
        await self._pause(rng.choice([2, 20, 100, 400, 900]))
        match way:
            case "bounce":
                letter = self._bounce(copy)
            case "machine":
                letter = self._vacation(copy)
            case _:
                letter = self._reply(copy, way, rng)
        await self.send(letter, rng)

    def _reply(self, copy: Copy, way: str, rng: random.Random) -> Letter:
        theirs = copy.mail
        sender = copy.to if way != "stranger" else f"stranger.{copy.to}"
        to = str(theirs["Reply-To"]) if way != "plain" else "info@willowmere.example.org"
        mail = self._mail(sender, to, str(theirs["Subject"]), rng.choice(LATER))
        mail["In-Reply-To"] = mail["References"] = copy.message_id
        quoted = copy.mail.get_body(("plain",))
        lines = str(quoted.get_content()).splitlines() if quoted is not None else []
        text = mail.get_content() + "\nOn Tue, 24 Nov 2026 at 10:02, the town wrote:\n"
        mail.set_content(text + "".join(f"> {line}\n" for line in lines))
        conversation = _conversation_of(theirs)
        belongs = self.watch.texts.belongs(conversation, sender)
        letter = self._letter(mail, sender, answers=conversation if belongs else "")
        letter.stranger_to = conversation if way == "stranger" else ""
        return letter

    def _vacation(self, copy: Copy) -> Letter:
        theirs = copy.mail
        to = str(theirs["Reply-To"])
        mail = self._mail(copy.to, to, f"Automatic reply: {theirs['Subject']}", "I am away.")
        mail["Auto-Submitted"] = "auto-replied"
        mail["In-Reply-To"] = copy.message_id
        return self._letter(mail, copy.to, kind="auto_reply", envelope_from="")

    def _bounce(self, copy: Copy) -> Letter:
        """Return what a mail server writes when nobody has that address."""
        self.count += 1
        message_id = f"<bounce-{self.count}@mail.example.com>"
        raw = BOUNCE.format(
            message_id=message_id, to=copy.returns_to, failed=copy.to, original=copy.message_id
        )
        found = re.match(r"<([0-9A-Z]+)\.(\d+)\.", copy.message_id)
        assert found is not None
        return Letter(
            message_id=message_id,
            sender="MAILER-DAEMON@mail.example.com",
            to=copy.returns_to,
            raw=raw.replace("\n", "\r\n").encode(),
            kind="bounce",
            bounce_of=(found[1], message_in(int(found[2]))),
        )

    # --- making ----------------------------------------------------------------------------------

    def _mail(self, sender: str, to: str, subject: str, text: str) -> EmailMessage:
        self.count += 1
        mail = EmailMessage(policy=SMTP)
        mail["Message-ID"] = f"<letter-{self.count}@example.com>"
        mail["Date"], mail["From"], mail["To"], mail["Subject"] = DATE, sender, to, subject
        mail.set_content(text + "\n")
        return mail

    def _letter(
        self,
        mail: EmailMessage,
        sender: str,
        *,
        kind: str = "person",
        rule: str | None = None,
        answers: str = "",
        envelope_from: str | None = None,
    ) -> Letter:
        return Letter(
            message_id=str(mail["Message-ID"]),
            sender=sender,
            to=str(mail["To"]),
            raw=mail.as_bytes(),
            kind=kind,
            rule=rule,
            answers=answers,
            envelope_from=sender if envelope_from is None else envelope_from,
        )

    async def _pause(self, seconds: float) -> None:
        await self.clock.sleep_until(self.clock.now() + int(seconds * SECOND))


def _conversation_of(mail: EmailMessage) -> str:
    """Return which conversation the address for answers names."""
    found = TOKEN.search(str(mail["Reply-To"]))
    assert found is not None, mail["Reply-To"]
    return found[1].upper()


BOUNCE: Final = """\
From: MAILER-DAEMON@mail.example.com
To: {to}
Subject: Undelivered Mail Returned to Sender
Message-ID: {message_id}
Date: Tue, 24 Nov 2026 10:00:00 -0500
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="part"

--part
Content-Type: text/plain

The mail system could not deliver your message: 550 5.1.1 no such user.

--part
Content-Type: message/delivery-status

Reporting-MTA: dns; mail.example.com

Final-Recipient: rfc822; {failed}
Action: failed
Status: 5.1.1
Diagnostic-Code: smtp; 550 5.1.1 no such user

--part
Content-Type: text/rfc822-headers

Message-ID: {original}

--part--
"""
