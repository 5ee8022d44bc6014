"""Providers of git and their events, extended attributes, notifications, and messages."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from upriver.server.db.columns import Id, Moment

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Make the tables."""
    _providers()
    _provider_events()
    _extended_attributes()
    _notifications()
    _messages()


def downgrade() -> None:
    """Drop them, those first that lead to others."""
    for table in (
        "messages", "notifications", "extended_attributes", "provider_events", "providers",
    ):  # fmt: skip
        op.drop_table(table)


def _leads_to(table: str, column: str, other: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{other}.id"], name=op.f(f"fk_{table}_{column}"))


def _indexed(table: str, *columns: str) -> None:
    for column in columns:
        op.create_index(op.f(f"ix_{table}_{column}"), table, [column])


def _providers() -> None:
    op.create_table(
        "providers",
        sa.Column("project_id", Id, nullable=False),
        sa.Column("account_id", Id, nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("api_url", sa.Text(), nullable=False),
        sa.Column("repository", sa.String(length=512), nullable=False),
        sa.Column("link_base", sa.Text(), nullable=False),
        sa.Column("sealed", sa.Text(), nullable=False),
        sa.Column("updated_at", Moment(), nullable=False),
        _leads_to("providers", "project_id", "projects"),
        _leads_to("providers", "account_id", "accounts"),
        sa.PrimaryKeyConstraint("project_id", name=op.f("pk_providers")),
    )
    _indexed("providers", "account_id")


def _provider_events() -> None:
    op.create_table(
        "provider_events",
        sa.Column("project_id", Id, nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        _leads_to("provider_events", "project_id", "projects"),
        sa.PrimaryKeyConstraint("project_id", "sha256", name=op.f("pk_provider_events")),
    )


def _extended_attributes() -> None:
    op.create_table(
        "extended_attributes",
        sa.Column("environment_id", Id, nullable=False),
        sa.Column("account_id", Id, nullable=False),
        sa.Column("sealed", sa.Text(), nullable=False),
        sa.Column("updated_at", Moment(), nullable=False),
        _leads_to("extended_attributes", "environment_id", "environments"),
        _leads_to("extended_attributes", "account_id", "accounts"),
        sa.PrimaryKeyConstraint("environment_id", name=op.f("pk_extended_attributes")),
    )
    _indexed("extended_attributes", "account_id")


def _notifications() -> None:
    op.create_table(
        "notifications",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("account_id", Id, nullable=False),
        sa.Column("user_id", Id, nullable=True),
        sa.Column("type", sa.Integer(), nullable=False),
        sa.Column("external_email", sa.String(length=255), nullable=True),
        sa.Column("slack_channel_name", sa.String(length=255), nullable=True),
        sa.Column("sealed", sa.Text(), nullable=True),
        sa.Column("on_success", sa.JSON(), nullable=False),
        sa.Column("on_failure", sa.JSON(), nullable=False),
        sa.Column("on_cancel", sa.JSON(), nullable=False),
        sa.Column("link_base", sa.Text(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("updated_at", Moment(), nullable=False),
        _leads_to("notifications", "account_id", "accounts"),
        _leads_to("notifications", "user_id", "users"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notifications")),
        sqlite_autoincrement=True,
    )
    _indexed("notifications", "account_id")


def _messages() -> None:
    op.create_table(
        "messages",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("account_id", Id, nullable=False),
        sa.Column("run_id", Id, nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("notification_id", Id, nullable=True),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("problem", sa.Text(), nullable=True),
        sa.Column("due_at", Moment(), nullable=True),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("delivered_at", Moment(), nullable=True),
        _leads_to("messages", "account_id", "accounts"),
        _leads_to("messages", "run_id", "runs"),
        _leads_to("messages", "notification_id", "notifications"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_messages")),
        sqlite_autoincrement=True,
    )
    _indexed("messages", "account_id", "run_id")
    op.create_index("ix_messages_due", "messages", ["due_at"])
