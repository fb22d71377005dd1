"""What reports are made of: facts, promises, names, and views of them for other programs.

The tables begin empty, and their feed at the start of the journal: it reads again what the journal
still has, and nothing of the rest of history is touched. A later migration that changes one of
these tables drops its views first and makes them anew, with the same names and columns.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_POSTGRESQL = "postgresql"


def upgrade() -> None:
    """Make the tables and the views."""
    _items()
    _results()
    _handlings()
    _ratings()
    _agents()
    _sums()
    _policies()
    for name, query in _views(op.get_context().dialect.name == _POSTGRESQL).items():
        op.execute(f"CREATE VIEW {name} AS {query}")


def _id(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.String(length=64), nullable=False)


def _text(name: str, length: int) -> sa.Column[str]:
    return sa.Column(name, sa.String(length=length), nullable=False)


def _number(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.Integer(), nullable=False)


def _instant(name: str) -> sa.Column[int]:
    """Return a column of nanoseconds: an instant or a span."""
    return sa.Column(name, sa.BigInteger(), nullable=False)


def _place() -> list[sa.Column[str]]:
    """Return the columns that say where a fact counts."""
    return [
        _text("day", 10),
        _id("queue"),
        _text("channel", 16),
        _id("category"),
        _text("ward", 200),
        _id("agent"),
    ]


def _items() -> None:
    op.create_table(
        "report_feed",
        sa.Column("id", sa.Integer(), nullable=False),
        _instant("position"),
        sa.Column("chain", sa.String(length=64), nullable=False, server_default=""),
        sa.PrimaryKeyConstraint("id"),
    )
    op.execute("INSERT INTO report_feed (id, position) VALUES (1, 0)")
    op.create_table(
        "report_items",
        _id("id"),
        _text("channel", 16),
        _text("form", 16),
        _id("queue"),
        _id("asked"),
        _id("asked_of"),
        _id("category"),
        _text("ward", 200),
        _id("agent"),
        _instant("received_at"),
        _text("received_day", 10),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        _text("ended_day", 10),
        _text("ending", 16),
        _number("handlings"),
        _number("passed_on"),
        _number("reopened"),
        _number("in_hand"),
        _number("numbers"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("report_items_received", "report_items", ["received_day"])
    columns = ["ended_day", "received_day", "queue", "channel", "category", "ward"]
    op.create_index("report_items_ended", "report_items", columns)


def _results() -> None:
    op.create_table(
        "report_results",
        _id("item"),
        _instant("position"),
        *_place(),
        _text("result", 32),
        _instant("interval"),
        _instant("counted_at"),
        _instant("waited"),
        _instant("within"),
        sa.PrimaryKeyConstraint("item", "position"),
    )
    op.create_index("report_results_by_day", "report_results", ["day"])


def _handlings() -> None:
    op.create_table(
        "report_handlings",
        _id("item"),
        _number("number"),
        *_place(),
        _instant("began_at"),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        _text("ending", 16),
        _number("unreached"),
        _instant("talked"),
        _instant("held"),
        _instant("noted"),
        _text("phase", 16),
        _instant("phase_since"),
        sa.PrimaryKeyConstraint("item", "number"),
    )
    op.create_index("report_handlings_by_day", "report_handlings", ["day"])


def _ratings() -> None:
    op.create_table(
        "report_ratings",
        _id("item"),
        *_place(),
        _number("score"),
        _instant("rated_at"),
        sa.PrimaryKeyConstraint("item"),
    )
    op.create_index("report_ratings_by_day", "report_ratings", ["day"])


def _agents() -> None:
    op.create_table(
        "report_agents",
        _id("agent"),
        _instant("interval"),
        _text("day", 10),
        _instant("worked"),
        _instant("ready"),
        _instant("away"),
        sa.PrimaryKeyConstraint("agent", "interval"),
    )
    op.create_index("report_agents_by_day", "report_agents", ["day"])
    op.create_table(
        "report_presence",
        _id("agent"),
        _text("status", 16),
        _number("in_hand"),
        _instant("since"),
        sa.PrimaryKeyConstraint("agent"),
    )


def _sums() -> None:
    op.create_table(
        "report_sums",
        _text("kind", 16),
        *_place(),
        _text("name", 32),
        *(_instant(name) for name in ("number", "sum_a", "sum_b", "sum_c", "sum_d")),
        sa.PrimaryKeyConstraint(
            "kind", "day", "queue", "channel", "category", "ward", "agent", "name"
        ),
        sqlite_with_rowid=False,
    )
    op.create_table("report_unsettled", _text("day", 10), sa.PrimaryKeyConstraint("day"))


def _policies() -> None:
    op.create_table(
        "report_policies",
        _instant("adopted_at"),
        _id("policy"),
        _id("time_zone"),
        sa.PrimaryKeyConstraint("adopted_at"),
    )
    op.create_table(
        "report_promises",
        _id("queue"),
        _text("channel", 16),
        _instant("adopted_at"),
        _text("day", 10),
        _id("formula"),
        sa.Column("share", sa.Float(), nullable=False),
        _instant("within"),
        _text("written", 200),
        sa.PrimaryKeyConstraint("queue", "channel", "adopted_at"),
    )
    op.create_table(
        "report_names",
        _text("kind", 16),
        _id("id"),
        _text("language", 8),
        _text("name", 200),
        sa.PrimaryKeyConstraint("kind", "id", "language"),
    )
    op.create_table(
        "report_formulas",
        _id("formula"),
        _text("result", 32),
        sa.Column("is_met", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("formula", "result"),
    )


def _at(column: str) -> str:
    return f"strftime('%Y-%m-%dT%H:%M:%SZ', {column} / 1000000000, 'unixepoch')"


def _at_pg(column: str) -> str:
    return f"to_timestamp({column} / 1000000000.0)"


def _day(column: str) -> str:
    return f"NULLIF({column}, '')"


def _day_pg(column: str) -> str:
    return f"CAST(NULLIF({column}, '') AS date)"


def _seconds(column: str) -> str:
    return f"({column}) / 1000000000.0"


def _views(is_postgresql: bool) -> dict[str, str]:
    """Return the views: dates and instants as each database has them, spans in seconds."""
    at, day = (_at_pg, _day_pg) if is_postgresql else (_at, _day)
    place = "queue, channel, category, ward, agent"
    is_first = "CASE WHEN handlings = 1 AND passed_on = 0 AND reopened = 0 THEN 1 ELSE 0 END"
    return {
        "townline_items": f"""
            SELECT id AS item, {place}, {day("received_day")} AS received_day,
                {at("received_at")} AS received_at, {day("ended_day")} AS ended_day,
                {at("ended_at")} AS ended_at, ending, handlings, passed_on, reopened,
                CASE WHEN ending = 'closed' AND handlings > 0 THEN {is_first} END AS first_contact
            FROM report_items""",
        "townline_results": f"""
            SELECT item, {day("day")} AS day, {at("interval")} AS interval_at, {place}, result,
                {_seconds("waited")} AS waited_s, {_seconds("within")} AS promised_s
            FROM report_results""",
        "townline_handlings": f"""
            SELECT item, number, {day("day")} AS day, {place}, {at("began_at")} AS began_at,
                {at("ended_at")} AS ended_at, ending,
                CASE WHEN unreached = 0 THEN 1 ELSE 0 END AS reached,
                {_seconds("talked")} AS talked_s, {_seconds("held")} AS held_s,
                {_seconds("noted")} AS noted_s, {_seconds("talked + held + noted")} AS handled_s
            FROM report_handlings WHERE day <> ''""",
        "townline_ratings": f"""
            SELECT item, {day("day")} AS day, {place}, score FROM report_ratings""",
        "townline_agent_time": f"""
            SELECT agent, {day("day")} AS day, {at("interval")} AS interval_at,
                {_seconds("worked")} AS worked_s, {_seconds("ready")} AS ready_s,
                {_seconds("away")} AS away_s
            FROM report_agents""",
        "townline_names": "SELECT kind, id, language, name FROM report_names",
        "townline_service_level": f"""
            SELECT {day("c.day")} AS day, c.queue AS queue, c.channel AS channel,
                p.formula AS formula, p.share AS promised_share,
                {_seconds("p.within")} AS promised_s, p.written AS first_response,
                SUM(CASE WHEN f.is_met THEN c.number ELSE 0 END) AS met,
                SUM(c.number) AS looked_at,
                SUM(CASE WHEN f.is_met THEN c.number ELSE 0 END) * 1.0 / SUM(c.number) AS level
            FROM (
                SELECT day, queue, channel, result, COUNT(*) AS number
                FROM report_results GROUP BY day, queue, channel, result
            ) c
            JOIN report_promises p ON p.queue = c.queue AND p.channel = c.channel
                AND p.adopted_at = (
                    SELECT MAX(q.adopted_at) FROM report_promises q
                    WHERE q.queue = c.queue AND q.channel = c.channel AND q.day <= c.day
                )
            JOIN report_formulas f ON f.formula = p.formula AND f.result = c.result
            GROUP BY c.day, c.queue, c.channel, p.formula, p.share, p.within, p.written""",
    }
