"""The tables. Every row that belongs to an account says so, and every query is scoped by it.

Invariants beyond what the columns say: a row of `runs` whose status is terminal never changes
its status; an artifact is never overwritten; `environments.current_state_run_id` is moved only in
the transaction that ends a run, or by a pin. Ids are not used a second time on SQLite either
(`sqlite_autoincrement`).
"""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from upriver.server.db.columns import Id, Moment

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(column_0_label)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _id() -> Column[int]:
    return Column("id", Id, primary_key=True, autoincrement=True)


def _to(table: str, *, is_optional: bool = False) -> Column[int]:
    """Return a column that leads to a row of another table."""
    name = {"environments": "environment_id"}.get(table, f"{table.removesuffix('s')}_id")
    return Column(name, Id, ForeignKey(f"{table}.id"), nullable=is_optional, index=True)


def _moment(name: str, *, is_optional: bool = True) -> Column[object]:
    return Column(name, Moment, nullable=is_optional)


accounts = Table(
    "accounts", metadata, _id(),
    Column("name", String(255), nullable=False),
    _moment("created_at", is_optional=False),
    sqlite_autoincrement=True,
)  # fmt: skip

users = Table(
    "users", metadata, _id(), _to("accounts"),
    Column("email", String(255), nullable=False, unique=True),
    Column("name", String(255), nullable=False),
    Column("password_hash", Text),
    Column("is_active", Boolean, nullable=False, default=True),
    _moment("created_at", is_optional=False),
    _moment("last_login_at"),
    sqlite_autoincrement=True,
)  # fmt: skip

sessions = Table(
    "sessions", metadata, _id(), _to("accounts"), _to("users"),
    Column("secret_sha256", String(64), nullable=False, unique=True),
    Column("forgery_secret", String(64), nullable=False),
    Column("address", String(64)),
    _moment("created_at", is_optional=False),
    _moment("last_seen_at", is_optional=False),
    _moment("expires_at", is_optional=False),
    sqlite_autoincrement=True,
)  # fmt: skip

tokens = Table(
    "tokens", metadata, _id(), _to("accounts"), _to("users", is_optional=True),
    Column("kind", String(16), nullable=False),
    Column("name", String(255), nullable=False),
    Column("public_id", String(32), nullable=False, unique=True),
    Column("secret_sha256", String(64), nullable=False),
    Column("created_by", Id),
    _moment("created_at", is_optional=False),
    _moment("expires_at"),
    _moment("last_used_at"),
    _moment("revoked_at"),
    sqlite_autoincrement=True,
)  # fmt: skip

projects = Table(
    "projects", metadata, _id(), _to("accounts"),
    Column("name", String(255), nullable=False),
    Column("description", Text),
    Column("type", Integer, nullable=False, default=0),
    Column("subdirectory", Text),
    Column("repository_url", Text),
    Column("state", Integer, nullable=False, default=1),
    _moment("created_at", is_optional=False),
    _moment("updated_at", is_optional=False),
    UniqueConstraint("account_id", "name", name="uq_projects_name"),
    sqlite_autoincrement=True,
)  # fmt: skip

grants = Table(
    "grants", metadata, _id(), _to("accounts"),
    _to("users", is_optional=True), _to("tokens", is_optional=True),
    _to("projects", is_optional=True),
    Column("permission_set", String(64), nullable=False),
    sqlite_autoincrement=True,
)  # fmt: skip
"""What a user or a service token may do, in all projects or in one."""

environments = Table(
    "environments", metadata, _id(), _to("accounts"), _to("projects"),
    Column("name", String(255), nullable=False),
    Column("type", String(16), nullable=False),
    Column("deployment_type", String(16)),
    Column("dbt_version", String(64)),
    Column("custom_branch", String(255)),
    Column("accepts_parsed", Boolean, nullable=False, default=False),
    Column("state", Integer, nullable=False, default=1),
    # No foreign keys: runs lead to environments already, and SQLite cannot add one later.
    Column("current_state_run_id", Id),
    Column("pinned_run_id", Id),
    Column("ledger_revision", BigInteger, nullable=False, default=0),
    Column("ledger_nodes", Integer, nullable=False, default=0),
    _moment("created_at", is_optional=False),
    _moment("updated_at", is_optional=False),
    sqlite_autoincrement=True,
)  # fmt: skip

Index(
    "uq_environments_deployment", environments.c.project_id, environments.c.deployment_type,
    unique=True,
    sqlite_where=text("deployment_type IS NOT NULL AND state = 1"),
    postgresql_where=text("deployment_type IS NOT NULL AND state = 1"),
)  # fmt: skip
Index(
    "uq_environments_development", environments.c.project_id, unique=True,
    sqlite_where=text("type = 'development' AND state = 1"),
    postgresql_where=text("type = 'development' AND state = 1"),
)  # fmt: skip

jobs = Table(
    "jobs", metadata, _id(), _to("accounts"), _to("projects"), _to("environments"),
    Column("name", String(255), nullable=False),
    Column("description", Text),
    Column("job_type", String(32), nullable=False, default="other"),
    Column("execute_steps", JSON, nullable=False),
    Column("dbt_version", String(64)),
    Column("deferring_environment_id", Id),
    Column("deferring_job_definition_id", Id),
    Column("timeout_seconds", Integer, nullable=False, default=0),
    Column("generate_docs", Boolean, nullable=False, default=False),
    Column("run_generate_sources", Boolean, nullable=False, default=False),
    Column("run_lint", Boolean, nullable=False, default=False),
    Column("errors_on_lint_failure", Boolean, nullable=False, default=True),
    Column("run_compare_changes", Boolean, nullable=False, default=False),
    Column("compare_changes_flags", Text),
    Column("settings", JSON, nullable=False),
    Column("triggers", JSON, nullable=False),
    Column("schedule", JSON, nullable=False),
    Column("completion_trigger", JSON(none_as_null=True)),
    Column("triggers_on_draft_pr", Boolean, nullable=False, default=False),
    Column("force_node_selection", Boolean),
    Column("is_deactivated", Boolean, nullable=False, default=False),
    Column("deactivation_reason", Text),
    Column("run_failure_count", Integer, nullable=False, default=0),
    Column("state", Integer, nullable=False, default=1),
    Column("next_run_at", Moment, index=True),
    _moment("created_at", is_optional=False),
    _moment("updated_at", is_optional=False),
    sqlite_autoincrement=True,
)  # fmt: skip

runs = Table(
    "runs", metadata, _id(), _to("accounts"), _to("projects"), _to("environments"),
    _to("jobs", is_optional=True),
    Column("status", Integer, nullable=False),
    Column("status_message", Text),
    Column("cause", String(255), nullable=False),
    Column("cause_category", String(32), nullable=False),
    # What was asked for when the run was triggered: overrides, as they came.
    Column("trigger", JSON, nullable=False),
    Column("idempotency_key", String(255)),
    Column("is_ci", Boolean, nullable=False, default=False),
    Column("is_redirected", Boolean, nullable=False, default=False),
    Column("pull_request_id", String(64)),
    Column("git_sha", String(64)),
    Column("git_branch", String(255)),
    Column("dbt_version", String(64)),
    Column("triggered_by", String(255)),
    Column("cancelled_by", String(255)),
    Column("retrying_run_id", Id),
    Column("deferring_run_id", Id),
    # Who carries it out: a lease that only its holder renews.
    Column("worker", String(255)),
    Column("lease", String(64)),
    _moment("heartbeat_at"),
    _moment("cancel_requested_at"),
    _moment("created_at", is_optional=False),
    _moment("updated_at", is_optional=False),
    _moment("should_start_at"),
    _moment("dequeued_at"),
    _moment("started_at"),
    _moment("finished_at"),
    # What its manifest is, when it has one; set in the transaction that ends the run.
    Column("command", String(64)),
    Column("invocation_id", String(64)),
    Column("is_usable", Boolean, nullable=False, default=False),
    Column("unusable_reason", Text),
    Column("manifest_sha256", String(64)),
    Column("manifest_size", BigInteger),
    Column("manifest_schema_version", Integer),
    _moment("manifest_generated_at"),
    Column("index_key", String(128)),
    Index("ix_runs_usable", "environment_id", "is_usable", "finished_at"),
    Index("ix_runs_status", "status", "job_id"),
    UniqueConstraint("job_id", "idempotency_key", name="uq_runs_idempotency"),
    sqlite_autoincrement=True,
)  # fmt: skip

run_steps = Table(
    "run_steps", metadata, _id(), _to("accounts"), _to("runs"),
    Column("index", Integer, nullable=False),
    Column("name", Text, nullable=False),
    Column("command", Text),
    Column("status", Integer, nullable=False),
    Column("status_message", Text),
    Column("logs", Text),
    Column("debug_logs", Text),
    _moment("created_at", is_optional=False),
    _moment("updated_at", is_optional=False),
    _moment("started_at"),
    _moment("finished_at"),
    UniqueConstraint("run_id", "index", name="uq_run_steps_index"),
    sqlite_autoincrement=True,
)  # fmt: skip

artifacts = Table(
    "artifacts", metadata, _id(), _to("accounts"), _to("runs"),
    Column("step", Integer, nullable=False),
    Column("name", String(512), nullable=False),
    Column("object_key", String(128), nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("stored_size", BigInteger, nullable=False),
    _moment("created_at", is_optional=False),
    UniqueConstraint("run_id", "step", "name", name="uq_artifacts_name"),
    sqlite_autoincrement=True,
)  # fmt: skip
"""Objects are gzip; `sha256` and `size` are of the plain bytes."""

ingests = Table(
    "ingests", metadata, _id(), _to("accounts"), _to("environments"),
    _to("runs", is_optional=True),
    Column("status", String(16), nullable=False),
    Column("invocation_id", String(64)),
    Column("actor", String(255)),
    Column("total", BigInteger),
    Column("problem", Text),
    # Who unpacks it, so that a second request for the same waits for the first.
    Column("claim", String(64)),
    _moment("claimed_at"),
    _moment("created_at", is_optional=False),
    _moment("expires_at", is_optional=False),
    _moment("finished_at"),
    sqlite_autoincrement=True,
)  # fmt: skip

ingest_parts = Table(
    "ingest_parts", metadata, _id(), _to("ingests"),
    Column("start", BigInteger, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("object_key", String(128), nullable=False),
    UniqueConstraint("ingest_id", "start", name="uq_ingest_parts_start"),
    sqlite_autoincrement=True,
)  # fmt: skip

builds = Table(
    "builds", metadata,
    Column("environment_id", Id, ForeignKey("environments.id"), primary_key=True),
    Column("unique_id", String(512), primary_key=True),
    Column("relation", Text),
    Column("fingerprint", String(128)),
    _moment("built_at", is_optional=False),
    Column("run_id", Id, ForeignKey("runs.id"), nullable=False),
    Column("git_sha", String(64)),
)  # fmt: skip
"""The build ledger: the last successful build of each node in each environment."""

audit_events = Table(
    "audit_events", metadata, _id(), _to("accounts"),
    _moment("at", is_optional=False),
    Column("event", String(64), nullable=False, index=True),
    Column("is_success", Boolean, nullable=False, default=True),
    Column("actor_kind", String(16), nullable=False),
    Column("actor_id", Id),
    Column("actor_name", String(255), nullable=False),
    Column("address", String(64)),
    Column("source", String(8), nullable=False),
    Column("object_kind", String(32)),
    Column("object_id", Id),
    Column("detail", JSON(none_as_null=True)),
    sqlite_autoincrement=True,
)  # fmt: skip
"""Rows are only ever added."""
