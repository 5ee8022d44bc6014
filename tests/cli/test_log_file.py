from __future__ import annotations

import io
from pathlib import Path

import pytest
from tests.cli.shop_project import Shop

from upriver.cli.log_file import RedactingFile, open_log, redactor


def test_the_file_has_every_statement_whatever_the_console_shows(shop: Shop) -> None:
    # CLI-103
    assert shop("seed", "--quiet").out == ""
    text = (shop.root / "logs" / "dbt.log").read_text()
    assert "[info ] [MainThread]: Running with dbt=1.11.16" in text
    assert "[debug] [Thread-1 (]: On seed.shop.raw: " in text
    assert "SQL status: OK in" in text
    assert "\033[" not in text


@pytest.mark.parametrize(
    ("args", "is_json"),
    [
        (("--log-format", "json"), True),
        (("--log-format-file", "json"), True),
        (("--log-format", "json", "--log-format-file", "text"), False),
        ((), False),
    ],
)
def test_its_format(shop: Shop, args: tuple[str, ...], is_json: bool) -> None:  # noqa: FBT001
    shop(*args, "ls")
    text = (shop.root / "logs" / "dbt.log").read_text()
    assert text.startswith("{") is is_json


def test_its_place_and_level(shop: Shop) -> None:
    # CLI-21, CLI-22
    shop("seed", "--log-path", "elsewhere", "--log-level-file", "info")
    text = (shop.root / "elsewhere" / "dbt.log").read_text()
    assert "START seed file" in text
    assert "On seed.shop.raw" not in text
    shop("seed", "--log-path", "nowhere", "--log-level-file", "none")
    assert not (shop.root / "nowhere").exists()


def test_a_log_that_cannot_be_written_stops_nothing(shop: Shop) -> None:
    shop.write({"logs": "a file"})
    assert shop("seed").exit_code == 0


def test_secrets_are_in_neither_log_nor_output(shop: Shop) -> None:
    # PROJ-257
    said = shop(
        "run-operation",
        "hello",
        "--args",
        "{who: hunter22}",
        DBT_ENV_SECRET_PASSWORD="hunter22",  # noqa: S106
    )
    assert "hello *****" in said.out
    assert "hunter22" not in said.out + (shop.root / "logs" / "dbt.log").read_text()


def test_longer_secrets_are_replaced_first() -> None:
    stream = io.StringIO()
    env = {"DBT_ENV_SECRET_A": "abc", "DBT_ENV_SECRET_B": "abcdef", "DBT_ENV_SECRET_C": " "}
    RedactingFile(stream, redactor(env)).write("x abcdef y abc z")
    assert stream.getvalue() == "x ***** y ***** z"


def test_rotation_keeps_five(tmp_path: Path) -> None:
    for number in range(8):
        stream = open_log(str(tmp_path), max_bytes=10)
        assert stream is not None
        stream.write(f"log number {number}\n")
        stream.close()
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["dbt.log", *(f"dbt.log.{number}" for number in range(1, 6))]
    assert (tmp_path / "dbt.log").read_text() == "log number 7\n"
    assert (tmp_path / "dbt.log.5").read_text() == "log number 2\n"
