"""Secret environment variables (PROJ-40)."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from upriver.workspace.secrets import is_secret, placeholder, reveal, scrub, secrets_of

_ENV = {"DBT_ENV_SECRET_A": "alpha", "DBT_ENV_SECRET_B": "alphabet", "DBT_ENV_SECRET_C": " "}


def test_placeholders_are_revealed_at_any_depth() -> None:
    value = {"a": [f"x{placeholder('DBT_ENV_SECRET_A')}y", 1], "b": "plain"}
    assert reveal(value, _ENV) == {"a": ["xalphay", 1], "b": "plain"}


def test_filters_may_change_the_case_of_a_placeholder() -> None:
    assert reveal(placeholder("DBT_ENV_SECRET_A").lower(), _ENV) == "alpha"
    assert reveal(placeholder("DBT_ENV_SECRET_A").upper(), _ENV) == "alpha"


@given(st.text())
def test_scrubbed_text_holds_no_secret(text: str) -> None:
    scrubbed = scrub(f"{text} alphabet alpha {text}", secrets_of(_ENV))
    assert "alpha" not in scrubbed


def test_what_is_secret() -> None:
    assert is_secret("DBT_ENV_SECRET_X")
    assert not is_secret("DBT_ENV_X")
    assert secrets_of(_ENV) == ("alphabet", "alpha")
