"""Permission sets and what each of them allows (ACC-02): the one table of the room.

A principal holds grants: a set, in all projects of the account or in one. Whatever no grant allows
is denied.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, get_args

Permission = Literal[
    "account-admin",
    "project-create",
    "project-read",
    "project-write",
    "environment-write",
    "state-read",
    "state-pin",
    "artifact-read",
    "artifact-upload",
    "job-read",
    "job-write",
    "run-read",
    "run-trigger",
    "webhook-write",
]
PERMISSIONS: tuple[Permission, ...] = get_args(Permission)

_READING: frozenset[Permission] = frozenset(
    {"project-read", "state-read", "artifact-read", "job-read", "run-read"}
)
_RUNNING: frozenset[Permission] = frozenset({"run-trigger", "artifact-upload"})
_KEEPING: frozenset[Permission] = frozenset({"job-write", "environment-write", "state-pin"})

PERMISSION_SETS: Mapping[str, frozenset[Permission]] = {
    "account_admin": frozenset(PERMISSIONS),
    "admin": _READING | _RUNNING | _KEEPING | {"project-create", "project-write", "webhook-write"},
    "developer": _READING | {"run-trigger"},
    "analyst": _READING,
    "job_admin": _READING | _RUNNING | _KEEPING | {"webhook-write"},
    "job_runner": frozenset({"project-read", "job-read", "run-read", *_RUNNING}),
    "job_viewer": frozenset({"project-read", "job-read", "run-read", "artifact-read"}),
    "readonly": _READING,
    "metadata_only": frozenset({"project-read", "state-read"}),
    "webhooks_only": frozenset({"webhook-write", "job-read"}),
}
"""What each permission set allows."""
