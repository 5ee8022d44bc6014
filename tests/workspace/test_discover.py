"""Finding and reading files (PROJ-138..140)."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.workspace.project_directory import opened, write, write_project

from upriver.problems import Problem
from upriver.workspace.discover import list_files, read_text


def _listed(root: Path) -> list[tuple[str, str]]:
    return [(file.kind, file.path) for file in list_files(opened(root))]


def test_kinds_follow_from_directories_and_extensions(tmp_path: Path) -> None:
    files = [
        "models/b.sql", "models/a/x.SQL", "models/p.py", "models/s.yml", "models/d.md",
        "models/n.txt", "seeds/c.csv", "seeds/c.yaml", "snapshots/s.sql", "analyses/a.sql",
        "macros/m.sql", "macros/m.yml", "tests/t.sql", "tests/generic/g.sql",
        "tests/generic/g.yml",
        "tests/fixtures/f.csv", "tests/fixtures/f.sql", "functions/f.sql", "other/o.sql",
        "models/.hidden.sql", "models/#x.sql", "models/~x.sql", "models/.dir/y.sql",
    ]  # fmt: skip
    root = write_project(tmp_path, dict.fromkeys(files, ""))
    assert _listed(root) == [
        ("macro", "macros/m.sql"),
        ("generic_test", "tests/generic/g.sql"),
        ("model", "models/.dir/y.sql"),
        ("model", "models/a/x.SQL"),
        ("model", "models/b.sql"),
        ("python_model", "models/p.py"),
        ("snapshot", "snapshots/s.sql"),
        ("analysis", "analyses/a.sql"),
        ("singular_test", "tests/t.sql"),
        ("seed", "seeds/c.csv"),
        ("docs", "models/d.md"),
        ("fixture", "tests/fixtures/f.csv"),
        ("fixture", "tests/fixtures/f.sql"),
        ("function", "functions/f.sql"),
        ("properties", "models/s.yml"),
        ("properties", "seeds/c.yaml"),
        ("properties", "macros/m.yml"),
        ("properties", "tests/generic/g.yml"),
    ]


def test_a_directory_under_two_keys_gives_its_files_once_per_kind(tmp_path: Path) -> None:
    root = write_project(
        tmp_path,
        {
            "dbt_project.yml": "name: shop\nprofile: shop\nmodel-paths: [all, all/sub]\n"
            "seed-paths: [all]\n",
            "all/a.sql": "",
            "all/sub/b.sql": "",
            "all/c.csv": "",
            "all/s.yml": "",
        },
    )
    assert _listed(root) == [
        ("model", "all/a.sql"),
        ("model", "all/sub/b.sql"),
        ("seed", "all/c.csv"),
        ("properties", "all/s.yml"),
    ]


def test_ignored_files_are_invisible(tmp_path: Path) -> None:
    root = write_project(
        tmp_path,
        {
            ".dbtignore": "*.bak.sql\nmodels/old/\n!models/old/keep.sql\n",
            "models/a.sql": "",
            "models/a.bak.sql": "",
            "models/old/b.sql": "",
        },
    )
    assert _listed(root) == [("model", "models/a.sql")]


def test_links_to_directories_are_not_followed(tmp_path: Path) -> None:
    root = write_project(tmp_path / "project", {"models/a.sql": ""})
    write(tmp_path, {"elsewhere/b.sql": "", "elsewhere/c.sql": ""})
    (root / "models" / "linked").symlink_to(tmp_path / "elsewhere")
    (root / "models" / "c.sql").symlink_to(tmp_path / "elsewhere" / "c.sql")
    (root / "models" / "gone.sql").symlink_to(tmp_path / "nowhere")
    assert _listed(root) == [("model", "models/a.sql"), ("model", "models/c.sql")]


def test_packages_are_listed_after_the_root(tmp_path: Path) -> None:
    root = write_project(
        tmp_path,
        {
            "models/a.sql": "select 1",
            "dbt_packages/p/dbt_project.yml": "name: p",
            "dbt_packages/p/models/sub/b.sql": "",
        },
    )
    first, second = list_files(opened(root))
    assert (first.package, first.id, first.size) == ("shop", "shop://models/a.sql", 8)
    assert (second.package, second.path, second.relative) == ("p", "models/sub/b.sql", "sub/b.sql")
    assert second.absolute == str(root / "dbt_packages" / "p" / "models" / "sub" / "b.sql")


@pytest.mark.parametrize(
    ("data", "text"),
    [(b"select '\xc3\xa9'", "select 'é'"), (b"\xef\xbb\xbfselect 1", "\ufeffselect 1"), (b"", "")],
)
def test_text_is_read(tmp_path: Path, data: bytes, text: str) -> None:
    root = write_project(tmp_path, {"models/a.sql": ""})
    (root / "models" / "a.sql").write_bytes(data)
    [file] = list_files(opened(root))
    assert read_text(file) == text


def test_bytes_that_are_no_text_are_a_problem(tmp_path: Path) -> None:
    root = write_project(tmp_path, {"models/a.sql": ""})
    (root / "models" / "a.sql").write_bytes(b"select 1\n, '\xff'")
    [file] = list_files(opened(root))
    problem = read_text(file)
    assert isinstance(problem, Problem)
    assert problem.code == "file-not-utf8"
    assert problem.span is not None
    assert problem.span.line == 2


def test_a_file_that_is_gone_is_a_problem(tmp_path: Path) -> None:
    root = write_project(tmp_path, {"models/a.sql": ""})
    [file] = list_files(opened(root))
    (root / "models" / "a.sql").unlink()
    problem = read_text(file)
    assert isinstance(problem, Problem)
    assert problem.code == "file-unreadable"
