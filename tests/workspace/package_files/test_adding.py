"""Adding an entry leaves the rest of the file as it is (CLI-52)."""

from __future__ import annotations

import pytest

from upriver.workspace.package_files.adding import add_entry, entry_for

ONE = {"package": "acme/one", "version": "1.0.0"}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (None, "packages:\n  - package: acme/one\n    version: 1.0.0\n"),
        ("", "packages:\n  - package: acme/one\n    version: 1.0.0\n"),
        ("packages: []\n", "packages:\n  - package: acme/one\n    version: 1.0.0\n"),
        (
            "# ours\npackages:\n- local: a  # here\n\n# the end\n",
            "# ours\npackages:\n- local: a  # here\n- package: acme/one\n  version: 1.0.0\n\n"
            "# the end\n",
        ),
        (
            "packages:\n    - local: a\nother: 1",
            "packages:\n    - local: a\n    - package: acme/one\n      version: 1.0.0\nother: 1\n",
        ),
        (
            "packages:\n  - package: acme/one\n    version: 0.1.0\n  # two\n  - local: b",
            "packages:\n  # two\n  - local: b\n  - package: acme/one\n    version: 1.0.0\n",
        ),
        (
            "packages:\n  -\n    package: dbt-labs/x\n    version: 1.0.0\n",
            "packages:\n  - package: dbt-labs/x\n    version: 1.0.0\n  - package: acme/one\n"
            "    version: 1.0.0\n",
        ),
        (
            "packages: [{local: a}]\n",
            "packages:\n  - local: a\n  - package: acme/one\n    version: 1.0.0\n",
        ),
    ],
)
def test_text(before: str | None, after: str) -> None:
    assert add_entry(before, ONE).text == after


def test_what_was_replaced_is_told() -> None:
    added = add_entry("packages: [{package: acme/one, version: 0.1.0}, {local: a}]", ONE)
    assert added.removed == ({"package": "acme/one", "version": "0.1.0"},)


@pytest.mark.parametrize(
    ("source", "version", "entry"),
    [
        ("hub", "1.0.0", {"package": "n", "version": "1.0.0"}),
        ("hub", ">=1.0.0,<2.0.0", {"package": "n", "version": [">=1.0.0", "<2.0.0"]}),
        ("git", "v1", {"git": "n", "revision": "v1"}),
        ("local", "", {"local": "n"}),
    ],
)
def test_entries(source: str, version: str, entry: dict[str, object]) -> None:
    assert entry_for(source, "n", version) == entry
