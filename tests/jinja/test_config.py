"""The name `config` (JINJA-42..45)."""

from __future__ import annotations

from typing import Any

import pytest

from upriver.jinja.config import CaptureConfig, RunConfig
from upriver.jinja.errors import CompilationError

CONFIG = RunConfig(
    {"materialized": "table", "alias": None, "meta": {"owner": "ann"},
     "persist_docs": {"relation": True}},
    model=lambda: "node",
)  # fmt: skip


def refuse(value: Any) -> None:
    raise CompilationError(f"refused {value}")


def test_recording() -> None:
    recorded: list[dict[str, Any]] = []
    config = CaptureConfig(recorded.append)
    assert config(materialized="view") == config({"tags": ["a"]}) == config.set("x", 1) == ""
    assert recorded == [{"materialized": "view"}, {"tags": ["a"]}, {"x": 1}]
    assert config.get("materialized", "d") == config.require("no") == config.meta_get("no") == ""
    assert (config.persist_relation_docs(), config.persist_column_docs()) == (False, False)


@pytest.mark.parametrize(("args", "kwargs"), [(("a",), {}), (({}, {}), {}), (({},), {"a": 1})])
def test_calls_that_cannot_be_recorded(args: Any, kwargs: Any) -> None:
    with pytest.raises(CompilationError) as caught:
        CaptureConfig(lambda _: None)(*args, **kwargs)
    assert caught.value.code == "config-arguments"


def test_answering() -> None:
    assert (CONFIG.get("materialized"), CONFIG.get("no", "d")) == ("table", "d")
    assert CONFIG.get("alias", "d") is None
    assert CONFIG(materialized="view") == CONFIG.set("materialized", "view") == ""
    assert (CONFIG.require("materialized"), CONFIG.meta_require("owner")) == ("table", "ann")
    assert (CONFIG.meta_get("owner"), CONFIG.meta_get("no", 1)) == ("ann", 1)
    assert (CONFIG.persist_relation_docs(), CONFIG.persist_column_docs()) == (True, False)
    assert (CONFIG.model, RunConfig({}).model) == ("node", None)


def test_what_is_required() -> None:
    for ask in (CONFIG.require, CONFIG.meta_require):
        with pytest.raises(CompilationError) as caught:
            ask("no")
        assert caught.value.code == "config-required"


def test_validators_look_only_where_a_default_is_given() -> None:
    assert CONFIG.get("materialized", validator=refuse) == "table"
    asks: list[Any] = [
        lambda: CONFIG.get("materialized", "d", refuse),
        lambda: CONFIG.meta_get("owner", "d", refuse),
        lambda: CONFIG.require("materialized", refuse),
    ]
    for ask in asks:
        with pytest.raises(CompilationError, match="refused"):
            ask()
