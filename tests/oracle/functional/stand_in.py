"""A pytest plug-in for dbt's own functional tests: what they ask of dbt, upriver answers.

    python -m pytest -p stand_in tests/functional/...

The tests call dbt as a library. Loaded before them, this module puts `Upriver` in the place of
`dbtRunner`: it runs the command `UPRIVER_COMMAND` (a command line) as a process, and makes dbt's own
result objects of the artifacts that it left. Nothing of upriver is imported here, so that the tests
can run in an environment with dbt alone.

What this cannot show: which class of dbt's errors a mistake is (a refusal passes for any of them,
its text is upriver's), and what is asked of dbt's inner objects.
"""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import dbt.cli.main as dbt_main
import dbt.tests.util as dbt_util
import dbt_common.events.functions as events
from dbt.artifacts.schemas.catalog import CatalogArtifact
from dbt.artifacts.schemas.freshness import FreshnessResult
from dbt.artifacts.schemas.manifest import WritableManifest
from dbt.artifacts.schemas.results import FreshnessStatus, RunStatus, TestStatus
from dbt.artifacts.schemas.run import RunExecutionResult, RunResult
from dbt.contracts.graph.manifest import Manifest
from dbt_common.exceptions import DbtBaseException

_COMMAND = shlex.split(os.environ["UPRIVER_COMMAND"])
_LIMIT_SECONDS = 300
_REFUSED = 2
_BUILDING = {
    *("run", "build", "test", "seed", "snapshot", "compile", "clone", "retry", "show"),
    "run-operation",
}
_capturing: list[StringIO] = []


def _told_class() -> type[BaseException]:
    """Return a class that is every error of dbt at once."""
    import dbt_common.exceptions  # noqa: F401 - loaded so that their classes are known

    found: list[type] = []

    def walk(kind: type) -> None:
        children = kind.__subclasses__()
        if not children:
            found.append(kind)
        for child in children:
            walk(child)

    walk(DbtBaseException)
    kinds: tuple[type, ...] = ()
    for kind in dict.fromkeys(found):
        try:
            type("Trial", (*kinds, kind), {})
        except TypeError:
            continue
        kinds = (*kinds, kind)
    names = {
        "__init__": Exception.__init__,
        "__str__": lambda self: str(self.args[0]),
        "message": property(lambda self: self.args[0]),
        "msg": property(lambda self: self.args[0]),
    }
    return type("ToldByUpriver", kinds, names)


class Upriver:
    """In the place of `dbtRunner`."""

    def __init__(
        self, manifest: Any = None, callbacks: list[Callable[[Any], None]] | None = None
    ) -> None:
        del manifest  # given to save parsing; upriver remembers by itself
        self.callbacks = callbacks or []

    def invoke(self, args: list[str], **kwargs: Any) -> Any:
        """Run upriver with these arguments; return what `dbtRunner` would."""
        words = [str(word) for word in args]
        for name, value in kwargs.items():
            words.extend(_as_option(name, value))
        log = _log_file(words)
        before = log.stat().st_size if self.callbacks and log.exists() else 0
        if self.callbacks:
            words = ["--log-format-file", "json", "--log-level-file", "debug", *words]
        done = subprocess.run(
            [*_COMMAND, *words],
            capture_output=True,
            text=True,
            timeout=_LIMIT_SECONDS,
            env=_environment(),
            stdin=subprocess.DEVNULL,
            check=False,
        )
        told = done.stdout + done.stderr
        print(told, file=sys.__stdout__ if _capturing else sys.stdout)
        for buffer in _capturing:
            buffer.write(told)
        self._tell_events(log, before)
        if done.returncode == _REFUSED:
            return dbt_main.dbtRunnerResult(success=False, exception=_told_class()(told))
        return dbt_main.dbtRunnerResult(
            success=done.returncode == 0, result=_result(words, done.stdout)
        )

    def _tell_events(self, log: Path, before: int) -> None:
        if not self.callbacks or not log.exists():
            return
        with log.open() as lines:
            lines.seek(before)
            for line in lines:
                if line.startswith("{"):
                    event = json.loads(line, object_hook=lambda of: SimpleNamespace(**of))
                    for callback in self.callbacks:
                        callback(event)


def _environment() -> dict[str, str]:
    # Coverage and pytest's own settings are none of the command's business.
    return {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}


def _as_option(name: str, value: Any) -> list[str]:
    option = "--" + name.replace("_", "-")
    if value is True:
        return [option]
    if value is False:
        return ["--no-" + option[2:]]
    if isinstance(value, dict):
        return [option, json.dumps(value)]
    if isinstance(value, (list, tuple)):
        return [option, *map(str, value)]
    return [] if value is None else [option, str(value)]


def _valued(words: list[str], option: str) -> str | None:
    for at, word in enumerate(words):
        if word == option and at + 1 < len(words):
            return words[at + 1]
        if word.startswith(option + "="):
            return word[len(option) + 1 :]
    return None


def _log_file(words: list[str]) -> Path:
    folder = _valued(words, "--log-path") or os.environ.get("DBT_LOG_PATH")
    return Path(folder or Path(_valued(words, "--project-dir") or ".", "logs"), "dbt.log")


def _target(words: list[str]) -> Path:
    project = Path(_valued(words, "--project-dir") or ".")
    named = _valued(words, "--target-path") or os.environ.get("DBT_TARGET_PATH")
    if named is None and (project / "dbt_project.yml").exists():
        import yaml

        named = yaml.safe_load((project / "dbt_project.yml").read_text()).get("target-path")
    return project / (named or "target")


def _result(words: list[str], out: str) -> Any:
    plain = [word for word in words if not word.startswith("-")]
    command = next((word for word in plain if word in _BUILDING | _OTHERS.keys()), None)
    target = _target(words)
    if command in _BUILDING:
        return _run_results(target)
    reader = _OTHERS.get(command or "")
    return None if reader is None else reader(target, words, out)


def _manifest(target: Path) -> Manifest:
    text = (target / "manifest.json").read_text()
    return Manifest.from_writable_manifest(
        WritableManifest.upgrade_schema_version(json.loads(text))
    )


def _status(text: str) -> Any:
    for kind in (RunStatus, TestStatus, FreshnessStatus):
        if text in {status.value for status in kind}:
            return kind(text)
    return text


def _run_results(target: Path) -> Any:
    file = target / "run_results.json"
    if not file.exists():
        return None
    data = json.loads(file.read_text())
    manifest = _manifest(target)
    nodes: dict[str, Any] = {**manifest.nodes, **manifest.unit_tests, **manifest.functions}
    results = []
    for row in data["results"]:
        node = nodes.get(row["unique_id"]) or _unlisted(row)
        if row.get("compiled_code") is not None and hasattr(node, "compiled_code"):
            node.compiled_code, node.compiled = row["compiled_code"], True
        result = RunResult(
            status=_status(row["status"]),
            timing=[SimpleNamespace(**timing) for timing in row["timing"]],
            thread_id=row["thread_id"],
            execution_time=row["execution_time"],
            adapter_response=row["adapter_response"],
            message=row["message"],
            failures=row["failures"],
            node=node,
            batch_results=_batches(row.get("batch_results")),
        )
        results.append(result)
    return RunExecutionResult(
        results=results,
        elapsed_time=data["elapsed_time"],
        generated_at=data["metadata"]["generated_at"],
        args=data["args"],
    )


def _batches(row: dict[str, Any] | None) -> Any:
    if row is None:
        return None
    from dbt.artifacts.schemas.batch_results import BatchResults

    return BatchResults.from_dict(row)


def _unlisted(row: dict[str, Any]) -> Any:
    """A hook or an operation, which no manifest lists as a node."""
    unique_id = row["unique_id"]
    kind, package, *rest = unique_id.split(".")
    return SimpleNamespace(
        unique_id=unique_id,
        name=".".join(rest) or package,
        resource_type=kind,
        package_name=package,
        relation_name=row.get("relation_name"),
    )


def _listed(_: Path, words: list[str], out: str) -> list[str]:
    lines = [line for line in out.splitlines() if line.strip()]
    if _valued(words, "--output") == "json":
        return [line for line in lines if line.startswith("{")]
    return lines


def _catalog(target: Path, *_: Any) -> Any:
    file = target / "catalog.json"
    return CatalogArtifact.from_dict(json.loads(file.read_text())) if file.exists() else None


def _freshness(target: Path, *_: Any) -> Any:
    file = target / "sources.json"
    if not file.exists():
        return None
    rows = json.loads(file.read_text())
    results = [
        SimpleNamespace(**{**row, "status": _status(row["status"]), "node": _unlisted(row)})
        for row in rows["results"]
    ]
    return FreshnessResult(
        results=results, elapsed_time=rows["elapsed_time"], metadata=rows["metadata"]
    )


_OTHERS: dict[str, Callable[..., Any]] = {
    "ls": _listed,
    "list": _listed,
    "parse": lambda target, *_: _manifest(target),
    "docs": _catalog,
    "source": _freshness,
    "freshness": _freshness,
    "debug": lambda *_: True,
}


def _get_manifest(project_root: Any) -> Manifest | None:
    # dbt's tests read what it remembers for itself; upriver's is the published manifest.
    target = Path(project_root, "target")
    return _manifest(target) if (target / "manifest.json").exists() else None


def _capture(buffer: StringIO, *_: Any, **__: Any) -> None:
    _capturing.append(buffer)


def _stop_capture(*_: Any, **__: Any) -> None:
    _capturing.clear()


dbt_main.dbtRunner = Upriver
dbt_util.dbtRunner = Upriver
dbt_util.get_manifest = _get_manifest
for module in (dbt_util, events):
    module.capture_stdout_logs = _capture
    module.stop_capture_stdout_logs = _stop_capture
