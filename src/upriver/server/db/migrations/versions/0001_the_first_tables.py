"""The first tables."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from upriver.server.db.columns import Id, Moment

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make all tables, those first that others lead to."""
    _accounts()
    _audit_events()
    _projects()
    _users()
    _environments()
    _sessions()
    _tokens()
    _grants()
    _jobs()
    _runs()
    _artifacts()
    _builds()
    _ingests()
    _run_steps()
    _ingest_parts()


def downgrade() -> None:
    """Drop everything."""
    for table in (
        "ingest_parts",
        "run_steps",
        "ingests",
        "builds",
        "artifacts",
        "runs",
        "jobs",
        "grants",
        "tokens",
        "sessions",
        "environments",
        "users",
        "projects",
        "audit_events",
        "accounts",
    ):
        op.drop_table(table)


def _accounts() -> None:
    op.create_table(
        "accounts",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_accounts")),
        sqlite_autoincrement=True,
    )


def _audit_events() -> None:
    op.create_table(
        "audit_events",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("account_id", Id, nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("event", sa.String(length=64), nullable=False),
        sa.Column("is_success", sa.Boolean(), nullable=False),
        sa.Column("actor_kind", sa.String(length=16), nullable=False),
        sa.Column("actor_id", Id, nullable=True),
        sa.Column("actor_name", sa.String(length=255), nullable=False),
        sa.Column("address", sa.String(length=64), nullable=True),
        sa.Column("source", sa.String(length=8), nullable=False),
        sa.Column("object_kind", sa.String(length=32), nullable=True),
        sa.Column("object_id", Id, nullable=True),
        sa.Column("detail", sa.JSON(none_as_null=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_audit_events_account_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_events")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        op.f("ix_audit_events_account_id"), "audit_events", ["account_id"], unique=False
    )
    op.create_index(op.f("ix_audit_events_event"), "audit_events", ["event"], unique=False)


def _projects() -> None:
    op.create_table(
        "projects",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("account_id", Id, nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("type", sa.Integer(), nullable=False),
        sa.Column("subdirectory", sa.Text(), nullable=True),
        sa.Column("repository_url", sa.Text(), nullable=True),
        sa.Column("state", sa.Integer(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("updated_at", Moment(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_projects_account_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_projects")),
        sa.UniqueConstraint("account_id", "name", name="uq_projects_name"),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_projects_account_id"), "projects", ["account_id"], unique=False)


def _users() -> None:
    op.create_table(
        "users",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("account_id", Id, nullable=False),
        sa.Column("email", sa.String(length=255), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=True),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("last_login_at", Moment(), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_users_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
        sa.UniqueConstraint("email", name=op.f("uq_users_email")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_users_account_id"), "users", ["account_id"], unique=False)


def _environments() -> None:
    op.create_table(
        "environments",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("account_id", Id, nullable=False),
        sa.Column("project_id", Id, nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("type", sa.String(length=16), nullable=False),
        sa.Column("deployment_type", sa.String(length=16), nullable=True),
        sa.Column("dbt_version", sa.String(length=64), nullable=True),
        sa.Column("custom_branch", sa.String(length=255), nullable=True),
        sa.Column("accepts_parsed", sa.Boolean(), nullable=False),
        sa.Column("state", sa.Integer(), nullable=False),
        sa.Column("current_state_run_id", Id, nullable=True),
        sa.Column("pinned_run_id", Id, nullable=True),
        sa.Column("ledger_revision", sa.BigInteger(), nullable=False),
        sa.Column("ledger_nodes", sa.Integer(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("updated_at", Moment(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_environments_account_id")
        ),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_environments_project_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_environments")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        op.f("ix_environments_account_id"), "environments", ["account_id"], unique=False
    )
    op.create_index(
        op.f("ix_environments_project_id"), "environments", ["project_id"], unique=False
    )
    op.create_index(
        "uq_environments_deployment",
        "environments",
        ["project_id", "deployment_type"],
        unique=True,
        sqlite_where=sa.text("deployment_type IS NOT NULL AND state = 1"),
        postgresql_where=sa.text("deployment_type IS NOT NULL AND state = 1"),
    )
    op.create_index(
        "uq_environments_development",
        "environments",
        ["project_id"],
        unique=True,
        sqlite_where=sa.text("type = 'development' AND state = 1"),
        postgresql_where=sa.text("type = 'development' AND state = 1"),
    )


def _sessions() -> None:
    op.create_table(
        "sessions",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("account_id", Id, nullable=False),
        sa.Column("user_id", Id, nullable=False),
        sa.Column("secret_sha256", sa.String(length=64), nullable=False),
        sa.Column("forgery_secret", sa.String(length=64), nullable=False),
        sa.Column("address", sa.String(length=64), nullable=True),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("last_seen_at", Moment(), nullable=False),
        sa.Column("expires_at", Moment(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_sessions_account_id")
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_sessions_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sessions")),
        sa.UniqueConstraint("secret_sha256", name=op.f("uq_sessions_secret_sha256")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_sessions_account_id"), "sessions", ["account_id"], unique=False)
    op.create_index(op.f("ix_sessions_user_id"), "sessions", ["user_id"], unique=False)


def _tokens() -> None:
    op.create_table(
        "tokens",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("account_id", Id, nullable=False),
        sa.Column("user_id", Id, nullable=True),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("public_id", sa.String(length=32), nullable=False),
        sa.Column("secret_sha256", sa.String(length=64), nullable=False),
        sa.Column("created_by", Id, nullable=True),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("expires_at", Moment(), nullable=True),
        sa.Column("last_used_at", Moment(), nullable=True),
        sa.Column("revoked_at", Moment(), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_tokens_account_id")
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_tokens_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tokens")),
        sa.UniqueConstraint("public_id", name=op.f("uq_tokens_public_id")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_tokens_account_id"), "tokens", ["account_id"], unique=False)
    op.create_index(op.f("ix_tokens_user_id"), "tokens", ["user_id"], unique=False)


def _grants() -> None:
    op.create_table(
        "grants",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("account_id", Id, nullable=False),
        sa.Column("user_id", Id, nullable=True),
        sa.Column("token_id", Id, nullable=True),
        sa.Column("project_id", Id, nullable=True),
        sa.Column("permission_set", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_grants_account_id")
        ),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_grants_project_id")
        ),
        sa.ForeignKeyConstraint(["token_id"], ["tokens.id"], name=op.f("fk_grants_token_id")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_grants_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_grants")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_grants_account_id"), "grants", ["account_id"], unique=False)
    op.create_index(op.f("ix_grants_project_id"), "grants", ["project_id"], unique=False)
    op.create_index(op.f("ix_grants_token_id"), "grants", ["token_id"], unique=False)
    op.create_index(op.f("ix_grants_user_id"), "grants", ["user_id"], unique=False)


def _jobs() -> None:
    op.create_table(
        "jobs",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("account_id", Id, nullable=False),
        sa.Column("project_id", Id, nullable=False),
        sa.Column("environment_id", Id, nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("job_type", sa.String(length=32), nullable=False),
        sa.Column("execute_steps", sa.JSON(), nullable=False),
        sa.Column("dbt_version", sa.String(length=64), nullable=True),
        sa.Column("deferring_environment_id", Id, nullable=True),
        sa.Column("deferring_job_definition_id", Id, nullable=True),
        sa.Column("timeout_seconds", sa.Integer(), nullable=False),
        sa.Column("generate_docs", sa.Boolean(), nullable=False),
        sa.Column("run_generate_sources", sa.Boolean(), nullable=False),
        sa.Column("run_lint", sa.Boolean(), nullable=False),
        sa.Column("errors_on_lint_failure", sa.Boolean(), nullable=False),
        sa.Column("run_compare_changes", sa.Boolean(), nullable=False),
        sa.Column("compare_changes_flags", sa.Text(), nullable=True),
        sa.Column("settings", sa.JSON(), nullable=False),
        sa.Column("triggers", sa.JSON(), nullable=False),
        sa.Column("schedule", sa.JSON(), nullable=False),
        sa.Column("completion_trigger", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("triggers_on_draft_pr", sa.Boolean(), nullable=False),
        sa.Column("force_node_selection", sa.Boolean(), nullable=True),
        sa.Column("is_deactivated", sa.Boolean(), nullable=False),
        sa.Column("deactivation_reason", sa.Text(), nullable=True),
        sa.Column("run_failure_count", sa.Integer(), nullable=False),
        sa.Column("state", sa.Integer(), nullable=False),
        sa.Column("next_run_at", Moment(), nullable=True),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("updated_at", Moment(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_jobs_account_id")),
        sa.ForeignKeyConstraint(
            ["environment_id"], ["environments.id"], name=op.f("fk_jobs_environment_id")
        ),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name=op.f("fk_jobs_project_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_jobs")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_jobs_account_id"), "jobs", ["account_id"], unique=False)
    op.create_index(op.f("ix_jobs_environment_id"), "jobs", ["environment_id"], unique=False)
    op.create_index(op.f("ix_jobs_next_run_at"), "jobs", ["next_run_at"], unique=False)
    op.create_index(op.f("ix_jobs_project_id"), "jobs", ["project_id"], unique=False)


def _runs() -> None:
    op.create_table(
        "runs",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("account_id", Id, nullable=False),
        sa.Column("project_id", Id, nullable=False),
        sa.Column("environment_id", Id, nullable=False),
        sa.Column("job_id", Id, nullable=True),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("status_message", sa.Text(), nullable=True),
        sa.Column("cause", sa.String(length=255), nullable=False),
        sa.Column("cause_category", sa.String(length=32), nullable=False),
        sa.Column("trigger", sa.JSON(), nullable=False),
        sa.Column("idempotency_key", sa.String(length=255), nullable=True),
        sa.Column("is_ci", sa.Boolean(), nullable=False),
        sa.Column("is_redirected", sa.Boolean(), nullable=False),
        sa.Column("pull_request_id", sa.String(length=64), nullable=True),
        sa.Column("git_sha", sa.String(length=64), nullable=True),
        sa.Column("git_branch", sa.String(length=255), nullable=True),
        sa.Column("dbt_version", sa.String(length=64), nullable=True),
        sa.Column("triggered_by", sa.String(length=255), nullable=True),
        sa.Column("cancelled_by", sa.String(length=255), nullable=True),
        sa.Column("retrying_run_id", Id, nullable=True),
        sa.Column("deferring_run_id", Id, nullable=True),
        sa.Column("worker", sa.String(length=255), nullable=True),
        sa.Column("lease", sa.String(length=64), nullable=True),
        sa.Column("heartbeat_at", Moment(), nullable=True),
        sa.Column("cancel_requested_at", Moment(), nullable=True),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("updated_at", Moment(), nullable=False),
        sa.Column("should_start_at", Moment(), nullable=True),
        sa.Column("dequeued_at", Moment(), nullable=True),
        sa.Column("started_at", Moment(), nullable=True),
        sa.Column("finished_at", Moment(), nullable=True),
        sa.Column("command", sa.String(length=64), nullable=True),
        sa.Column("invocation_id", sa.String(length=64), nullable=True),
        sa.Column("is_usable", sa.Boolean(), nullable=False),
        sa.Column("unusable_reason", sa.Text(), nullable=True),
        sa.Column("manifest_sha256", sa.String(length=64), nullable=True),
        sa.Column("manifest_size", sa.BigInteger(), nullable=True),
        sa.Column("manifest_schema_version", sa.Integer(), nullable=True),
        sa.Column("manifest_generated_at", Moment(), nullable=True),
        sa.Column("index_key", sa.String(length=128), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_runs_account_id")),
        sa.ForeignKeyConstraint(
            ["environment_id"], ["environments.id"], name=op.f("fk_runs_environment_id")
        ),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name=op.f("fk_runs_job_id")),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name=op.f("fk_runs_project_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_runs")),
        sa.UniqueConstraint("job_id", "idempotency_key", name="uq_runs_idempotency"),
        sqlite_autoincrement=True,
    )
    _index_runs()


def _index_runs() -> None:
    op.create_index(op.f("ix_runs_account_id"), "runs", ["account_id"], unique=False)
    op.create_index(op.f("ix_runs_environment_id"), "runs", ["environment_id"], unique=False)
    op.create_index(op.f("ix_runs_job_id"), "runs", ["job_id"], unique=False)
    op.create_index(op.f("ix_runs_project_id"), "runs", ["project_id"], unique=False)
    op.create_index("ix_runs_status", "runs", ["status", "job_id"], unique=False)
    op.create_index(
        "ix_runs_usable", "runs", ["environment_id", "is_usable", "finished_at"], unique=False
    )


def _artifacts() -> None:
    op.create_table(
        "artifacts",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("account_id", Id, nullable=False),
        sa.Column("run_id", Id, nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=512), nullable=False),
        sa.Column("object_key", sa.String(length=128), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("stored_size", sa.BigInteger(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_artifacts_account_id")
        ),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name=op.f("fk_artifacts_run_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_artifacts")),
        sa.UniqueConstraint("run_id", "step", "name", name="uq_artifacts_name"),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_artifacts_account_id"), "artifacts", ["account_id"], unique=False)
    op.create_index(op.f("ix_artifacts_run_id"), "artifacts", ["run_id"], unique=False)


def _builds() -> None:
    op.create_table(
        "builds",
        sa.Column("environment_id", Id, nullable=False),
        sa.Column("unique_id", sa.String(length=512), nullable=False),
        sa.Column("relation", sa.Text(), nullable=True),
        sa.Column("fingerprint", sa.String(length=128), nullable=True),
        sa.Column("built_at", Moment(), nullable=False),
        sa.Column("run_id", Id, nullable=False),
        sa.Column("git_sha", sa.String(length=64), nullable=True),
        sa.ForeignKeyConstraint(
            ["environment_id"], ["environments.id"], name=op.f("fk_builds_environment_id")
        ),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name=op.f("fk_builds_run_id")),
        sa.PrimaryKeyConstraint("environment_id", "unique_id", name=op.f("pk_builds")),
    )


def _ingests() -> None:
    op.create_table(
        "ingests",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("account_id", Id, nullable=False),
        sa.Column("environment_id", Id, nullable=False),
        sa.Column("run_id", Id, nullable=True),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("invocation_id", sa.String(length=64), nullable=True),
        sa.Column("actor", sa.String(length=255), nullable=True),
        sa.Column("total", sa.BigInteger(), nullable=True),
        sa.Column("problem", sa.Text(), nullable=True),
        sa.Column("claim", sa.String(length=64), nullable=True),
        sa.Column("claimed_at", Moment(), nullable=True),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("expires_at", Moment(), nullable=False),
        sa.Column("finished_at", Moment(), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_ingests_account_id")
        ),
        sa.ForeignKeyConstraint(
            ["environment_id"], ["environments.id"], name=op.f("fk_ingests_environment_id")
        ),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name=op.f("fk_ingests_run_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ingests")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_ingests_account_id"), "ingests", ["account_id"], unique=False)
    op.create_index(op.f("ix_ingests_environment_id"), "ingests", ["environment_id"], unique=False)
    op.create_index(op.f("ix_ingests_run_id"), "ingests", ["run_id"], unique=False)


def _run_steps() -> None:
    op.create_table(
        "run_steps",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("account_id", Id, nullable=False),
        sa.Column("run_id", Id, nullable=False),
        sa.Column("index", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("command", sa.Text(), nullable=True),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("status_message", sa.Text(), nullable=True),
        sa.Column("logs", sa.Text(), nullable=True),
        sa.Column("debug_logs", sa.Text(), nullable=True),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("updated_at", Moment(), nullable=False),
        sa.Column("started_at", Moment(), nullable=True),
        sa.Column("finished_at", Moment(), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_run_steps_account_id")
        ),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name=op.f("fk_run_steps_run_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_run_steps")),
        sa.UniqueConstraint("run_id", "index", name="uq_run_steps_index"),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_run_steps_account_id"), "run_steps", ["account_id"], unique=False)
    op.create_index(op.f("ix_run_steps_run_id"), "run_steps", ["run_id"], unique=False)


def _ingest_parts() -> None:
    op.create_table(
        "ingest_parts",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("ingest_id", Id, nullable=False),
        sa.Column("start", sa.BigInteger(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("object_key", sa.String(length=128), nullable=False),
        sa.ForeignKeyConstraint(
            ["ingest_id"], ["ingests.id"], name=op.f("fk_ingest_parts_ingest_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ingest_parts")),
        sa.UniqueConstraint("ingest_id", "start", name="uq_ingest_parts_start"),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_ingest_parts_ingest_id"), "ingest_parts", ["ingest_id"], unique=False)
