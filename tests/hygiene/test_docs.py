"""The documentation keeps up with the code: commands, options, methods, adapters, links."""

from __future__ import annotations

import re
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import msgspec
import pytest
from tests.hygiene.source_tree import DOCS, PACKAGE, ROOT

from upriver.adapters.registry import adapter_names
from upriver.plan.method_names import METHOD_NAMES
from upriver.project.option_groups import GlobalOptions, Selecting
from upriver.project.options import Option, options_of
from upriver.project.requests import REQUESTS
from upriver.state.defer import REASONS, TABLE

COMMANDS = (DOCS / "commands.md").read_text("utf-8")
ARCHITECTURE = (ROOT / "ARCHITECTURE.md").read_text("utf-8")
DEFERRAL = (DOCS / "deferral.md").read_text("utf-8")
PAGES = (
    *sorted(DOCS.rglob("*.md")),
    *(ROOT / name for name in ("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md")),
)
_LINK = re.compile(r"\[[^\]]*\]\(([^)#\s]+)(#[^)]*)?\)")


def _generator() -> ModuleType:
    spec = spec_from_file_location("docs_generate", DOCS / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _every_option() -> list[Option]:
    kinds: list[type[msgspec.Struct]] = [GlobalOptions, Selecting, *REQUESTS.values()]
    return [option for kind in kinds for option in options_of(kind)]


def test_generated_section_is_up_to_date() -> None:
    generator = _generator()
    expected = generator.page_with(COMMANDS, generator.generated())
    assert expected == COMMANDS, "run `python docs/generate.py`"


@pytest.mark.parametrize("command", [*REQUESTS])
def test_command_is_mentioned(command: str) -> None:
    assert f"`{command}`" in COMMANDS or f"### {command}\n" in COMMANDS


@pytest.mark.parametrize("flag", sorted({f for o in _every_option() for f in o.flags}))
def test_flag_is_mentioned(flag: str) -> None:
    assert re.search(rf"`{re.escape(flag)}[` ]", COMMANDS)


@pytest.mark.parametrize("variable", sorted({o.env for o in _every_option() if o.env}))
def test_variable_is_mentioned(variable: str) -> None:
    assert f"`DBT_{variable}`" in COMMANDS


@pytest.mark.parametrize("method", METHOD_NAMES)
def test_selection_method_is_mentioned(method: str) -> None:
    assert re.search(rf"`{method}[:.]", (DOCS / "selection.md").read_text("utf-8"))


@pytest.mark.parametrize("reason", sorted(REASONS))
def test_reason_of_deferral_is_explained(reason: str) -> None:
    assert f"`{reason}`" in DEFERRAL


@pytest.mark.parametrize("page", [ARCHITECTURE, DEFERRAL], ids=["architecture", "deferral"])
def test_deferral_table_is_the_one_in_the_code(page: str) -> None:
    rows = [line.strip("| ").split(" | ") for line in page.splitlines()]
    policies = ("off", "exists", "favor-state", "fresh")
    shown = [row for row in rows if row[0] in policies and len(row) > len(policies) * 2]
    facts = [
        (r.has_counterpart, r.is_selected, r.is_built, r.exists, r.is_same, r.is_copy_current)
        for r in TABLE
    ]
    words = {None: "any", True: "yes", False: "no"}
    expected = [
        [row.policy or "off", *(words[fact] for fact in of), row.place, f"`{row.reason}`"]
        for row, of in zip(TABLE, facts, strict=True)
    ]
    assert shown == expected


@pytest.mark.parametrize("path", sorted(set(re.findall(r"`([a-z_]+/[\w/]+\.py)", ARCHITECTURE))))
def test_modules_named_in_the_architecture_exist(path: str) -> None:
    assert (PACKAGE / path).exists() or (ROOT / path).exists()


@pytest.mark.parametrize(
    "word", ["--defer", "--state", "--defer-state", "--favor-state", "DBT_DEFER", "DBT_STATE",
             "DBT_DEFER_STATE", "DBT_FAVOR_STATE", "DBT_ENGINE_"]
)  # fmt: skip
def test_deferral_option_is_explained(word: str) -> None:
    assert word in DEFERRAL


@pytest.mark.parametrize("adapter", adapter_names())
def test_adapter_is_mentioned(adapter: str) -> None:
    assert adapter in (DOCS / "configuration.md").read_text("utf-8")


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(page: Path) -> None:
    targets = [match[1] for match in _LINK.finditer(page.read_text("utf-8"))]
    missing = [t for t in targets if "://" not in t and not (page.parent / t).exists()]
    assert missing == []


def test_changelog_fragments_are_named_for_their_kind() -> None:
    kinds = {"added", "changed", "deprecated", "removed", "fixed", "security"}
    names = [path.name for path in (ROOT / "changelog.d").glob("*.md")]
    assert names
    assert [name for name in names if name.split(".")[-2] not in kinds] == []
