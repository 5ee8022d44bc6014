"""Tables of what goes out and comes in beside the interfaces: providers of git, notifications.

Columns named `sealed` hold encrypted text (`sealing.py`), as in `job_tables.py`.
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
)

from upriver.server.db.columns import Id, Moment
from upriver.server.db.tables import metadata

providers = Table(
    "providers", metadata,
    Column("project_id", Id, ForeignKey("projects.id"), primary_key=True),
    Column("account_id", Id, ForeignKey("accounts.id"), nullable=False, index=True),
    Column("kind", String(16), nullable=False),
    Column("api_url", Text, nullable=False),
    Column("repository", String(512), nullable=False),
    # Where this server is for whoever reads a status.
    Column("link_base", Text, nullable=False),
    Column("sealed", Text, nullable=False),
    Column("updated_at", Moment, nullable=False),
)  # fmt: skip
"""Where a project's pull requests are; sealed are the secret of its events, and a token."""

provider_events = Table(
    "provider_events", metadata,
    Column("project_id", Id, ForeignKey("projects.id"), primary_key=True),
    Column("sha256", String(64), primary_key=True),
    Column("created_at", Moment, nullable=False),
)  # fmt: skip
"""Events that were acted on, by the digest of their bodies: the same one again changes nothing."""

extended_attributes = Table(
    "extended_attributes", metadata,
    Column("environment_id", Id, ForeignKey("environments.id"), primary_key=True),
    Column("account_id", Id, ForeignKey("accounts.id"), nullable=False, index=True),
    Column("sealed", Text, nullable=False),
    Column("updated_at", Moment, nullable=False),
)  # fmt: skip
"""What is laid over the profile of an environment's runs, as JSON (ENV-07)."""

notifications = Table(
    "notifications", metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("account_id", Id, ForeignKey("accounts.id"), nullable=False, index=True),
    Column("user_id", Id, ForeignKey("users.id")),
    # 1: a person's own address, 2: Slack, 4: another address.
    Column("type", Integer, nullable=False),
    Column("external_email", String(255)),
    Column("slack_channel_name", String(255)),
    # The address that Slack gave for incoming webhooks; whoever knows it may write there.
    Column("sealed", Text),
    Column("on_success", JSON, nullable=False),
    Column("on_failure", JSON, nullable=False),
    Column("on_cancel", JSON, nullable=False),
    Column("link_base", Text, nullable=False),
    Column("is_active", Boolean, nullable=False, default=True),
    Column("created_at", Moment, nullable=False),
    Column("updated_at", Moment, nullable=False),
    sqlite_autoincrement=True,
)  # fmt: skip
"""Who wants to hear how runs of which jobs end (NTF-01)."""

messages = Table(
    "messages", metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("account_id", Id, ForeignKey("accounts.id"), nullable=False, index=True),
    Column("run_id", Id, ForeignKey("runs.id"), nullable=False, index=True),
    Column("kind", String(16), nullable=False),
    Column("notification_id", Id, ForeignKey("notifications.id")),
    Column("content", JSON, nullable=False),
    Column("tries", Integer, nullable=False, default=0),
    Column("problem", Text),
    Column("due_at", Moment),
    Column("created_at", Moment, nullable=False),
    Column("delivered_at", Moment),
    Index("ix_messages_due", "due_at"),
    sqlite_autoincrement=True,
)  # fmt: skip
"""Statuses and notifications on their way, like `deliveries`; `due_at` is null when done."""
