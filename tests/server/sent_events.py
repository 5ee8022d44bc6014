"""Events as GitHub, GitLab and Bitbucket send them, with what this server does not read left in."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any

REPOSITORY = "Team/shop"


def github_pull(action: str, *, commit: str, number: int = 7, **fields: Any) -> dict[str, Any]:
    """Return a `pull_request` event."""
    head_repo = fields.pop("head_repo", {"full_name": REPOSITORY, "private": True})
    base = fields.pop("base", "main")
    return {
        "action": action, "number": number, "sender": {"login": "somebody"},
        "repository": {"id": 1, "full_name": REPOSITORY, "default_branch": "main"},
        "pull_request": {
            "id": 99, "title": "A change", "draft": False,
            "updated_at": "2026-01-01T00:00:00Z",
            "head": {"ref": "my-change", "sha": commit, "repo": head_repo},
            "base": {"ref": base, "sha": "0" * 40, "repo": {"full_name": REPOSITORY}},
            **fields,
        },
    }  # fmt: skip


def github_push(commit: str, ref: str = "refs/heads/main", **fields: Any) -> dict[str, Any]:
    """Return a `push` event."""
    return {
        "ref": ref, "before": "0" * 40, "after": commit, "deleted": False, "commits": [],
        "repository": {"full_name": REPOSITORY, "default_branch": "main"}, **fields,
    }  # fmt: skip


def gitlab_merge(action: str, *, commit: str, number: int = 7, **fields: Any) -> dict[str, Any]:
    """Return a `Merge Request Hook`."""
    changes = fields.pop("changes", {})
    return {
        "object_kind": "merge_request", "user": {"name": "somebody"},
        "project": {"id": 5, "path_with_namespace": REPOSITORY, "default_branch": "main"},
        "object_attributes": {
            "id": 99, "iid": number, "action": action, "source_branch": "my-change",
            "target_branch": "main", "source_project_id": 5, "target_project_id": 5,
            "last_commit": {"id": commit, "message": "a change"}, "draft": False,
            "updated_at": "2026-01-01 00:00:00 UTC", **fields,
        },
        "changes": changes,
    }  # fmt: skip


def bitbucket_pull(commit: str, *, number: int = 7, **fields: Any) -> dict[str, Any]:
    """Return a `pullrequest:...` event."""
    return {
        "repository": {"full_name": REPOSITORY, "mainbranch": {"name": "main"}},
        "pullrequest": {
            "id": number, "title": "A change",
            "source": {"branch": {"name": "my-change"}, "commit": {"hash": commit[:12]},
                       "repository": {"full_name": REPOSITORY}},
            "destination": {"branch": {"name": "main"}, "repository": {"full_name": REPOSITORY}},
            **fields,
        },
    }  # fmt: skip


def signed(kind: str, secret: str, event: str, content: Any) -> tuple[Mapping[str, str], bytes]:
    """Return headers and body as the provider sends them."""
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    digest = "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    headers = {
        "github": {"X-GitHub-Event": event, "X-Hub-Signature-256": digest,
                   "X-GitHub-Delivery": "d-1"},
        "gitlab": {"X-Gitlab-Event": event, "X-Gitlab-Token": secret},
        "bitbucket": {"X-Event-Key": event, "X-Hub-Signature": digest},
    }[kind]  # fmt: skip
    return {**headers, "Content-Type": "application/json"}, body
