"""Mistakes in mail.yaml, and in how fallback.yaml tells people by mail."""

from __future__ import annotations

import pytest

from tests.policy.conftest import Town
from tests.policy.mistakes import (
    FALLBACK,
    MAIL,
    QUEUES,
    SKILLS,
    STANDARD,
    TEXT_ONLY,
    TOWN,
    Mistake,
    expect,
)

POTHOLES = "  - rule: potholes\n    when: {words: potholes}\n    route: roads\n"
FORGED = "    when: {sender: '@willowmere.example.org', authentication: fail}\n"

MISTAKES = {
    "unknown key": Mistake(
        MAIL, "automatic_answers_per_day: 3", "automatic_answer_per_day: 3", "automatic_answer_per",
        "limits.automatic_answer_per_day",
        "unknown key; did you mean 'automatic_answers_per_day'?",
    ),
    "unknown key of a condition": Mistake(
        MAIL, FORGED, "    when: {senders: '@willowmere.example.org'}\n", "senders",
        "rules[6].when.senders", "unknown key; did you mean 'sender'?",
    ),
    "queue of a mailbox": Mistake(
        MAIL, "    queue: bylaw\n", "    queue: bylaws\n", "bylaws", "mailboxes.bylaw.queue",
        "no queue is called 'bylaws'; did you mean 'bylaw'?",
    ),
    "subject of a mailbox": Mistake(
        MAIL, "    subject: general\n", "    subject: generel\n", "generel",
        "mailboxes.info.subject", "no subject is called 'generel'; did you mean 'general'?",
    ),
    "queue of a rule": Mistake(
        MAIL, "    route: tax\n", "    route: taxes\n", "taxes\n    subject", "rules[13].route",
        "no queue is called 'taxes'; did you mean 'tax'?",
    ),
    "subject of a rule": Mistake(
        MAIL, "subject: pothole", "subject: potholes", "potholes\n  - rule: taxes",
        "rules[12].subject", "no subject is called 'potholes'; did you mean 'pothole'?",
    ),
    "skill of a rule": Mistake(
        MAIL, POTHOLES, POTHOLES + "    requires: raods >= 5\n", "raods", "rules[12].requires",
        "no skill is called 'raods'; did you mean 'roads'?",
    ),
    "mailbox of a rule": Mistake(
        MAIL, "when: {words: noise}", "when: {words: noise, mailbox: bilaw}", "bilaw",
        "rules[11].when.mailbox[0]", "no mailbox is called 'bilaw'; did you mean 'bylaw'?",
    ),
    "word list of a rule": Mistake(
        MAIL, "when: {words: noise}", "when: {subject_words: [noisy, noise]}", "noisy",
        "rules[11].when.subject_words[0]", "no word list is called 'noisy'; did you mean 'noise'?",
    ),
    "no address": Mistake(
        MAIL, "address: info@willowmere.example.org", "address: info@willowmere", "info@willowmere",
        "mailboxes.info.address", "'info@willowmere' is no mail address; write for example info@",
    ),
    "no alias": Mistake(
        MAIL, "aliases: [loisirs@willowmere.example.org]", "aliases: [loisirs a@example.org]",
        "loisirs a", "mailboxes.recreation.aliases[0]", "is no mail address",
    ),
    "no sender": Mistake(
        MAIL, "sender: '@willowmere.example.org'", "sender: '*@willowmere.example.org'",
        "'*@willowmere.example.org'", "rules[6].when.sender", "a star stands only in *@*.domain",
    ),
    "alias of another mailbox": Mistake(
        MAIL, "aliases: [loisirs@willowmere.example.org]",
        "aliases: [Service@Willowmere.example.org]", "Service@Willowmere",
        "mailboxes.recreation.aliases[0]",
        "service@willowmere.example.org leads to mailbox 'info' already; delete one of them",
    ),
    "address twice": Mistake(
        MAIL, "address: bylaw@", "address: info@", "info@willowmere.example.org\n    aliases: [p",
        "mailboxes.bylaw.address", "leads to mailbox 'info' already",
    ),
    "contact that is a mailbox": Mistake(
        FALLBACK, "email: arena@willowmere", "email: loisirs@willowmere", "loisirs@",
        "contacts.arena.email", "is the town's own mailbox 'recreation': what is sent there comes",
    ),
    "contact nobody can reach": Mistake(
        FALLBACK,
        "    number: +1 905 555 0181\n    email: arena@willowmere.example.org\n", "",
        "arena:\n", "contacts.arena", "nobody can reach this contact; give `number`, `email`",
    ),
    "interpreter nobody can ring": Mistake(
        FALLBACK, "    number: +1 905 555 0189\n", "    email: i@interpreters.example.org\n",
        "interpreter_line:\n", "contacts.interpreter_line", "an interpreter is rung; give `number`",
    ),
    "rule twice": Mistake(
        MAIL, "rule: potholes", "rule: noise", "noise\n    when: {words: potholes}",
        "rules[12].rule", "there is a rule 'noise' already",
    ),
    "rule after one that always applies": Mistake(
        MAIL, "    when: {words: noise}\n    route: bylaw\n", "    route: own\n", "rule: potholes",
        "rules[12]", "never taken: rule 'noise' (line 195) before it takes everything that fits it",
    ),
    "rule after a weaker one": Mistake(
        MAIL, "    when: {words: illegal_parking, attachment_kinds: image/*}\n",
        "    when: {words: [illegal_parking, noise]}\n", "rule: parking_without_photo",
        "rules[8]", "never taken: rule 'parking_with_photo' (line 159) before it",
    ),
    "condition that contradicts itself": Mistake(
        MAIL, "{words: illegal_parking, attachment_kinds: image/*}",
        "{words: illegal_parking, attachment: false, attachment_kinds: image/*}",
        "when: {words: illegal_parking, attachment: false", "rules[7].when",
        "can never hold: no file, and a file of a certain kind",
    ),
    "two actions": Mistake(
        MAIL, FORGED + "    set_aside: true\n",
        FORGED + "    set_aside: true\n    route: general\n",
        "rule: forged_sender", "rules[6]", "names two actions, route and set_aside",
    ),
    "wrap-up code of a rule": Mistake(
        MAIL, "close: answered", "close: answerd", "answerd\n", "rules[0].close",
        "no wrap-up code is called 'answerd'; did you mean 'answered'?",
    ),
    "closed at once and urgent": Mistake(
        MAIL, "close: answered", "close: answered\n    urgent: true", "rule: nights_done",
        "rules[0]", "closes at once, so `urgent` means nothing; delete it, or `close`",
    ),
    "closed at once without a queue": Mistake(
        MAIL, FORGED + "    set_aside: true\n",
        FORGED + "    set_aside: true\n    close: answered\n",
        "rule: forged_sender", "rules[6]", "opens no item, so `close` means nothing",
    ),
    "not acknowledged without a queue": Mistake(
        MAIL, FORGED + "    set_aside: true\n",
        FORGED + "    set_aside: true\n    acknowledge: false\n",
        "rule: forged_sender", "rules[6]", "opens no item, so `acknowledge` means nothing",
    ),
    "refused with a queue": Mistake(
        MAIL, "    when: {words: uncleared_sidewalk}\n",
        "    when: {words: uncleared_sidewalk}\n    route: bylaw\n", "rule: sidewalk_without",
        "rules[10]", "names two actions, route and refuse; make two rules of them",
    ),
    "refused without a text": Mistake(
        MAIL, FORGED + "    set_aside: true\n", FORGED + "    refuse:\n", "refuse:\n\n",
        "rules[6].refuse", "needs a text for each language",
    ),
    "refused with half a text": Mistake(
        MAIL, FORGED + "    set_aside: true\n", FORGED + "    refuse: {en: No.}\n",
        "refuse: {en: No.}", "rules[6].refuse", "the text for fr is missing",
    ),
    "rule that does nothing": Mistake(
        MAIL, FORGED + "    set_aside: true\n", FORGED, "rule: forged_sender", "rules[6]",
        "does nothing; give one of route, refuse, set_aside",
    ),
    "set aside with a subject": Mistake(
        MAIL, "    set_aside: true\n", "    set_aside: true\n    subject: general\n",
        "rule: forged_sender", "rules[6]", "opens no item, so `subject` means nothing",
    ),
    "authentication of nobody": Mistake(
        MAIL, "trusted_servers: [mx.willowmere.example.org]\n", "", "fail}",
        "rules[6].when.authentication", "can never hold: no server's results are believed",
    ),
    "no server": Mistake(
        MAIL, "trusted_servers: [mx.willowmere.example.org]", "trusted_servers: the one",
        "the one", "trusted_servers", "is no name of a server",
    ),
    "words of one language": Mistake(
        MAIL, "    fr: [nid-de-poule, nids-de-poule]\n", "", "potholes:\n    en",
        "word_lists.potholes", "words for fr are missing",
    ),
    "words of no language": Mistake(
        MAIL, "    fr: [nid-de-poule, nids-de-poule]\n",
        "    fr: [nid-de-poule, nids-de-poule]\n    de: Loch\n", "de: Loch",
        "word_lists.potholes.de", "no language is called 'de'",
    ),
    "no words": Mistake(
        MAIL, "    fr: [nid-de-poule, nids-de-poule]\n", "    fr: []\n", "[]",
        "word_lists.potholes.fr", "is empty; give at least 1", inside=-1,
    ),
    "a blank word": Mistake(
        MAIL, "en: [pothole, potholes]", "en: [pothole, '  ']", "'  '",
        "word_lists.potholes.en[1]", "is empty",
    ),
    "words nobody looks for": Mistake(
        MAIL, "when: {words: potholes}", "when: {sender: a@example.org}", "potholes:\n    en",
        "word_lists.potholes", "warning: no rule looks for these words",
    ),
    "kind of files": Mistake(
        MAIL, "    - text/plain\n", "    - jpg\n", "jpg", "attachments.kinds[2]",
        "'jpg' is no kind of files; did you mean 'image/jpeg'?",
    ),
    "every kind of files": Mistake(
        MAIL, "    - text/plain\n", "    - '*/*'\n", "'*/*'", "attachments.kinds[2]",
        "would let everything in; name the kinds",
    ),
    "size": Mistake(
        MAIL, "largest: 15 MB", "largest: 15", "15\n", "attachments.largest",
        "'15' is no size up to 100 MB; write for example 500 kB or 10 MB",
    ),
    "no time at all": Mistake(
        MAIL, "at_most: 14 days", "at_most: 0 days", "at_most: 0 days",
        "waiting_for_resident.at_most", "'0 days' is no time at all", inside=9,
    ),
    "business time": Mistake(
        MAIL, "at_most: 14 days", "at_most: 14 business days", "14 business",
        "waiting_for_resident.at_most", "business time is known only to `first_response`",
    ),
    "acknowledgement without 911": Mistake(
        MAIL, "do not wait for an answer: dial 911.", "do not wait for an answer.",
        "|-\n    Thank you for writing", "acknowledgement.en",
        "must tell people in danger to dial 911",
    ),
    "acknowledgement without a due time": Mistake(
        MAIL, "Une première réponse suivra d'ici le {due}.", "Une réponse suivra.",
        "|-\n    Merci d'avoir écrit", "acknowledgement.fr", "must say {due}",
    ),
    "word that is not filled in": Mistake(
        MAIL, "URGENT {reference}: {subject}", "URGENT {reference}: {topic}",
        "|-\n    URGENT {reference}: {topic}", "page.en",
        "{topic} is not filled in here; filled in are: {reference}, {subject}, {summary}, {town}",
    ),
    "word that is almost filled in": Mistake(
        MAIL, "    {agent}\n    {town}, 905-555-0100\n  fr:", "    {agents}\n  fr:",
        "|-\n    {agents}", "signature.en", "filled in are: {agent}, {town}; did you mean {agent}?",
    ),
    "page to a contact without an address": Mistake(
        FALLBACK, "    email: security@willowmere.example.org\n", "",
        "security, operations_on_call]\n      every", "chains.after_hours[5].page[0]",
        "contact 'security' cannot be told by mail; add `email` there",
    ),
    "page to a list without an address": Mistake(
        FALLBACK, "    email: operations.b@willowmere.example.org\n", "",
        "operations_on_call]\n      every", "chains.after_hours[5].page[1]",
        "of this list operations_b cannot be told by mail; add `email` there",
    ),
    "transfer to a contact without a number": Mistake(
        FALLBACK, "    number: +1 905 555 0184\n", "", "operations_on_call]\n      accept",
        "chains.after_hours[0].transfer[1]", "of this list operations_chief cannot be rung",
    ),
    "page to nobody": Mistake(
        FALLBACK, "page: [security, operations_on_call]", "page: [securty]", "securty",
        "chains.after_hours[5].page[0]", "no contact or on-call list is called 'securty'",
    ),
    "page that never goes on": Mistake(
        FALLBACK, "every: 5 min", "every: 0 min", "0 min", "chains.after_hours[5].every",
        "'0 min' is no time at all",
    ),
    "every without page": Mistake(
        FALLBACK, "      page: [security, operations_on_call]\n", "      defer: own\n",
        "rule: urgent_mail", "chains.after_hours[5]", "tells nobody, so `every` means nothing",
    ),
    "page at the end of a chain": Mistake(
        FALLBACK, "    - rule: as_after_hours\n      chain: after_hours",
        "    - rule: as_after_hours\n      page: security", "rule: as_after_hours",
        "chains.emergency_closing[1]", "a dead end: only mails and chats are told of",
    ),
    "channel of a rule": Mistake(
        FALLBACK, "when: {channel: [webform, mail], condition: late}",
        "when: {channel: [webform, email], condition: late}", "email]",
        "chains.waited_too_long[0].when.channel[1]", "did you mean 'mail'?",
    ),
    "kind of words": Mistake(
        TOWN, "    said: 2 years", "    sayd: 2 years", "sayd", "keeping.words.sayd",
        "did you mean 'said'?",
    ),
    "words gone before the item": Mistake(
        TOWN, "    digits: 30 days", "    digits: 2 days", "2 days", "keeping.words.digits",
        "shorter than `ended_items_h`, 72 h",
    ),
    "rule that asks too much": Mistake(
        MAIL, POTHOLES, POTHOLES + "    requires: animals >= 9\n", "animals >= 9",
        "rules[12].requires", "nobody could ever serve this in English",
    ),
    "rule that asks too much of a mailbox": Mistake(
        MAIL, "    when: {words: noise}\n    route: bylaw\n",
        "    when: {words: noise, mailbox: recreation}\n    route: own\n    requires: tax >= 8\n",
        "tax >= 8", "rules[11].requires", "nobody could ever serve this in English",
    ),
    "mailbox whose queue nobody writes for": Mistake(
        SKILLS, f"{STANDARD}\n  {TEXT_ONLY}", "standard: {live: 1}\n  text_only: {fast_text: 2}",
        "(recreation or general >= 5) and", "queues.recreation.steps[0].requires",
        "none of them takes mails, forms and messages (capacity for slow_text)",
        in_file=QUEUES,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_named_with_its_place_and_its_remedy(name: str, town: Town) -> None:
    expect(MISTAKES[name], town)


def test_a_page_needs_mail(town: Town) -> None:
    (town.directory / MAIL).unlink()
    assert {(each.path, each.message) for each in town.complaints()} == {
        (f"chains.{rule}.page[{n}]", "nothing can be mailed, and the text of a page is"
         " missing: add mail.yaml")
        for rule in ("after_hours[5]", "nobody_there[0]")
        for n in (0, 1)
    }  # fmt: skip


def test_what_is_damaged_makes_no_rule_one_that_is_never_taken(town: Town) -> None:
    town.edit(MAIL, "{words: illegal_parking, attachment_kinds: image/*}",
              "{words: illegal_parking, attachment_kinds: photo}")  # fmt: skip
    assert [each.path for each in town.complaints()] == ["rules[7].when.attachment_kinds"]


def test_whoever_is_on_call_in_one_week_only_must_be_reached_too(town: Town) -> None:
    town.edit(FALLBACK, "otherwise: [operations_a, operations_b,", "otherwise: [operations_a,")
    town.edit(FALLBACK, "    email: operations.b@willowmere.example.org\n", "")
    assert [each.message for each in town.complaints()] == [
        "of this list operations_b cannot be told by mail; add `email` there"
    ] * 2  # at night and by day
