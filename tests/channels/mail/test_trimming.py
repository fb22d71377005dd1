"""Trimming keeps the sender's own words and loses none: quotation, headers, markers, signatures."""
# ruff: noqa: E501  (lines as long as programs make them)

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.mail.trimming import trim

CORPUS = (
    Path(os.environ.get("TOWNLINE_SHARED", Path(__file__).parents[4] / "shared"))
    / "mail-corpora"
    / "reply-trimmer"
)
EXACT_SHARE = 0.8
KEPT_SHARE = 0.95

WORDS = "Thank you, Tuesday suits me.\nThe bin is green."
ANSWERED = "Hello Ada,\n\nwhich bin was it?"


def marked(text: str) -> str:
    return "\n".join(f"> {line}".rstrip() for line in text.split("\n"))


# --- examples ------------------------------------------------------------------------------------


def test_a_text_without_quotation_stays_whole() -> None:
    trimmed = trim(WORDS)
    assert trimmed.reply == WORDS
    assert trimmed.quoted == ""


def test_marked_quotation_below_is_cut() -> None:
    trimmed = trim(
        f"{WORDS}\n\nOn Mon, 4 May 2026 at 10:02, Town <i@example.org> wrote:\n{marked(ANSWERED)}\n"
    )
    assert trimmed.reply == WORDS
    assert trimmed.quoted.startswith("On Mon, 4 May")
    assert trimmed.quoted.endswith("> which bin was it?")


def test_quotation_above_is_cut_too() -> None:
    text = f"On Mon, 4 May 2026, Town <i@example.org> wrote:\n{marked(ANSWERED)}\n\n{WORDS}"
    assert trim(text).reply == WORDS


def test_unmarked_quotation_below_an_attribution_is_cut() -> None:
    text = f"{WORDS}\n\nOn Mon, 4 May 2026 at 10:02, Town <i@example.org> wrote:\n\n{ANSWERED}"
    assert trim(text).reply == WORDS


def test_answers_between_quotations_keep_what_they_answer() -> None:
    text = (
        "On Mon, 4 May 2026 at 10:02, Town <i@example.org> wrote:\n"
        "> Which bin?\nThe green one.\n> Which day?\nTuesday.\n> Regards, Town"
    )
    trimmed = trim(text)
    assert trimmed.reply == "> Which bin?\nThe green one.\n> Which day?\nTuesday."
    assert trimmed.quoted.split("\n")[0].startswith("On Mon")
    assert trimmed.quoted.split("\n")[1] == "> Regards, Town"


def test_words_above_and_below_a_quotation_are_both_kept() -> None:
    text = "Yes.\n\nOn 4 May 2026, Town <i@example.org> wrote:\n> Green?\n\nAnd it is broken."
    assert [line for line in trim(text).reply.split("\n") if line] == [
        "Yes.",
        "> Green?",
        "And it is broken.",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "> only\n> a quotation",
        "-- \nAda Quill",
        "Sent from my iPhone",
        "-----Original Message-----\nFrom: a@example.org\nSent: Monday\nSubject: x\n\nwords",
        "---------- Forwarded message ---------\nFrom: A <a@example.org>\nDate: Mon\nSubject: Bill\n"
        "To: b@example.org\n\nYour bill is attached.",
    ],
)
def test_where_nothing_would_be_left_everything_stays(text: str) -> None:
    assert trim(text).reply == text
    assert trim(text).quoted == ""


@pytest.mark.parametrize("text", ["", "\n\n", " \t\n", "\r\n"])
def test_an_empty_text_is_an_empty_reply(text: str) -> None:
    assert trim(text).reply == ""
    assert trim(text).quoted == ""


def test_attributions_folded_over_lines_are_found() -> None:
    for attribution in (
        "On Mon, 4 May 2026 at 10:02, The Town of Example via the help desk\n<i@example.org> wrote:",
        "Am Mo., 4. Mai 2026 um 10:02 Uhr schrieb Gemeinde Beispiel <\ni@example.org>:",
        "On Mon, 4 May 2026 at 10:02 Town\n\n<\nmailto:Town <i@example.org>\n> wrote:",
        "Gemeinde Beispiel <i@example.org> schrieb am Mo., 4.\nMai 2026 um 10:02 Uhr:",
        "Le lun. 4 mai 2026 à 10:02, Ville d'Exemple <i@example.org> a\nécrit :",
    ):
        trimmed = trim(f"{WORDS}\n\n{attribution}\n\n{marked(ANSWERED)}")
        assert trimmed.reply == WORDS, attribution
        assert attribution.split("\n")[0] in trimmed.quoted


def test_an_attribution_takes_no_sentence_with_it() -> None:
    text = "On this day\nI wrote something.\nOn 4 May 2026 at 10:02, Town wrote:\n> Which bin?"
    assert trim(text).reply == "On this day\nI wrote something."


@pytest.mark.parametrize(
    "text",
    [
        "Here is what I wrote on May 4, 2026:\nThe bin is green.",
        "On 4 May 2026 I wrote:\nThe bin is green.\nNobody answered.",
        "My wife wrote:\nplease collect the bin",
        "We are moving.\nFrom: 5 Main Street\nTo: 7 King Street\nDate: 5 May\nThanks",
        "Sent from my office last week, the form never arrived.\n\nPlease look for it.",
        "The form asks for three things:\n---\nname, street, bin",
        "It says | 3 | on the meter",
        "Prices --- as you said --- went up",
        "Original message from the mayor: pay less.\nForwarded message of my neighbour: agreed.",
        "Is it Tuesday? Yes :-)\n...\n???",
        "a list:\n* green\n* blue\n- grey",
        "Please call me at 10:30.\nReference 2026:\nThank you",
        "Objet : demande de permis\nDate : le 5 mai 2026\nNous aimerions une réponse.",
    ],
)
def test_peoples_own_words_stay(text: str) -> None:
    assert trim(text).reply == text


def test_a_signature_goes_as_far_as_it_reaches() -> None:
    text = f"{WORDS}\n\n-- \nAda Quill\n5 Main Street\n\nOn 4 May 2026, Town <i@example.org> wrote:\n> Which?"
    assert trim(text).reply == WORDS
    assert "5 Main Street" in trim(text).quoted


def test_dashes_above_a_long_text_are_no_signature() -> None:
    text = "First part.\n--\n" + "\n".join(f"Line {number}." for number in range(40))
    assert trim(text).reply == text


def test_a_quoted_line_broken_by_folding_is_quoted() -> None:
    quoted = (
        "> We collect the green bins of your street on Tuesdays and the blue ones on\n"
        "wednesdays\n> of each week."
    )
    assert trim(f"{WORDS}\n\nOn 4 May 2026, Town wrote:\n{quoted}").reply == WORDS


def test_an_answer_below_a_long_quoted_line_is_no_broken_line() -> None:
    quoted = "> Do we collect the green bins of your street on Tuesdays or on Wednesdays?"
    for answer in ("tuesdays", "Tuesdays", "Tuesdays, as I said.", "Tuesdays please"):
        text = f"Hello\n\nOn 4 May 2026, Town wrote:\n{quoted}\n{answer}\n> Regards"
        assert answer in trim(text).reply.split("\n")


def test_an_answer_that_begins_with_a_capital_is_no_broken_line() -> None:
    quoted = "> Do we collect the green bins of your street on Tuesdays or on Wednesdays, or"
    text = f"Hello\n\nOn 4 May 2026, Town wrote:\n{quoted}\nTuesdays\n> on Thursdays?"
    assert "Tuesdays" in trim(text).reply.split("\n")


def test_what_follows_a_telephones_line_is_kept() -> None:
    text = "The bin is green.\n\nSent from my iPhone\n\nP.S. It is broken."
    assert "P.S. It is broken." in trim(text).reply
    assert "iPhone" not in trim(text).reply


def test_line_ends_of_all_kinds_are_understood() -> None:
    assert trim("Yes.\r\n\r\n> Which?\r\n").reply == "Yes."
    assert trim("Yes.\r\r> Which?\r").reply == "Yes."


# --- the corpus ----------------------------------------------------------------------------------


def test_the_corpus_is_trimmed_as_people_expect() -> None:
    """At least EXACT_SHARE the same after white space; at least KEPT_SHARE lose no expected line."""
    if not CORPUS.is_dir():
        pytest.skip(f"no corpus at {CORPUS}; TOWNLINE_SHARED names the folder")
    exact, kept, failures = 0, 0, []
    samples = sorted((CORPUS / "emails").iterdir())
    for path in samples:
        expected = (CORPUS / "trimmed" / path.name).read_text(encoding="utf-8")
        reply = trim(path.read_text(encoding="utf-8", errors="replace")).reply
        exact += reply.split() == expected.split()
        lines = {" ".join(line.split()) for line in reply.split("\n")}
        kept += all(" ".join(line.split()) in lines for line in expected.strip().split("\n"))
        if reply.split() != expected.split():
            failures.append(path.name)
    assert exact / len(samples) >= EXACT_SHARE, failures
    assert kept / len(samples) >= KEPT_SHARE, failures


# --- properties ----------------------------------------------------------------------------------

PIECES = st.sampled_from(
    [
        *(
            "Yes please.",
            "",
            "> quoted",
            ">> twice",
            "| bar",
            "-- ",
            "--",
            "-----",
            "***",
            "wrote:",
        ),
        *("On 4 May 2026 at 10:02, Town <i@example.org> wrote:", "<i@example.org> wrote:", ">:"),
        *(
            "From: a@example.org",
            "Sent: Monday",
            "To: b@example.org",
            "Subject: x",
            "Le 2026-05-04,",
        ),
        *(
            "-----Original Message-----",
            "Sent from my iPhone",
            "Begin forwarded message:",
            "a écrit :",
        ),
        *(
            "2026-05-04 10:02 GMT+01:00 Ada",
            "Ada <a@example.org>",
            "May 4, 2026 at 10:02 AM",
            " ",
            "ᐧ",
        ),
    ]
)


def lines_of(text: str) -> list[str]:
    return sorted(line for line in text.split("\n") if line.strip())


@given(st.lists(PIECES | st.text(max_size=30), max_size=30))
def test_no_line_is_lost_or_doubled(pieces: list[str]) -> None:
    text = "\n".join(pieces).replace("\r\n", "\n").replace("\r", "\n")
    trimmed = trim(text)
    assert sorted(lines_of(trimmed.reply) + lines_of(trimmed.quoted)) == lines_of(text)
    assert bool(trimmed.reply.strip()) == bool(text.strip())


@given(st.lists(PIECES, max_size=20))
def test_trimming_is_the_same_with_other_line_ends(pieces: list[str]) -> None:
    assert trim("\r\n".join(pieces)) == trim("\n".join(pieces))


@pytest.mark.parametrize(
    "piece",
    [
        *(
            "a",
            "a\n",
            "\n",
            "\r",
            ":",
            "a:\n",
            "wrote:\n",
            "<\n",
            ">",
            "> x\n",
            "| ",
            "|x|  ",
            "@",
            "1",
        ),
        *(
            " ",
            "​",
            "-- \n",
            "--\nx\n",
            "From: a\nTo: b\n",
            "From: a@example.org\n",
            "1:1:",
            "2026-01-01 ",
        ),
        *(
            "On 1\n",
            "On 2026-01-01 10:10 Ada <a@example.org> wrote:\n",
            "Sent from my iPhone\n\n",
            "*_",
        ),
    ],
)
def test_hostile_texts_take_time_in_proportion_to_their_length(piece: str) -> None:
    text = piece * (200_000 // len(piece))
    started = time.process_time()
    trim(text)
    assert time.process_time() - started < 5  # a quarter of a second on an idle machine
