"""Tests mirror the tree: `graph/link.py` is tested in `tests/graph/test_link.py`."""

from __future__ import annotations

import ast
from fnmatch import fnmatch

import pytest
from tests.hygiene.source_tree import TESTS, modules, tree_of

TESTED_IN: dict[str, tuple[str, ...]] = {
    # Parts of the suite itself, and what it runs on each adapter.
    "adapters/test_suite.py": (
        "adapters/_suite_*.py", "adapters/*/adapter.py", "adapters/*/connection.py",
    ),
    "adapters/postgres/test_postgres_warehouse.py": ("adapters/postgres/catalog.py",),
    # Kinds of resources are tested by what linking makes of them.
    "graph/test_link.py": ("graph/kinds/*.py",),
    # A semantic layer is completed and checked as a whole.
    "graph/semantic/test_checks.py": ("graph/semantic/*.py",),
    # Names are tested by what a template gets that uses them.
    "jinja/test_context.py": (
        "jinja/macros.py", "jinja/offers.py", "jinja/references.py", "jinja/scope.py",
    ),
    "jinja/test_relation.py": ("jinja/relation_factory.py",),
    # One reader, in several modules.
    "jinja/test_static_facts.py": ("jinja/capture.py", "jinja/static/*.py"),
    # Entries are tested by what a property file gives.
    "parse/test_properties.py": (
        "parse/entries/columns.py", "parse/entries/dates.py", "parse/entries/macros.py",
        "parse/entries/names.py", "parse/entries/parts.py", "parse/entries/reader.py",
        "parse/entries/shape.py",
        "parse/entries/versions.py", "parse/world.py",
    ),
    # Criteria, methods and definitions are tested by what they select.
    "plan/test_select.py": (
        "plan/matching.py", "plan/method_names.py", "plan/methods.py", "plan/selectors.py",
        "plan/spec.py", "plan/traverse.py",
    ),
    # Decisions, order, checks and words are parts of a plan.
    "plan/test_make.py": (
        "plan/catalog.py", "plan/decide.py", "plan/explain.py", "plan/order.py",
    ),
    "workspace/test_flags.py": ("workspace/project_keys/event_names.py",),
    "state/test_remote.py": ("state/age.py", "state/remote/*.py"),
    "project/test_state_places.py": ("project/state_reading.py",),
    "project/copying/test_choice.py": ("project/copying/options.py",),
    "project/remains/test_cleaning.py": ("project/remains/dropping.py",),
    # Loading is tested as a whole: warm and cold, after every kind of edit.
    "project/test_memory.py": (
        "project/lazy.py", "project/linking.py", "project/load.py", "project/loading.py",
        "project/opened.py", "project/recorder.py", "project/store.py", "project/templates.py",
    ),
    # Planning, carrying out and publishing are what verbs do.
    "project/test_verbs.py": ("project/execute.py", "project/parsing.py"),
    "project/test_deps.py": ("project/adding.py",),
    "project/test_published.py": ("project/published_state.py",),
    "project/test_manifest_file.py": ("project/open.py", "state/wire/splice.py"),
    # Options are tested by the parser that is made of them.
    "cli/test_parser.py": ("project/options.py",),
    # Each action is carried out for real, on DuckDB.
    "run/test_actions.py": (
        "run/actions/*.py", "run/calls.py", "run/contract_view.py", "run/escalation.py",
        "run/materialize.py", "run/subjects.py", "run/task.py",
    ),
    # A plan is carried out as a whole.
    "run/test_execute.py": (
        "run/compile.py", "run/messages.py", "run/schemas.py",
        "run/worker.py", "run/world.py", "run/writer.py",
    ),
    "run/test_python_models.py": ("adapters/duckdb/python_model.py", "run/python_job.py"),
    "run/test_interrupt.py": ("run/stop.py",),
    # A meaning is made of all of these.
    "state/fingerprint/test_meaning.py": (
        "state/fingerprint/described.py", "state/fingerprint/macros.py",
        "state/fingerprint/prints.py", "state/fingerprint/words.py",
    ),
    # What is read and built, for real.
    "project/test_fresh.py": (
        "project/build_store.py", "project/evidence.py", "project/fresh.py",
        "project/ledger.py", "state/published.py",
    ),
    "project/test_origins.py": ("project/lineage/*.py", "state/lineage/published.py"),
    "state/lineage/test_lineage_read.py": (
        "state/lineage/columns.py", "state/lineage/commons.py", "state/lineage/expressions.py",
        "state/lineage/query.py", "state/lineage/select_list.py",
        "state/lineage/scope.py", "state/lineage/tables.py",
    ),
    "project/test_data_diff.py": ("project/comparing/*.py",),
    "run/compare/test_compare.py": (
        "run/compare/columns.py", "run/compare/dialects.py", "run/compare/differing.py",
        "run/compare/queries.py",
    ),
    "project/operations/test_reading.py": ("project/operations/calling.py",),
    "project/deferring/test_publish.py": ("project/deferring/warehouse_state.py",),
    # Rules are tested by what they stop.
    "project/deferring/test_checks.py": (
        "project/deferring/audit.py", "project/deferring/rules.py",
    ),
    "project/test_difference.py": ("project/reasons.py", "state/why.py"),
    # The server is tested over HTTP, as a process of its own.
    "server/test_server_serve.py": (
        "server/app.py", "server/first_start.py", "server/front.py",
        "server/metrics.py", "server/settings.py", "server/start.py", "server/api/caller.py",
        "server/api/envelope.py", "server/api/health.py",
    ),
    "server/test_states.py": (
        "server/api/v1.py", "server/environments.py", "server/moments.py", "server/runs.py",
    ),
    "server/test_deferral_index.py": (
        "server/api/sending.py", "server/artifacts.py", "server/ledger.py",
    ),
    "server/ingest/test_uploaded_archive.py": (
        "server/ingest/archive.py", "server/ingest/artifacts.py", "server/ingest/unpack.py",
    ),
    "server/web/test_pages.py": (
        "server/people.py", "server/auth/sessions.py", "server/web/*.py",
    ),
    "server/ingest/test_uploads.py": ("server/api/private.py", "server/ingest/accept.py"),
    "server/auth/test_permissions.py": ("server/auth/principals.py", "server/refusals.py"),
    "server/auth/test_tokens.py": ("server/auth/passwords.py", "server/auth/signing.py"),
    "server/db/test_migrations.py": (
        "server/db/columns.py", "server/db/migrate.py", "server/db/migrations/*.py",
        "server/db/session.py", "server/db/tables.py",
    ),
    "server/api/test_jobs_over_http.py": (
        "server/api/lists.py", "server/api/setup.py", "server/api/v2_account.py",
        "server/api/v2_jobs.py", "server/api/v2_runs.py", "server/api/v3.py",
        "server/api/v3_webhooks.py", "server/api/shapes/*.py", "server/jobs/lookups.py",
        "server/jobs/triggers.py",
    ),
    "server/providers/test_known.py": ("server/providers/*.py",),
    "server/telling/test_statuses.py": (
        "server/telling/messages.py", "server/sending/messenger.py",
    ),
    "server/jobs/test_queue.py": ("server/jobs/due.py", "server/jobs/lost.py"),
    "server/jobs/test_webhooks.py": ("server/jobs/endings.py", "server/jobs/resealing.py"),
    # A worker is tested with a repository, a warehouse and a database, as a whole.
    "server/worker/test_work.py": (
        "server/ingest/receive.py", "server/installation.py", "server/jobs/definitions.py",
        "server/jobs/pull_requests.py", "server/jobs/setup.py",
        "server/worker/artifacts.py", "server/worker/begin.py", "server/worker/carry.py",
        "server/worker/clockwork.py", "server/worker/environment.py", "server/worker/guard.py",
        "server/worker/keeper.py", "server/worker/left.py", "server/worker/order.py",
        "server/worker/profile.py",
    ),
    "server/store/test_store.py": ("server/store/*.py",),
    "state/test_comparable.py": ("state/wire/constraints.py",),
    "state/wire/test_wire_run_results.py": ("state/wire/sources.py",),
    "state/wire/test_semantic_manifest.py": ("state/wire/semantic.py",),
    # The catalog is tested by what the command writes.
    "project/docs/test_generate.py": (
        "project/docs/catalog.py", "run/catalog.py", "state/wire/catalog.py",
    ),
    "workspace/project_keys/test_checks.py": (
        "workspace/project_file.py", "workspace/project_keys/values.py",
    ),
    # What entries say is tested by files that hold them, choices by what is resolved.
    "workspace/package_files/test_declared.py": (
        "workspace/package_files/checks.py", "workspace/package_files/entries.py",
        "workspace/package_files/specs.py",
    ),
    "workspace/test_packages.py": ("workspace/package_files/needed.py",),
    "workspace/package_sources/test_resolve.py": (
        "workspace/package_sources/choose.py", "workspace/package_sources/inspect.py",
    ),
    "workspace/package_sources/test_sources.py": ("workspace/package_sources/setting.py",),
    "workspace/link/test_link_settings.py": ("workspace/link/mention.py",),
    "project/linked/test_served.py": ("project/linked/offer.py", "project/linked/troubles.py"),
    "project/linked/test_login.py": ("project/linked/environment.py", "project/linked/here.py"),
    "state/test_server_upload.py": ("state/pushed.py",),
    "workspace/test_workspace.py": ("workspace/inputs.py",),
    "workspace/test_yaml.py": ("workspace/yaml_reading/*.py",),
}  # fmt: skip
"""Modules tested through another's door, by the test file that does."""

MISSING: dict[str, str] = {
    "digest.py": "its digests are compared with dbt's in the tests of state",
    "problems.py": "values; every test uses them",
    "resources/*.py": "values with a few properties; every test uses them",
}
"""Modules without a test of their own, and what stands in for it. The list only shrinks."""


def _is_declaration(module: str) -> bool:
    """Whether a module holds types and tables only: there is nothing to call."""
    return not any(_has_body(node) for node in ast.walk(tree_of(module)))


def _has_body(node: ast.AST) -> bool:
    if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        return False
    if any(getattr(d, "id", "") == "property" for d in node.decorator_list):
        return False
    if node.name in ("__repr__", "__rich_repr__", "__init__"):
        return False
    statements = [
        item
        for item in node.body
        if not (isinstance(item, ast.Expr) and isinstance(item.value, ast.Constant))
    ]
    return bool(statements)


def _mirrors(module: str) -> list[str]:
    folder, _, name = module.removesuffix(".py").rpartition("/")
    room = folder.replace("/", "_")
    last = folder.rpartition("/")[2]
    bare = name.lstrip("_")
    names = {f"test_{bare}.py", f"test_{room}_{bare}.py", f"test_{last}_{bare}.py"}
    return [f"{folder}/{name}" if folder else name for name in sorted(names)]


def _place(module: str) -> str | None:
    """The test file that tests a module, or None."""
    for mirror in _mirrors(module):
        if (TESTS / mirror).exists():
            return mirror
    for test, patterns in TESTED_IN.items():
        if any(fnmatch(module, pattern) for pattern in patterns):
            return test
    return None


UNTESTED = tuple(m for m in modules() if not _is_declaration(m) and _place(m) is None)


@pytest.mark.parametrize("module", UNTESTED)
def test_module_without_a_mirror_is_listed(module: str) -> None:
    assert any(_is_of(module, pattern) for pattern in MISSING)


def test_missing_are_still_missing() -> None:
    stale = [p for p in MISSING if not any(_is_of(module, p) for module in UNTESTED)]
    assert stale == []


def test_stand_ins_exist() -> None:
    patterns = [pattern for of in TESTED_IN.values() for pattern in of]
    unused = [p for p in patterns if not any(fnmatch(module, p) for module in modules())]
    absent = [test for test in TESTED_IN if not (TESTS / test).exists()]
    assert (unused, absent) == ([], [])


def _is_of(module: str, pattern: str) -> bool:
    """Whether a pattern of `MISSING` means a module; a star does not cross folders."""
    return module.count("/") == pattern.count("/") and fnmatch(module, pattern)
