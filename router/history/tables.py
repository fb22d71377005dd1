"""The tables of history: what is kept of the past, who may sign in, how far the journal was read.

Instants are BIGINT nanoseconds UTC, the core's own integers: exact, ordered, equal to what the
journal says, and the same on SQLite and PostgreSQL. People read them through the desk and through
`townline report`, which turn them into local times. "" stands for "not known" in text columns,
NULL in instants. Only plain types are used, so that the same statements run on both databases.

This module is the shape that the newest migration leaves behind; a test compares the two.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
)

METADATA: Final = MetaData()

ID: Final = 64  # item, offer, agent, queue ids, references
NAME: Final = 200
ADDRESS: Final = 320  # of mail, or a telephone number

# --- residents' words ----------------------------------------------------------------------------

contacts = Table(
    "contacts",
    METADATA,
    Column("ref", String(ID), primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("address_key", String(ID), nullable=False),  # "" until an item names it, or withheld
    Column("body", Text, nullable=False),  # JSON {"number", "name", "email"}; "" once redacted
    Column("stored_at", BigInteger, nullable=False),
    Column("redacted_at", BigInteger),
    Index("contacts_by_address", "address_key"),
    Index("contacts_by_age", "redacted_at", "stored_at"),
)

contact_addresses = Table(  # which addresses stand in which contacts; none of emptied ones
    "contact_addresses",
    METADATA,
    Column("address", String(ADDRESS), primary_key=True),  # +E.164; mail in small letters, ASCII
    Column("ref", String(ID), primary_key=True),
    Index("contact_addresses_by_ref", "ref"),
)

messages = Table(
    "messages",
    METADATA,
    Column("ref", String(ID), primary_key=True),
    Column("kind", String(16), nullable=False),  # message | form | digits | recording | note | said
    Column("body", LargeBinary, nullable=False),  # as it came; empty once redacted
    Column("stored_at", BigInteger, nullable=False),
    Column("redacted_at", BigInteger),
    Index("messages_by_age", "kind", "redacted_at", "stored_at"),
)

mentions = Table(  # which items refer to which words; words nobody mentions are swept
    "mentions",
    METADATA,
    Column("ref", String(ID), primary_key=True),
    Column("item", String(ID), primary_key=True),  # "" for words of no item: machines' mail
    Column("address_key", String(ID), nullable=False),  # of contacts; "" otherwise
    Index("mentions_by_item", "item"),
)

blob_uses = Table(  # which words refer to which large bytes; bytes nobody uses are dropped
    "blob_uses",
    METADATA,
    Column("blob", String(ID), primary_key=True),
    Column("ref", String(ID), primary_key=True),
    Index("blob_uses_by_ref", "ref"),
)

conversations = Table(
    "conversations",
    METADATA,
    Column("id", String(ID), primary_key=True),
    Column("channel", String(16), nullable=False),
    Column("door", String(ID), nullable=False),  # mailbox or chat door
    Column("address_key", String(ID), nullable=False),
    Column("contact_ref", String(ID), nullable=False),
    Column("language", String(8), nullable=False),
    Column("begun_at", BigInteger, nullable=False),
    Column("item", String(ID), nullable=False),  # the latest
    Column("count", Integer, nullable=False),  # messages
    Column("score", Integer, nullable=False),  # of the survey, 1 to 5; 0 = none
    Index("conversations_by_address", "address_key"),
    Index("conversations_by_item", "item"),
)

conversation_messages = Table(
    "conversation_messages",
    METADATA,
    Column("conversation", String(ID), primary_key=True),
    Column("number", Integer, primary_key=True),
    # a chat that comes back after the core has let it go is counted from 1 again, for a new item
    Column("item", String(ID), primary_key=True),
    Column("kind", String(16), nullable=False),  # text | file | note | automatic | ...
    Column("by", String(NAME), nullable=False),  # resident | town | agent:x | contact:y
    Column("at", BigInteger, nullable=False),
    Column("ref", String(ID), nullable=False),
    Column("note", String(NAME), nullable=False),
    Index("conversation_messages_by_ref", "ref"),
)

kept_mail = Table(  # machines' mail: why nobody had to read it
    "kept_mail",
    METADATA,
    Column("ref", String(ID), primary_key=True),
    Column("at", BigInteger, nullable=False),
    Column("conversation", String(ID), nullable=False),
    Column("item", String(ID), nullable=False),
    Column("kind", String(32), nullable=False),
    Column("why", String(NAME), nullable=False),
    Column("contact_ref", String(ID), nullable=False),  # whose address it came from
    Index("kept_mail_by_instant", "at"),
    Index("kept_mail_by_contact", "contact_ref"),
)

mail_ids = Table(  # digests of Message-IDs, so that an answer finds its conversation years later
    "mail_ids",
    METADATA,
    Column("key", String(ID), primary_key=True),
    Column("item", String(ID), nullable=False),
)

drafts = Table(  # what agents are writing
    "drafts",
    METADATA,
    Column("item", String(ID), primary_key=True),
    Column("agent", String(ID), primary_key=True),
    Column("body", Text, nullable=False),
    Column("stored_at", BigInteger, nullable=False),
)

blocked = Table(  # who may not write by chat, until when
    "blocked",
    METADATA,
    Column("address_key", String(ID), primary_key=True),  # of a person, or a conversation's id
    Column("until", BigInteger),
    Column("reason", String(NAME), nullable=False),
    Column("by", String(ID), nullable=False),
)

# --- work ----------------------------------------------------------------------------------------

items = Table(
    "items",
    METADATA,
    Column("id", String(ID), primary_key=True),
    Column("channel", String(16), nullable=False),
    Column("tempo", String(16), nullable=False),
    Column("form", String(16), nullable=False),
    Column("state", String(16), nullable=False),
    Column("called", String(NAME), nullable=False),  # called number, or form id
    Column("address_key", String(ID), nullable=False),
    Column("contact_ref", String(ID), nullable=False),
    Column("words_ref", String(ID), nullable=False),
    Column("note_ref", String(ID), nullable=False),
    Column("language", String(8), nullable=False),
    Column("subject", String(ID), nullable=False),
    Column("attributes", Text, nullable=False),  # JSON object; choices, never identities
    Column("queue", String(ID), nullable=False),
    Column("received_at", BigInteger, nullable=False),
    Column("queued_at", BigInteger),  # first entry into line
    Column("due_at", BigInteger),
    Column("answered_at", BigInteger),  # first handling
    Column("handling_since", BigInteger),  # while an agent handles it
    Column("ended_at", BigInteger),
    Column("waited", BigInteger),  # ns from the first entry into line to the answer, or the end
    Column("handled", BigInteger, nullable=False),  # ns of handling, all agents together
    Column("agent", String(ID), nullable=False),  # the last who handled it
    Column("outcome", String(NAME), nullable=False),
    Column("code", String(ID), nullable=False),  # wrap-up code
    Column("service_level", String(32), nullable=False),  # the last result that was counted
    Column("service_level_queue", String(ID), nullable=False),
    Column("service_level_day", String(10), nullable=False),
    Column("reopened", Integer, nullable=False),
    Column("conversation", String(ID), nullable=False),  # "" without one
    Column("responded_at", BigInteger),  # first answer of a person to what was written
    Index("items_by_receipt", "received_at"),
    Index("items_by_end", "ended_at"),
    Index("items_by_address", "address_key"),
    Index("items_by_conversation", "conversation"),
)

item_events = Table(  # the story of an item, without anybody's words
    "item_events",
    METADATA,
    Column("item", String(ID), primary_key=True),
    Column("position", BigInteger, primary_key=True),  # number of the event in the journal
    Column("at", BigInteger, nullable=False),
    Column("event", String(40), nullable=False),
    Column("body", Text, nullable=False),  # JSON object
    Index("item_events_by_name", "event", "at"),
)

offers = Table(
    "offers",
    METADATA,
    Column("id", String(ID), primary_key=True),
    Column("item", String(ID), nullable=False),
    Column("agent", String(ID), nullable=False),
    Column("made_at", BigInteger, nullable=False),
    Column("ended_at", BigInteger),
    Column("ending", String(16), nullable=False),  # "" while open
    Index("offers_by_item", "item"),
    Index("offers_by_agent", "agent", "made_at"),
)

feed = Table(
    "feed",
    METADATA,
    Column("id", Integer, primary_key=True),  # always 1
    Column("position", BigInteger, nullable=False),  # journal version that history has read
    Column("chain", String(64), nullable=False, server_default=""),  # hash of what it has read
)

# --- people inside -------------------------------------------------------------------------------

accounts = Table(
    "accounts",
    METADATA,
    Column("name", String(ID), primary_key=True),
    Column("password", String(NAME), nullable=False),  # argon2id, parameters included; "" = none
    Column("role", String(16), nullable=False),
    Column("agent_id", String(ID), nullable=False),  # "" when the person takes no items
    Column("must_change", Boolean, nullable=False),
    Column("failures", Integer, nullable=False),  # in a row
    Column("locked_until", BigInteger),
    Column("created_at", BigInteger, nullable=False),
    Column("disabled_at", BigInteger),  # NULL: may be used
    Column("provider_name", String(NAME), nullable=False, server_default=""),  # "" = none
    Index("accounts_by_provider_name", "provider_name"),
)

sessions = Table(
    "sessions",
    METADATA,
    Column("token", String(ID), primary_key=True),  # hex SHA-256 of what the browser holds
    Column("account", String(ID), nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Column("last_seen", BigInteger, nullable=False),
    Index("sessions_by_account", "account"),
)

sign_ins = Table(  # begun at the sign-in provider, not come back yet
    "sign_ins",
    METADATA,
    Column("state", String(ID), primary_key=True),  # hex SHA-256 of what the browser holds
    Column("verifier", String(NAME), nullable=False),
    Column("nonce", String(NAME), nullable=False),
    Column("page", String(ID), nullable=False),  # of the console, to go on with
    Column("expires_at", BigInteger, nullable=False),
)

audit = Table(
    "audit",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("at", BigInteger, nullable=False),
    Column("who", String(ID), nullable=False),
    Column("what", String(ID), nullable=False),
    Column("target", String(NAME), nullable=False),
    Index("audit_by_instant", "at"),
    Index("audit_by_target", "target"),
)
