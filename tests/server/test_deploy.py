"""The container and compose files name what there is; there is no container engine to try them."""

from __future__ import annotations

import re
import shlex
import tomllib
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml
from tests.hygiene.source_tree import DOCS, PACKAGE, ROOT

from upriver.cli.parser import parse
from upriver.server.settings import DEFAULT_PORT, Given, Limits, settings_of

CONTAINER = (ROOT / "deploy" / "Containerfile").read_text()
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "deploy" / "compose.yaml").read_text())
PAGE = (DOCS / "server.md").read_text()
_VARIABLE = re.compile(r"UPRIVER_SERVER_([A-Z_]+[A-Z])\b")


def _known() -> set[str]:
    """The variables that the settings read."""
    text = (PACKAGE / "server" / "settings.py").read_text()
    named = {*re.findall(r'value\([^"]*"([A-Z_]+)"\)', text), "KEY"}
    return named | {f"LIMIT_{name.upper()}" for name in Limits.__struct_fields__}


@pytest.mark.parametrize("text", [CONTAINER, str(COMPOSE)], ids=["container", "compose"])
def test_variables_are_known(text: str) -> None:
    assert {*_VARIABLE.findall(text)} <= _known()


@pytest.mark.parametrize(("service", "command"), [("server", "serve"), ("worker", "worker")])
def test_services_start_commands_that_exist(service: str, command: str) -> None:
    assert parse(COMPOSE["services"][service]["command"]).command == command


def test_the_container_starts_the_server() -> None:
    given = re.findall(r"^(?:ENTRYPOINT|CMD) (.*)$", CONTAINER, re.MULTILINE)
    words = [msgspec.json.decode(each) for each in given]
    assert words == [["upriver"], ["serve"]]
    assert f"EXPOSE {DEFAULT_PORT}" in CONTAINER
    assert "USER upriver" in CONTAINER


def test_the_health_check_can_run() -> None:
    check = re.search(r"HEALTHCHECK .*?CMD (\[.*?\])$", CONTAINER, re.MULTILINE | re.DOTALL)
    assert check is not None
    program = msgspec.json.decode(check[1])[2]
    compile(program, "health check", "exec")
    assert f"127.0.0.1:{DEFAULT_PORT}/health/ready" in program


def test_the_extras_exist() -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    named = re.search(r"upriver\[([a-z,]+)\]", CONTAINER)
    assert named is not None
    assert {*named[1].split(",")} <= {*extras["optional-dependencies"]}


def test_shell_lines_can_be_read() -> None:
    for line in re.findall(r"^RUN ((?:.*\\\n)*.*)$", CONTAINER, re.MULTILINE):
        assert shlex.split(line.replace("\\\n", " "))


def test_secrets_have_no_defaults() -> None:
    for service in COMPOSE["services"].values():
        for name, value in service.get("environment", {}).items():
            if name.endswith(("PASSWORD", "KEY")):
                assert ":?" in value


def test_the_compose_settings_are_understood(tmp_path: Path) -> None:
    given = COMPOSE["services"]["server"]["environment"]
    env = {name: re.sub(r"\$\{[^}]*\}", "0" * 64, value) for name, value in given.items()}
    settings = settings_of(Given(data=str(tmp_path / "data")), env, str(tmp_path))
    assert settings.database.startswith("postgresql://upriver:")
    assert settings.objects == "/data/objects"


def test_every_setting_is_on_the_page_about_the_server() -> None:
    missing = [
        name
        for name in _known()
        if f"UPRIVER_SERVER_{name}" not in PAGE and f"`{name.removeprefix('LIMIT_')}`" not in PAGE
    ]
    assert missing == []
