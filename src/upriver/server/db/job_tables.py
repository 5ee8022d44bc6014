"""Tables of what runs need: connections, variables, lines of logs, webhooks.

Columns named `sealed` hold encrypted text (`sealing.py`); the key is not in the database.
"""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from upriver.server.db.columns import Id, Moment
from upriver.server.db.tables import metadata

connections = Table(
    "connections", metadata,
    Column("environment_id", Id, ForeignKey("environments.id"), primary_key=True),
    Column("account_id", Id, ForeignKey("accounts.id"), nullable=False, index=True),
    Column("name", String(255), nullable=False),
    Column("profile", String(255), nullable=False),
    Column("target", String(255), nullable=False),
    Column("sealed", Text, nullable=False),
    Column("updated_at", Moment, nullable=False),
)  # fmt: skip
"""How runs of an environment reach their warehouse: the keys of a profile's target, as JSON."""

repositories = Table(
    "repositories", metadata,
    Column("project_id", Id, ForeignKey("projects.id"), primary_key=True),
    Column("account_id", Id, ForeignKey("accounts.id"), nullable=False, index=True),
    Column("username", String(255)),
    Column("sealed", Text, nullable=False),
    Column("updated_at", Moment, nullable=False),
)  # fmt: skip
"""What git needs to get a project's repository, a password or token."""

variables = Table(
    "variables", metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("account_id", Id, ForeignKey("accounts.id"), nullable=False, index=True),
    Column("project_id", Id, ForeignKey("projects.id"), nullable=False, index=True),
    Column("level", String(16), nullable=False),
    # The project, the environment or the job, as the level says.
    Column("scope_id", Id, nullable=False),
    Column("name", String(255), nullable=False),
    Column("sealed", Text, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("updated_at", Moment, nullable=False),
    UniqueConstraint("level", "scope_id", "name", name="uq_variables_name"),
    sqlite_autoincrement=True,
)  # fmt: skip

step_lines = Table(
    "step_lines", metadata,
    Column("step_id", Id, ForeignKey("run_steps.id"), primary_key=True),
    Column("part", Integer, primary_key=True),
    Column("text", Text, nullable=False),
)  # fmt: skip
"""What a step printed while it runs, some lines to a row; joined in `run_steps.logs` at its end."""

webhooks = Table(
    "webhooks", metadata,
    Column("id", String(40), primary_key=True),
    Column("account_id", Id, ForeignKey("accounts.id"), nullable=False, index=True),
    Column("name", String(255), nullable=False),
    Column("description", Text),
    Column("client_url", Text, nullable=False),
    Column("event_types", JSON, nullable=False),
    Column("job_ids", JSON, nullable=False),
    Column("is_active", Boolean, nullable=False, default=True),
    Column("sealed", Text, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("updated_at", Moment, nullable=False),
)  # fmt: skip

deliveries = Table(
    "deliveries", metadata,
    Column("id", String(40), primary_key=True),
    Column("webhook_id", String(40), ForeignKey("webhooks.id"), nullable=False, index=True),
    Column("run_id", Id, ForeignKey("runs.id"), nullable=False),
    Column("event_type", String(64), nullable=False),
    Column("body", Text, nullable=False),
    Column("tries", Integer, nullable=False, default=0),
    Column("http_status", Integer),
    Column("problem", Text),
    Column("due_at", Moment),
    Column("created_at", Moment, nullable=False),
    Column("delivered_at", Moment),
    Index("ix_deliveries_due", "due_at"),
    UniqueConstraint("webhook_id", "run_id", "event_type", name="uq_deliveries_event"),
)  # fmt: skip
"""Events on their way, written in the transaction of what they tell of; `due_at` is null when done."""
