"""Tokens of ours are read back in any case; changed, foreign and borrowed ones are nothing."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.mail import message_ids
from channels.mail.message import Address, Mail

SECRET = b"a secret of thirty-two bytes ...."
DOMAIN = "town.example.org"
CONVERSATION = "7ZK3M9QXWB"
INBOX = "info@town.example.org"

CONVERSATIONS = st.text("0123456789ABCDEFGHJKMNPQRSTVWXYZ", min_size=1, max_size=26)


def mail(
    *,
    to: tuple[str, ...] = (),
    cc: tuple[str, ...] = (),
    headers: tuple[tuple[str, str], ...] = (),
    in_reply_to: tuple[str, ...] = (),
    references: tuple[str, ...] = (),
) -> Mail:
    return Mail(
        message_id="<1@example.com>",
        sender=Address("ada@example.com"),
        reply_to=None,
        to=tuple(Address(address) for address in to),
        cc=tuple(Address(address) for address in cc),
        subject="",
        date="",
        in_reply_to=in_reply_to,
        references=references,
        text="",
        html="",
        attachments=(),
        headers=headers,
        defects=(),
    )


def test_a_message_id_names_conversation_and_number() -> None:
    made = message_ids.make(CONVERSATION, 3, DOMAIN, SECRET)
    assert re.fullmatch(r"<7ZK3M9QXWB\.3\.[0-9a-f]{16}@town\.example\.org>", made)
    assert message_ids.read(made, DOMAIN, SECRET) == (CONVERSATION, 3)


def test_a_reply_address_names_the_conversation_in_lower_case() -> None:
    made = message_ids.reply_address(INBOX, CONVERSATION, SECRET)
    assert re.fullmatch(r"info\+c-7zk3m9qxwb-[0-9a-f]{16}@town\.example\.org", made)
    assert message_ids.read_reply_address(made, SECRET) == CONVERSATION
    assert message_ids.read_reply_address(f"<{made}>", SECRET) == CONVERSATION


@pytest.mark.parametrize(
    "foreign",
    [
        *(
            "",
            "<>",
            "<a@b>",
            "7ZK3M9QXWB",
            "<7ZK.3@town.example.org>",
            "<CAB.x.y@example.com>",
        ),
        "<7ZK3M9QXWB.3.0000000000000000@town.example.org>",
        "<7ZK3M9QXWB.\u0663.0000000000000000@town.example.org>",
    ],
)
def test_foreign_message_ids_are_nothing(foreign: str) -> None:
    assert message_ids.read(foreign, DOMAIN, SECRET) is None


@pytest.mark.parametrize(
    "foreign",
    [
        *("", "@", INBOX, "info+c-7zk3m9qxwb@town.example.org"),
        "info+c-7zk3m9qxwb-0000000000000000@town.example.org",
    ],
)
def test_foreign_addresses_are_nothing(foreign: str) -> None:
    assert message_ids.read_reply_address(foreign, SECRET) is None


def test_another_secret_or_domain_proves_nothing() -> None:
    made = message_ids.make(CONVERSATION, 3, DOMAIN, SECRET)
    assert message_ids.read(made, DOMAIN, SECRET + b"!") is None
    assert message_ids.read(made, "example.com", SECRET) is None
    moved = made.replace(DOMAIN, "example.com")
    assert message_ids.read(moved, "example.com", SECRET) is None
    address = message_ids.reply_address(INBOX, CONVERSATION, SECRET)
    assert message_ids.read_reply_address(address, b"") is None


def test_the_proof_of_a_message_id_is_none_for_an_address() -> None:
    mac = message_ids.make(CONVERSATION, 3, DOMAIN, SECRET).split(".")[2].split("@")[0]
    assert message_ids.read_reply_address(f"info+c-7zk3m9qxwb-{mac}@{DOMAIN}", SECRET) is None


@pytest.mark.parametrize("wrong", ["", "a b", "a.b", "a@b", "a-b", "é", "x" * 27, "a\n"])
def test_conversation_ids_of_other_characters_are_refused(wrong: str) -> None:
    with pytest.raises(ValueError, match="letters and digits"):
        message_ids.make(wrong, 1, DOMAIN, SECRET)
    with pytest.raises(ValueError, match="letters and digits"):
        message_ids.reply_address(INBOX, wrong, SECRET)


def test_mails_about_what_was_written_are_not_called_like_messages() -> None:
    names = {message_ids.mail_number(what, 12) for what in ("reply", "unread", "transcript")}
    assert len(names) == 3
    assert message_ids.message_in(message_ids.mail_number("reply", 12)) == 12
    assert message_ids.message_in(message_ids.mail_number("unread", 12)) == 12
    assert message_ids.message_in(message_ids.mail_number("transcript", 12)) > 12


@pytest.mark.parametrize("number", [-1, 10**9])
def test_numbers_out_of_range_are_refused(number: int) -> None:
    with pytest.raises(ValueError, match="999,999,999"):
        message_ids.make(CONVERSATION, number, DOMAIN, SECRET)


@given(CONVERSATIONS, st.integers(0, 10**9 - 1), st.sampled_from([str, str.lower, str.upper]))
def test_tokens_are_read_back_in_any_case(conversation: str, number: int, case: type[str]) -> None:
    made = case(message_ids.make(conversation, number, DOMAIN, SECRET))
    assert message_ids.read(made, DOMAIN, SECRET) == (conversation, number)
    address = case(message_ids.reply_address(INBOX, conversation, SECRET))
    assert message_ids.read_reply_address(address, SECRET) == conversation


@given(CONVERSATIONS, st.integers(0, 10**6), st.integers(0, 60), st.characters(codec="ascii"))
def test_a_changed_token_is_nothing(conversation: str, number: int, at: int, to: str) -> None:
    made = message_ids.make(conversation, number, DOMAIN, SECRET)
    at %= len(made)
    changed = f"{made[:at]}{to}{made[at + 1 :]}"
    if changed.lower() != made.lower():
        assert message_ids.read(changed, DOMAIN, SECRET) is None


def test_an_address_is_trusted_before_in_reply_to_and_that_before_references() -> None:
    def message_id(conversation: str) -> str:
        return message_ids.make(conversation, 1, DOMAIN, SECRET)

    def address(conversation: str) -> str:
        return message_ids.reply_address(INBOX, conversation, SECRET)

    thread = message_ids.find_thread(
        mail(
            to=(INBOX, address("A")),
            cc=(address("B"),),
            headers=(("subject", address("X")), ("delivered-to", address("C"))),
            in_reply_to=(message_id("D"), "<p@example.com>"),
            references=(message_id("F"), "<o@example.com>", message_id("E"), message_id("A"),
                        "<p@example.com>"),
        ),
        DOMAIN,
        SECRET,
    )  # fmt: skip
    assert thread.conversations == ("A", "B", "C", "D", "E", "F")
    assert thread.foreign == ("<p@example.com>", "<o@example.com>")


def test_a_mail_that_answers_nothing_has_no_thread() -> None:
    assert message_ids.find_thread(mail(to=(INBOX,)), DOMAIN, SECRET) == message_ids.Thread((), ())


def test_the_newest_of_very_many_references_are_read() -> None:
    ours = message_ids.make(CONVERSATION, 1, DOMAIN, SECRET)
    many = tuple(f"<{number}@example.com>" for number in range(1000))
    thread = message_ids.find_thread(mail(references=(*many, ours)), DOMAIN, SECRET)
    assert thread.conversations == (CONVERSATION,)
    assert thread.foreign[0] == "<999@example.com>"
    assert len(thread.foreign) < 1000
