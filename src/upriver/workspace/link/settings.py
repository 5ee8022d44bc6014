"""What links a project to a server, value by value (platform section 4.3).

An environment variable comes before `dbt_project.yml`, and that before the user's file; an empty
variable counts as unset. A token of the user's file goes to the host it was stored with and to no
other, and serves the project it was stored for: a project file, which anybody may write, can name a
server but never learn a token.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from upriver.problems import Problem, Span
from upriver.workspace.link.hosts import address_of, agree, is_hosted
from upriver.workspace.link.mention import VARIABLES, user_file_path
from upriver.workspace.link.user_file import Entry, UserFile, read_user_file
from upriver.workspace.project_file import PROJECT_FILE

_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_KEYS = {
    "project_id": ("project-id",),
    "account_id": ("account_id",),
    "host": ("tenant_hostname", "account-host"),
    "defer_environment_id": ("defer-env-id",),
}
"""Keys of the project's block by value, the first one given counts."""
_OPTIONS = {"defer_environment_id": "--defer-env"}
_IDS = ("project_id", "account_id", "environment_id", "job_id")
"""Values that become parts of addresses; an environment to defer to may also be a name."""


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that is known of a project's server."""

    host: str | None = None
    """Its address, `https://dbt.example.com`."""
    token: str | None = None
    project_id: str | None = None
    account_id: str | None = None
    environment_id: str | None = None
    """Where this process runs, if it is a run of the platform."""
    defer_environment_id: str | None = None
    job_id: str | None = None
    project_name: str | None = None
    account_name: str | None = None
    token_name: str | None = None
    origins: Mapping[str, str] = {}
    """Where each value was found: a variable's name, or a file."""

    def __repr__(self) -> str:
        return f"Link(host={self.host!r}, project_id={self.project_id!r})"

    @property
    def is_complete(self) -> bool:
        """Whether there is a server to ask, which project's state is meant, and with what token."""
        is_known = self.host is not None and self.token is not None
        return is_known and self.project_id is not None and not is_hosted(self.host or "")

    @property
    def is_deferral_chosen(self) -> bool:
        """Whether the environment to defer to was named for this invocation."""
        return self.origins.get("defer_environment_id", "").startswith(("DBT_CLOUD_", "--"))


def read_link(
    env: Mapping[str, str],
    home: str | None,
    block: Mapping[str, Any],
    options: Mapping[str, str | None] = {},
) -> tuple[Link, tuple[Problem, ...]]:
    """Read what links a project, whose `dbt-cloud:` is `block`; problems are warnings.

    `options` are values of the command line, by their names here, which come before all others.
    """
    user, problems = _user_file(home)
    reading = _Reading(env, block, options)
    for name in VARIABLES:
        reading.read(name)
    values = reading.values
    if "project_id" not in values and user.active_project is not None:
        reading.put("project_id", user.active_project, user.path)
    if "defer_environment_id" not in values and user.defer_environment is not None:
        reading.put("defer_environment_id", user.defer_environment, user.path)
    project_id = values.get("project_id")
    entry = None if project_id is None else user.entry_of(project_id, values.get("host"))
    names: dict[str, str | None] = {}
    if entry is not None:
        reading.add(entry, user.path)
        if values.get("token") == entry.token:
            names = {n: getattr(entry, n) for n in ("project_name", "account_name", "token_name")}
    host = values.pop("host", None)
    link = Link(
        **values, **names,
        host=None if host is None else address_of(host),
        origins=reading.origins,
    )  # fmt: skip
    return link, (*problems, *reading.problems)


def _user_file(home: str | None) -> tuple[UserFile, tuple[Problem, ...]]:
    return (UserFile(path=""), ()) if home is None else read_user_file(user_file_path(home))


class _Reading:
    """Values with their origins, as they are found."""

    def __init__(
        self,
        env: Mapping[str, str],
        block: Mapping[str, Any],
        options: Mapping[str, str | None],
    ) -> None:
        self._env = env
        self._block = block
        self._options = options
        self.values: dict[str, str] = {}
        self.origins: dict[str, str] = {}
        self.problems: list[Problem] = []

    def read(self, name: str) -> None:
        """Take a value from the strongest place that gives a usable one."""
        option = self._options.get(name)
        if option is not None and self.put(name, option, _OPTIONS.get(name, "the command line")):
            return
        variable = VARIABLES[name]
        given = self._env.get(variable, "").strip()
        if given and self.put(name, given, variable):
            return
        for key in _KEYS.get(name, ()):
            value = self._block.get(key)
            if value in (None, "") or isinstance(value, bool | list | dict | float):
                continue
            if self.put(name, str(value).strip(), PROJECT_FILE):
                return

    def put(self, name: str, text: str, origin: str) -> bool:
        """Take a value unless it is none; whether it was taken."""
        expected = None
        if name in _IDS and not _ID.fullmatch(text):
            expected = "an id"
        elif name == "host" and address_of(text) is None:
            expected = "the name of a host"
        elif not text.isprintable():
            expected = "a token" if name == "token" else "an id or a name"
        if expected is not None:
            self.problems.append(_not_usable(name, origin, expected))
            return False
        self.values[name] = text
        self.origins[name] = origin
        return True

    def add(self, entry: Entry, path: str) -> None:
        """Add what the user's file says of the project, where nothing stronger did."""
        host = self.values.get("host")
        if entry.host is not None and host is not None and not agree(host, entry.host):
            if "token" not in self.values and entry.token is not None:
                self.problems.append(_other_host(host, self.origins["host"], entry.host, path))
            return
        if entry.host is not None and (host is None or "://" not in host):
            # The user's own spelling knows whether the server is encrypted.
            self.values["host"] = entry.host
            self.origins.setdefault("host", path)
        if entry.host is None and host is None:
            return
        found = {"token": entry.token, "account_id": entry.account_id}
        for name, value in found.items():
            # A token without a host of its own would go to whichever host the project names.
            is_homeless = name == "token" and entry.host is None
            if value is not None and name not in self.values and not is_homeless:
                self.put(name, value, path)


def _not_usable(name: str, origin: str, expected: str) -> Problem:
    return Problem(
        code="link-value",
        severity="warning",
        message=f"The {name.replace('_', ' ')} that `{origin}` gives is not {expected}, and counts"
        " as not given",
        span=Span(file=PROJECT_FILE, keys=("dbt-cloud",)) if origin == PROJECT_FILE else None,
    )


def _other_host(host: str, origin: str, known: str, path: str) -> Problem:
    return Problem(
        code="link-host-differs",
        severity="warning",
        message=f"`{origin}` names the server `{host}`, and the token in `{path}` is for"
        f" `{known}`; it is not sent, and the project is not linked",
        hint=f"`upriver login {host}` if you trust that server",
    )
