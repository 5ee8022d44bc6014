"""What runs need: connections, repositories, variables, lines of logs, webhooks."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from upriver.server.db.columns import Id, Moment

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make the tables."""
    _connections()
    _repositories()
    _variables()
    _step_lines()
    _webhooks()
    _deliveries()


def downgrade() -> None:
    """Drop them, those first that lead to others."""
    for table in (
        "deliveries", "webhooks", "step_lines", "variables", "repositories", "connections",
    ):  # fmt: skip
        op.drop_table(table)


def _leads_to(table: str, column: str, other: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{other}.id"], name=op.f(f"fk_{table}_{column}"))


def _connections() -> None:
    op.create_table(
        "connections",
        sa.Column("environment_id", Id, nullable=False),
        sa.Column("account_id", Id, nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("profile", sa.String(length=255), nullable=False),
        sa.Column("target", sa.String(length=255), nullable=False),
        sa.Column("sealed", sa.Text(), nullable=False),
        sa.Column("updated_at", Moment(), nullable=False),
        _leads_to("connections", "environment_id", "environments"),
        _leads_to("connections", "account_id", "accounts"),
        sa.PrimaryKeyConstraint("environment_id", name=op.f("pk_connections")),
    )
    op.create_index(op.f("ix_connections_account_id"), "connections", ["account_id"])


def _repositories() -> None:
    op.create_table(
        "repositories",
        sa.Column("project_id", Id, nullable=False),
        sa.Column("account_id", Id, nullable=False),
        sa.Column("username", sa.String(length=255), nullable=True),
        sa.Column("sealed", sa.Text(), nullable=False),
        sa.Column("updated_at", Moment(), nullable=False),
        _leads_to("repositories", "project_id", "projects"),
        _leads_to("repositories", "account_id", "accounts"),
        sa.PrimaryKeyConstraint("project_id", name=op.f("pk_repositories")),
    )
    op.create_index(op.f("ix_repositories_account_id"), "repositories", ["account_id"])


def _variables() -> None:
    op.create_table(
        "variables",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("account_id", Id, nullable=False),
        sa.Column("project_id", Id, nullable=False),
        sa.Column("level", sa.String(length=16), nullable=False),
        sa.Column("scope_id", Id, nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("sealed", sa.Text(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("updated_at", Moment(), nullable=False),
        _leads_to("variables", "account_id", "accounts"),
        _leads_to("variables", "project_id", "projects"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_variables")),
        sa.UniqueConstraint("level", "scope_id", "name", name="uq_variables_name"),
        sqlite_autoincrement=True,
    )
    for column in ("account_id", "project_id"):
        op.create_index(op.f(f"ix_variables_{column}"), "variables", [column])


def _step_lines() -> None:
    op.create_table(
        "step_lines",
        sa.Column("step_id", Id, nullable=False),
        sa.Column("part", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        _leads_to("step_lines", "step_id", "run_steps"),
        sa.PrimaryKeyConstraint("step_id", "part", name=op.f("pk_step_lines")),
    )


def _webhooks() -> None:
    op.create_table(
        "webhooks",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("account_id", Id, nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("client_url", sa.Text(), nullable=False),
        sa.Column("event_types", sa.JSON(), nullable=False),
        sa.Column("job_ids", sa.JSON(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("sealed", sa.Text(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("updated_at", Moment(), nullable=False),
        _leads_to("webhooks", "account_id", "accounts"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhooks")),
    )
    op.create_index(op.f("ix_webhooks_account_id"), "webhooks", ["account_id"])


def _deliveries() -> None:
    op.create_table(
        "deliveries",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("webhook_id", sa.String(length=40), nullable=False),
        sa.Column("run_id", Id, nullable=False),
        sa.Column("event_type", sa.String(length=64), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("http_status", sa.Integer(), nullable=True),
        sa.Column("problem", sa.Text(), nullable=True),
        sa.Column("due_at", Moment(), nullable=True),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("delivered_at", Moment(), nullable=True),
        _leads_to("deliveries", "webhook_id", "webhooks"),
        _leads_to("deliveries", "run_id", "runs"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deliveries")),
        sa.UniqueConstraint("webhook_id", "run_id", "event_type", name="uq_deliveries_event"),
    )
    op.create_index("ix_deliveries_due", "deliveries", ["due_at"])
    op.create_index(op.f("ix_deliveries_webhook_id"), "deliveries", ["webhook_id"])
