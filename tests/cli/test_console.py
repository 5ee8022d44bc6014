"""What commands print, as a person and a script see it."""

from __future__ import annotations

import pytest
from tests.cli.shop_project import Shop

HEAD = [
    "Running with dbt=1.11.16",
    "Registered adapter: duckdb=0.1.0",
]
RULE = "." * 80


def padded(text: str) -> str:
    return f"{text} ".ljust(80, ".")


def test_a_build_from_its_first_to_its_last_line(shop: Shop) -> None:
    shop.write({"dbt_project.yml": f"{PROJECT}on-run-start: select 1\non-run-end: [select 2]\n"})
    said = shop("build")
    assert said.exit_code == 0
    assert said.err == ""
    assert said.lines[:2] == HEAD
    assert said.lines[2].startswith("Found 2 models, 1 test, 1 seed, 2 operations, 1 exposure,")
    steps = (
        ("START seed file dev.raw", "RUN"),
        ("OK loaded seed file dev.raw", "INSERT 3 in 0s"),
        ("START sql view model dev.orders", "RUN"),
        ("OK created sql view model dev.orders", "OK in 0s"),
        ("START sql table model dev.customers", "RUN"),
        ("OK created sql table model dev.customers", "OK in 0s"),
        ("START test unique_customers_customer", "RUN"),
        ("PASS unique_customers_customer", "PASS in 0s"),
    )
    assert said.lines[3:] == [
        "",
        "Concurrency: 1 threads (target='dev')",
        "",
        f"{padded('1 of 1 START hook: shop.on-run-start.0')} [RUN]",
        f"{padded('1 of 1 OK hook: shop.on-run-start.0')} [OK in 0s]",
        "",
        *(
            f"{padded(f'{at // 2 + 1} of 5 {text}')} [{end}]"
            for at, (text, end) in enumerate(steps)
        ),
        f"{padded('5 of 5 NO-OP exposure board')} [NO-OP in 0s]",
        "",
        f"{padded('1 of 1 START hook: shop.on-run-end.0')} [RUN]",
        f"{padded('1 of 1 OK hook: shop.on-run-end.0')} [OK in 0s]",
        "",
        said.lines[-5],
        "",
        "Completed successfully",
        "",
        "Done. PASS=6 WARN=0 ERROR=0 SKIP=0 NO-OP=1 TOTAL=7",
    ]
    assert said.lines[-5].startswith(
        "Finished running 1 exposure, 2 project hooks, 1 seed, 1 table model, 1 test,"
        " 1 view model in 0 hours 0 minutes and "
    )


PROJECT = 'name: shop\nversion: "1.0"\nprofile: shop\n'


def test_failures_come_with_their_text_and_compiled_code_and_warnings_last(shop: Shop) -> None:
    # CLI-97
    shop.write(
        {
            "models/bad.sql": "select nope from (select 1 as id)",
            "models/below.sql": "select * from {{ ref('bad') }}",
            "tests/a_warning.sql": (
                "{{ config(severity='warn') }} select * from {{ ref('orders') }}"
            ),
            "tests/failing.sql": "select * from {{ ref('orders') }} where id > 1",
        }
    )
    said = shop("build")
    assert said.exit_code == 1
    at = said.lines.index("Completed with 2 errors, 0 partial successes, and 1 warning:")
    text = "\n".join(said.lines[at + 2 :])
    assert text == (
        "Failure in test failing (tests/failing.sql)\n"
        "  Got 2 results, configured to fail if != 0\n"
        "\n"
        "  compiled code at target/compiled/shop/tests/failing.sql\n"
        "\n"
        "Failure in model bad (models/bad.sql)\n"
        "  Runtime Error in model bad (models/bad.sql)\n"
        '    Binder Error: Referenced column "nope" not found in FROM clause!\n'
        '    Candidate bindings: "id"\n'
        "\n"
        "  compiled code at target/compiled/shop/models/bad.sql\n"
        "\n"
        "Warning in test a_warning (tests/a_warning.sql)\n"
        "  Got 3 results, configured to warn if != 0\n"
        "\n"
        "  compiled code at target/compiled/shop/tests/a_warning.sql\n"
        "\n"
        "Done. PASS=2 WARN=1 ERROR=2 SKIP=4 NO-OP=0 TOTAL=9"
    )


@pytest.mark.parametrize(
    ("args", "printed"),
    [
        (("--quiet",), ["hello x"]),
        (("--log-level", "none"), ["hello x"]),
        (("--log-level", "error", "--no-print"), []),
    ],
)
def test_prints_are_shown_unless_switched_off(
    shop: Shop, args: tuple[str, ...], printed: list[str]
) -> None:
    # CLI-26, CLI-109
    assert shop(*args, "run-operation", "hello").out.splitlines() == printed


def test_a_macro_that_fails_says_so(shop: Shop) -> None:
    said = shop("run-operation", "boom", "--quiet")
    assert said.exit_code == 1
    assert said.lines[0].startswith("Encountered an error while running operation: ")
    assert "it broke" in said.out


def test_nothing_to_do(shop: Shop) -> None:
    # CLI-98, CLI-99
    said = shop("run", "-s", "nothing")
    assert said.exit_code == 0
    assert said.lines[-2:] == [
        (
            "warning[selector-no-match]: The selection criterion 'nothing' does not match any"
            " enabled nodes"
        ),
        "Nothing to do. Try checking your model configs and model specification args",
    ]


def test_colours_only_where_asked_for_or_on_a_terminal(shop: Shop) -> None:
    # CLI-36
    assert "\033[" not in shop("seed").out
    assert "[\033[32mINSERT 3\033[0m in" in shop("seed", "--use-colors").out
    assert "\033[32m" in shop("seed", DBT_USE_COLORS="true").out


def test_the_width_of_result_lines(shop: Shop) -> None:
    # CLI-27
    said = shop("seed", "--printer-width", "40")
    assert any(line.endswith(" [RUN]") and len(line) == 46 for line in said.lines)


def test_flags_of_the_project_count(shop: Shop) -> None:
    shop.write({"dbt_project.yml": f"{PROJECT}flags: {{printer_width: 40, log_format: debug}}\n"})
    said = shop("seed")
    assert "[info ] [Thread-1 (]: 1 of 1 START seed file dev.raw" in said.out
