"""The tables that reports are made of: what was counted, handled and worked, a row for each.

A report is SQL over the rows of its days, however long the journal is kept. They are read from the
journal by a feed of their own. `day` is the day of the town on which a fact counts, an ISO date;
category and ward of a fact are those that its item has now. No resident's word, name, number or
key is here. `report_sums` holds the facts of days that stand still, added up; `report_unsettled`
says of which days it does not.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import BigInteger, Boolean, Column, Float, Index, Integer, String, Table

from router.history.tables import ID, METADATA, NAME

DAY: Final = 10  # "2026-11-18"

report_feed = Table(
    "report_feed",
    METADATA,
    Column("id", Integer, primary_key=True),  # always 1
    Column("position", BigInteger, nullable=False),  # journal version that reports have read
    Column("chain", String(64), nullable=False, server_default=""),  # hash of what they have read
)

report_items = Table(
    "report_items",
    METADATA,
    Column("id", String(ID), primary_key=True),
    Column("channel", String(16), nullable=False),
    Column("form", String(16), nullable=False),
    Column("queue", String(ID), nullable=False),  # the latest; "" = none yet
    Column("asked", String(ID), nullable=False),  # colleague who is asked about it; "" = nobody
    Column("asked_of", String(ID), nullable=False),  # and of which queue; "" = of none
    Column("category", String(ID), nullable=False),  # subject
    Column("ward", String(NAME), nullable=False),
    Column("agent", String(ID), nullable=False),  # who handled it last
    Column("received_at", BigInteger, nullable=False),
    Column("received_day", String(DAY), nullable=False),
    Column("ended_at", BigInteger),
    Column("ended_day", String(DAY), nullable=False),  # "" while it is open
    Column("ending", String(16), nullable=False),  # closed | merged | abandoned | diverted ...
    Column("handlings", Integer, nullable=False),  # in which an agent reached the resident
    Column("passed_on", Integer, nullable=False),
    Column("reopened", Integer, nullable=False),
    Column("in_hand", Integer, nullable=False),  # number of the open handling; 0 = none
    Column("numbers", Integer, nullable=False),  # of handlings, given so far
    Index("report_items_received", "received_day"),
    # what was open when a day ended is asked of all days: the index alone answers it
    Index(
        "report_items_ended",
        "ended_day", "received_day", "queue", "channel", "category", "ward",
    ),
)  # fmt: skip

report_results = Table(  # one for each result that was counted for the service level
    "report_results",
    METADATA,
    Column("item", String(ID), primary_key=True),
    Column("position", BigInteger, primary_key=True),  # number of the event in the journal
    Column("day", String(DAY), nullable=False),
    Column("queue", String(ID), nullable=False),
    Column("channel", String(16), nullable=False),
    Column("result", String(32), nullable=False),
    Column("category", String(ID), nullable=False),
    Column("ward", String(NAME), nullable=False),
    Column("agent", String(ID), nullable=False),  # who answered; "" = nobody has
    Column("interval", BigInteger, nullable=False),  # quarter of an hour of the entry
    Column("counted_at", BigInteger, nullable=False),
    Column("waited", BigInteger, nullable=False),  # ns
    Column("within", BigInteger, nullable=False),  # ns promised; 0 after its threshold
    Index("report_results_by_day", "day"),
)

report_handlings = Table(  # one for each time an agent had an item
    "report_handlings",
    METADATA,
    Column("item", String(ID), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("day", String(DAY), nullable=False),  # on which it ended; "" while it lasts
    Column("queue", String(ID), nullable=False),
    Column("channel", String(16), nullable=False),
    Column("category", String(ID), nullable=False),
    Column("ward", String(NAME), nullable=False),
    Column("agent", String(ID), nullable=False),
    Column("began_at", BigInteger, nullable=False),
    Column("ended_at", BigInteger),
    Column("ending", String(16), nullable=False),  # closed | transferred | returned | parked ...
    Column("unreached", Integer, nullable=False),  # telephones not answered yet; 0 = they talk
    Column("talked", BigInteger, nullable=False),  # ns, without hold
    Column("held", BigInteger, nullable=False),  # ns
    Column("noted", BigInteger, nullable=False),  # ns of wrap-up
    Column("phase", String(16), nullable=False),  # talked | held | noted; "" when it is over
    Column("phase_since", BigInteger, nullable=False),
    Index("report_handlings_by_day", "day"),
)

report_ratings = Table(  # what residents said of how it was
    "report_ratings",
    METADATA,
    Column("item", String(ID), primary_key=True),
    Column("day", String(DAY), nullable=False),
    Column("queue", String(ID), nullable=False),
    Column("channel", String(16), nullable=False),
    Column("category", String(ID), nullable=False),
    Column("ward", String(NAME), nullable=False),
    Column("agent", String(ID), nullable=False),
    Column("score", Integer, nullable=False),  # 1 to 5
    Column("rated_at", BigInteger, nullable=False),
    Index("report_ratings_by_day", "day"),
)

report_agents = Table(  # agents at the desk, a row for each quarter of an hour
    "report_agents",
    METADATA,
    Column("agent", String(ID), primary_key=True),
    Column("interval", BigInteger, primary_key=True),  # its beginning
    Column("day", String(DAY), nullable=False),
    Column("worked", BigInteger, nullable=False),  # ns with at least one item in hand
    Column("ready", BigInteger, nullable=False),  # ns available, with nothing in hand
    Column("away", BigInteger, nullable=False),  # ns away, with nothing in hand
    Index("report_agents_by_day", "day"),
)

report_sums = Table(  # facts of days that stand still, added up; `report_sums.SUMMED` says how
    "report_sums",
    METADATA,
    Column("kind", String(16), primary_key=True),
    Column("day", String(DAY), primary_key=True),
    Column("queue", String(ID), primary_key=True),
    Column("channel", String(16), primary_key=True),
    Column("category", String(ID), primary_key=True),
    Column("ward", String(NAME), primary_key=True),
    Column("agent", String(ID), primary_key=True),
    Column("name", String(32), primary_key=True),
    Column("number", BigInteger, nullable=False),
    Column("sum_a", BigInteger, nullable=False),
    Column("sum_b", BigInteger, nullable=False),
    Column("sum_c", BigInteger, nullable=False),
    Column("sum_d", BigInteger, nullable=False),
    sqlite_with_rowid=False,  # the key is most of the row: kept once
)

report_unsettled = Table(  # days whose facts have changed since they were added up
    "report_unsettled",
    METADATA,
    Column("day", String(DAY), primary_key=True),
)

report_presence = Table(  # how each agent stands where reports have read to
    "report_presence",
    METADATA,
    Column("agent", String(ID), primary_key=True),
    Column("status", String(16), nullable=False),
    Column("in_hand", Integer, nullable=False),  # items
    Column("since", BigInteger, nullable=False),  # counted up to here
)

report_policies = Table(  # when a policy was adopted, and the town's time zone from then on
    "report_policies",
    METADATA,
    Column("adopted_at", BigInteger, primary_key=True),
    Column("policy", String(ID), nullable=False),
    Column("time_zone", String(ID), nullable=False),
)

report_promises = Table(  # what a queue has promised since
    "report_promises",
    METADATA,
    Column("queue", String(ID), primary_key=True),
    Column("channel", String(16), primary_key=True),
    Column("adopted_at", BigInteger, primary_key=True),
    Column("day", String(DAY), nullable=False),  # on which it was adopted
    Column("formula", String(ID), nullable=False),  # name and version
    Column("share", Float, nullable=False),  # promised, 0..1
    Column("within", BigInteger, nullable=False),  # ns; 0 of texts
    Column("written", String(NAME), nullable=False),  # of texts: first response, as written
)

report_names = Table(  # how queues, categories and agents are called, by the latest policy
    "report_names",
    METADATA,
    Column("kind", String(16), primary_key=True),  # town | queue | category | agent
    Column("id", String(ID), primary_key=True),
    Column("language", String(8), primary_key=True),  # "" = in every language
    Column("name", String(NAME), nullable=False),
)

report_formulas = Table(  # what each result is to each formula, for shares made outside
    "report_formulas",
    METADATA,
    Column("formula", String(ID), primary_key=True),
    Column("result", String(32), primary_key=True),
    Column("is_met", Boolean, nullable=False),
)
