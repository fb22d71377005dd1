"""What can be chosen of a report; imported by the command line, so it imports next to nothing."""

from __future__ import annotations

from enum import StrEnum


class By(StrEnum):
    """What a row stands for."""

    QUEUE = "queue"
    CHANNEL = "channel"
    CATEGORY = "category"
    WARD = "ward"
    AGENT = "agent"
    DAY = "day"
    HOUR = "hour"  # of one day: see `periods.may_be_by`


class Format(StrEnum):
    """How a report is written."""

    TABLE = "table"
    CSV = "csv"
    XLSX = "xlsx"
    HTML = "html"


class Tongue(StrEnum):
    """A language in which figures are named and defined."""

    EN = "en"
    FR = "fr"
