"""Alembic's entry: runs the missing steps on the connection that `router.history.schema` gives.

The transaction is the caller's: either every step is done or none.
"""

from __future__ import annotations

from alembic import context

from router.history.tables import METADATA

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    render_as_batch=True,  # SQLite changes tables by copying them
    transactional_ddl=True,
)
context.run_migrations()
