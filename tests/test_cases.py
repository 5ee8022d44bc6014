"""Every case of `tests/cases` holds."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.case_runner import Case, CaseError, CaseFile, Shared, read_cases, run_case

CASES = Path(__file__).parent / "cases"
FILES = [read_cases(path) for path in sorted(CASES.glob("*/*.md"))]
ALL = [
    pytest.param(file, case, id=f"{file.path.parent.name}/{file.path.stem}: {case.heading}")
    for file in FILES
    for case in file.cases
]


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Shared:
    return Shared(tmp_path_factory.mktemp("shared"))


@pytest.mark.parametrize(("file", "case"), ALL)
def test_case(file: CaseFile, case: Case, shared: Shared, tmp_path: Path) -> None:
    run_case(file, case, shared, tmp_path / "case")


WRONG = """\
## seven is eight

```console
$ sql create table t as select 7 as n
```

```rows select n from t
8
```
"""


def test_a_failure_names_file_heading_and_difference(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.delenv("UPRIVER_UPDATE_CASES", raising=False)
    path = tmp_path / "wrong.md"
    path.write_text(WRONG)
    file = read_cases(path)
    with pytest.raises(CaseError, match=r"wrong\.md: seven is eight(.|\n)*-8\n\+7"):
        run_case(file, file.cases[0], Shared(tmp_path), tmp_path / "case")


def test_expectations_can_be_rewritten(tmp_path: Path, monkeypatch) -> None:
    path = tmp_path / "wrong.md"
    path.write_text(WRONG)
    file = read_cases(path)
    monkeypatch.setenv("UPRIVER_UPDATE_CASES", "1")
    run_case(file, file.cases[0], Shared(tmp_path), tmp_path / "case")
    assert path.read_text() == WRONG.replace("\n8\n", "\n7\n")
