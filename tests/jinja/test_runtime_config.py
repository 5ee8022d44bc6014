"""What packages read through `builtins.ref.config`."""

from __future__ import annotations

import datetime
from types import SimpleNamespace
from typing import Any

from upriver.jinja.references import ref_function
from upriver.jinja.runtime_config import RuntimeConfig
from upriver.jinja.world import Invocation
from upriver.resources.relation import Quoting

INVOCATION = Invocation(
    invocation_id="i",
    started_at=datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC),
    args={"select": ["a"]},
    metadata_envs={},
    dbt_version="1.11.16",
    versions={"shop": "1.0.0", "pack": "0.2"},
    cli_vars={"v": 1},
)


def test_settings_are_reached_through_the_function_ref() -> None:
    world: Any = SimpleNamespace(
        project_name="shop",
        target=lambda: {"name": "dev", "profile_name": "p"},
        invocation=lambda: INVOCATION,
        quoting=Quoting(schema=False),
    )
    resolver: Any = None
    config: Any = ref_function(resolver, RuntimeConfig(world)).config  # type: ignore[attr-defined]
    assert (config.project_name, config.version) == ("shop", "1.0.0")
    assert (config.target_name, config.profile_name) == ("dev", "p")
    assert config.dependencies["pack"].version == "0.2"
    assert (config.args.select, config.args.nothing) == (["a"], None)
    assert (config.cli_vars, config.vars) == ({"v": 1}, {})
    assert config.vars.to_dict() == {}
    assert config.quoting == {"database": True, "schema": False, "identifier": True}
