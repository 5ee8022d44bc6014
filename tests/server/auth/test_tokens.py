"""Tokens, passwords and signed words, without a server."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, update

from upriver.server.auth.passwords import (
    LONGEST,
    hash_password,
    is_outdated,
    is_right,
    make_password,
)
from upriver.server.auth.signing import read_signed, sign
from upriver.server.auth.tokens import (
    TokenWish,
    create_token,
    note_use,
    principal_of_token,
    revoke_token,
)
from upriver.server.db.migrate import upgrade
from upriver.server.db.session import Database
from upriver.server.db.tables import grants, tokens, users
from upriver.server.first_start import begin
from upriver.server.moments import now
from upriver.server.refusals import Refused


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = Database(f"sqlite:///{tmp_path / 'server.db'}")
    upgrade(opened)
    begin(opened)
    yield opened
    opened.close()


def _made(database: Database, **wish: object) -> tuple[int, str]:
    with database.writing() as connection:
        made = create_token(connection, 1, TokenWish(name="t", **wish))  # type: ignore[arg-type]
    return made.id, made.text


def test_a_token_is_known_by_its_text_and_nothing_of_it_is_stored(database: Database) -> None:
    number, text = _made(database, kind="service", permission_sets=("readonly",))
    assert text.startswith("dbtc_")
    found = principal_of_token(database, text)
    assert found is not None
    assert (found.id, found.scopes(), found.user_id) == (number, ("readonly",), None)
    assert found.may("state-read", 7)
    assert not found.may("state-pin", 7)
    note_use(database, number)
    with database.reading() as connection:
        row = connection.execute(select(tokens).where(tokens.c.id == number)).one()
    assert text[17:] not in str(tuple(row))
    assert row.last_used_at is not None


@pytest.mark.parametrize("change", ["last", "first", "public", "short", "long"])
def test_another_text_is_no_token(database: Database, change: str) -> None:
    _, text = _made(database, user_id=1)
    wrong = {
        "last": text[:-1] + ("a" if text[-1] != "a" else "b"),
        "first": "dbtc_" + text[5:],
        "public": text[:5] + "0" * 12 + text[17:],
        "short": text[:12],
        "long": text + "a",
    }[change]
    assert principal_of_token(database, wrong) is None
    assert principal_of_token(database, text) is not None


def test_a_token_ends(database: Database) -> None:
    number, text = _made(database, user_id=1)
    with database.writing() as connection:
        assert revoke_token(connection, 1, number)
        assert not revoke_token(connection, 1, number)
    assert principal_of_token(database, text) is None
    _, over = _made(database, user_id=1, expires_at=now() - datetime.timedelta(seconds=1))
    assert principal_of_token(database, over) is None
    _, lasting = _made(database, user_id=1, expires_at=now() + datetime.timedelta(days=1))
    assert principal_of_token(database, lasting) is not None
    with database.writing() as connection:
        connection.execute(update(users).values(is_active=False))
    assert principal_of_token(database, lasting) is None


def test_a_change_of_permissions_takes_effect_at_once(database: Database) -> None:
    _, text = _made(database, user_id=1)
    before = principal_of_token(database, text)
    assert before is not None
    assert before.may("account-admin")
    with database.writing() as connection:
        connection.execute(update(grants).values(permission_set="readonly"))
    after = principal_of_token(database, text)
    assert after is not None
    assert not after.may("account-admin")


def test_an_unknown_permission_set_is_refused(database: Database) -> None:
    with pytest.raises(Refused, match="permission set"):
        _made(database, kind="service", permission_sets=("king",))


def test_passwords() -> None:
    made = make_password()
    stored = hash_password(made)
    assert made not in stored
    assert stored.startswith("$argon2id$")
    assert is_right(stored, made)
    assert not is_right(stored, made + "x")
    assert not is_right(None, made)
    assert not is_right("no hash", made)
    assert not is_outdated(stored)


@pytest.mark.parametrize("password", ["short", "aaaaaaaaaaaaaaa", "PasswordPassword", "x" * 300])
def test_poor_passwords_are_refused(password: str) -> None:
    with pytest.raises(Refused):
        hash_password(password)


def test_long_passwords_count_to_the_last_character() -> None:
    password = "ab" * (LONGEST // 2)
    assert not is_right(hash_password(password), password[:-1])


KEY = b"k" * 32


@given(name=st.text(st.characters(codec="ascii", exclude_characters="/."), min_size=1))
def test_signed_words_give_back_what_was_signed(name: str) -> None:
    assert read_signed(KEY, "upload", sign(KEY, "upload", name, seconds=9)) == name


@given(other=st.text(max_size=80))
def test_other_words_are_refused(other: str) -> None:
    with pytest.raises(Refused):
        read_signed(KEY, "upload", other)


@pytest.mark.parametrize(
    ("key", "purpose", "seconds"),
    [(b"o" * 32, "upload", 9), (KEY, "download", 9), (KEY, "upload", -9)],
)
def test_words_hold_for_one_key_purpose_and_time(key: bytes, purpose: str, seconds: int) -> None:
    with pytest.raises(Refused):
        read_signed(KEY, "upload", sign(key, purpose, "1", seconds=seconds))
