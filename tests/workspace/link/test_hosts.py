from __future__ import annotations

import pytest

from upriver.workspace.link.hosts import address_of, agree, is_hosted, is_loopback


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("dbt.example.com", "https://dbt.example.com"),
        (" DBT.example.com/ ", "https://dbt.example.com"),
        ("https://dbt.example.com:443", "https://dbt.example.com"),
        ("http://localhost:8580/", "http://localhost:8580"),
        ("[::1]:8580", "https://[::1]:8580"),
        ("a b", None),
        ("user:secret@host", None),
        ("ftp://host", None),
        ("host/path", None),
        ("host?x=1", None),
        ("", None),
    ],
)
def test_address(host: str, address: str | None) -> None:
    assert address_of(host) == address


@pytest.mark.parametrize(
    ("written", "known", "does"),
    [
        ("h", "https://h", True),
        ("h", "http://h", True),
        ("h:1", "http://h:1", True),
        ("h:1", "http://h:2", False),
        ("http://h", "h", False),
        ("https://h", "h", True),
        ("https://h", "http://h", False),
        ("h.evil", "h", False),
        ("a b", "h", False),
    ],
)
def test_agreement(written: str, known: str, *, does: bool) -> None:
    assert agree(written, known) is does


def test_kinds_of_hosts() -> None:
    assert is_loopback("http://localhost:80")
    assert is_loopback("http://127.0.0.1")
    assert not is_loopback("http://localhost.example.com")
    assert is_hosted("https://cloud.getdbt.com")
    assert is_hosted("https://ab1.us1.dbt.com")
    assert not is_hosted("https://dbt.example.com")
    assert not is_hosted("https://mydbt.community")
