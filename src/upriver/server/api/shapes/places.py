"""Accounts, projects and environments (platform.md 6.6)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from upriver.server.moments import spell_moment


def account_shape(account: Any) -> dict[str, Any]:
    """Return an account."""
    return {
        "id": account.id,
        "name": account.name,
        "state": 1,
        "plan": "self_hosted",
        "created_at": spell_moment(account.created_at),
        "updated_at": spell_moment(account.created_at),
    }


def project_shape(project: Any, related: Mapping[str, Any] = {}) -> dict[str, Any]:
    """Return a project."""
    name = (project.repository_url or "").removesuffix(".git").rpartition(":")[2]
    repository = None
    if project.repository_url:
        repository = {
            "id": project.id,
            "account_id": project.account_id,
            "project_id": project.id,
            "full_name": "/".join(name.split("/")[-2:]),
            "remote_url": project.repository_url,
            "state": 1,
        }
    return {
        "id": project.id,
        "account_id": project.account_id,
        "name": project.name,
        "description": project.description,
        "connection_id": None,
        "repository_id": None if repository is None else project.id,
        "semantic_layer_config_id": None,
        "dbt_project_subdirectory": project.subdirectory,
        "docs_job_id": None,
        "freshness_job_id": None,
        "type": project.type,
        "dbt_project_type": project.type,
        "state": project.state,
        "created_at": spell_moment(project.created_at),
        "updated_at": spell_moment(project.updated_at),
        # Some read this as an object whether they asked for it or not.
        "connection": {"id": None, "name": None, "type": None, "details": {}},
        "repository": repository,
        "environments": [],
        **related,
    }


def environment_shape(environment: Any, related: Mapping[str, Any] = {}) -> dict[str, Any]:
    """Return an environment."""
    return {
        "id": environment.id,
        "account_id": environment.account_id,
        "project_id": environment.project_id,
        "connection_id": None,
        "credentials_id": None,
        "extended_attributes_id": None,
        "primary_profile_id": None,
        "name": environment.name,
        "dbt_version": environment.dbt_version,
        "raw_dbt_version": environment.dbt_version,
        "type": environment.type,
        "deployment_type": environment.deployment_type,
        "use_custom_branch": environment.custom_branch is not None,
        "custom_branch": environment.custom_branch,
        "supports_docs": True,
        "is_deferrable": environment.current_state_run_id is not None,
        "enable_model_query_history": False,
        "state": environment.state,
        "created_at": spell_moment(environment.created_at),
        "updated_at": spell_moment(environment.updated_at),
        "project": None,
        "credentials": None,
        "jobs": None,
        "custom_environment_variables": None,
        **related,
    }
