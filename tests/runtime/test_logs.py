"""Logs are JSON, and no resident can be found in them."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from router.runtime.logs import REMOVED, Level, configure_logs

# fmt: off
PRIVATE = [
    "from_", "From", "from", "to", "caller", "number", "caller_number", "phone", "address", "name",
    "addressKey", "text", "body", "digits", "message_text", "transcript", "contact", "email",
    "token", "auth_token", "password", "Secret", "cookie",
]
# fmt: on


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    others = logging.getLogger()
    handlers, level = list(others.handlers), others.level
    yield
    others.handlers[:] = handlers
    others.setLevel(level)
    structlog.reset_defaults()


@pytest.fixture
def stream() -> io.StringIO:
    return io.StringIO()


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def logged(stream: io.StringIO, level: Level = "info", /, **values: Any) -> dict[str, Any]:
    configure_logs("debug", "json", stream)
    getattr(structlog.get_logger(), level)("call-received", **values)
    return lines(stream)[-1]


def test_a_log_is_one_json_object_a_line(stream: io.StringIO) -> None:
    line = logged(stream, item="0123456789", waited_s=4.5, queue="taxes", note="Müll\nzwei")
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "event": "call-received",
        "level": "info",
        "item": "0123456789",
        "waited_s": 4.5,
        "queue": "taxes",
        "note": "Müll\nzwei",
    }


@pytest.mark.parametrize("key", PRIVATE)
@pytest.mark.parametrize("level", ["info", "warning", "error"])
def test_keys_that_may_carry_private_data_are_emptied(
    stream: io.StringIO, key: str, level: Level
) -> None:
    assert logged(stream, level, **{key: "Ann"})[key] == REMOVED


@pytest.mark.parametrize(
    "key", ["version", "from_version", "to_state", "queue_names", "item", "attempt", "context"]
)
def test_other_keys_are_left_alone(stream: io.StringIO, key: str) -> None:
    assert logged(stream, **{key: "seven"})[key] == "seven"


def test_private_keys_are_emptied_inside_of_values(stream: io.StringIO) -> None:
    line = logged(stream, fields={"body": "x", "queue": "taxes"}, all=[{"token": "x"}, ("a", 1)])
    assert line["fields"] == {"body": REMOVED, "queue": "taxes"}
    assert line["all"] == [{"token": REMOVED}, ["a", 1]]


@pytest.mark.parametrize(
    "text",
    [
        "dialled +19055550100 twice",
        "dialled +1 905 555-0100",
        "+1 (905) 555 0100",
        "x +19055550100",
    ],
)
def test_numbers_are_blotted_out_of_texts(stream: io.StringIO, text: str) -> None:
    shown = logged(stream, why=text)["why"]
    assert "0100" not in shown
    assert REMOVED in shown


def test_addresses_are_blotted_out_of_texts(stream: io.StringIO) -> None:
    line = logged(stream, why="450 <ann.o'neil@mail.example.org>: mailbox full")
    assert "example" not in line["why"]
    assert line["why"].endswith("mailbox full")


def test_instants_and_ids_are_not_taken_for_numbers(stream: io.StringIO) -> None:
    at = "2026-12-26T19:40:00+00:00"
    line = logged(stream, at=at, version=12345678901234567890, call="CA" + "0" * 32)
    assert (line["at"], line["version"]) == (at, 12345678901234567890)
    assert line["call"] == "CA" + "0" * 32


def test_debug_shows_data_but_no_secret(stream: io.StringIO) -> None:
    line = logged(stream, "debug", text="call +19055550100", auth_token="t", password="p")
    assert line["text"] == "call +19055550100"
    assert line["auth_token"] == line["password"] == REMOVED


def test_tracebacks_are_kept_without_numbers(stream: io.StringIO) -> None:
    configure_logs("info", "json", stream)
    try:
        raise ValueError("no flow for '+19055550100'")
    except ValueError:
        structlog.get_logger().exception("flow-failed")
    (line,) = lines(stream)
    assert "ValueError: no flow for" in line["exception"]
    assert "5550100" not in line["exception"]
    assert line["level"] == "error"


def test_an_error_given_as_a_value_is_written_without_numbers(stream: io.StringIO) -> None:
    assert logged(stream, error=ValueError("no +19055550100"))["error"] == f"no {REMOVED}"


def test_the_level_holds(stream: io.StringIO) -> None:
    configure_logs("warning", "json", stream)
    structlog.get_logger().info("quiet")
    structlog.get_logger().warning("loud")
    assert [line["event"] for line in lines(stream)] == ["loud"]


def test_other_libraries_speak_the_same_way_from_warning_on(stream: io.StringIO) -> None:
    configure_logs("info", "json", stream)
    logging.getLogger("twilio.http_client").info("POST To=+19055550100")
    logging.getLogger("twilio.http_client").warning("slow: To=%s", "+19055550100")
    (line,) = lines(stream)
    assert line["event"] == f"slow: To={REMOVED}"
    assert line["logger"] == "twilio.http_client"
    assert line["level"] == "warning"


def test_context_is_part_of_every_line(stream: io.StringIO) -> None:
    with structlog.contextvars.bound_contextvars(call="CA1", number="+19055550100"):
        line = logged(stream)
    assert (line["call"], line["number"]) == ("CA1", REMOVED)


def test_a_terminal_gets_columns_without_private_data() -> None:
    terminal = Terminal()
    configure_logs("info", "auto", terminal)
    structlog.get_logger().info("call-received", queue="taxes", number="+19055550100")
    shown = terminal.getvalue()
    assert "call-received" in shown
    assert "taxes" in shown
    assert "0100" not in shown
    with pytest.raises(json.JSONDecodeError):
        json.loads(shown)


class FullDisk(io.StringIO):
    def write(self, text: str) -> int:
        raise OSError(28, "No space left on device")


def test_a_log_that_cannot_be_written_stops_nothing() -> None:
    configure_logs("info", "json", FullDisk())
    structlog.get_logger().error("disk-is-full")
    logging.getLogger("elsewhere").error("disk is full")


def test_a_pipe_gets_json_by_itself(stream: io.StringIO) -> None:
    configure_logs("info", "auto", stream)
    structlog.get_logger().info("started")
    assert lines(stream)[0]["event"] == "started"
