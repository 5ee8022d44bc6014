"""The environment of an invocation: what its job gives it, and nothing of the worker's (S-13)."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec

from upriver.server.jobs.variables import is_secret

_PASSED_ON: Final = ("LANG", "LC_ALL", "TZ", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "PYTHONPATH")
"""What says how the machine is, and no more."""


class Places(msgspec.Struct, frozen=True, kw_only=True):
    """The directories of a run."""

    home: str
    """Goes with the run."""
    kept: str
    """Stays for the environment's next runs: records of what was built."""
    profiles: str


def environment_of(
    outer: Mapping[str, str], places: Places, variables: Mapping[str, str]
) -> dict[str, str]:
    """Return the whole environment of an invocation."""
    passed_on = {name: outer[name] for name in _PASSED_ON if name in outer}
    return {
        "PATH": os.pathsep.join((str(Path(sys.executable).parent), os.defpath.lstrip(":"))),
        **passed_on,
        "HOME": places.home,
        "XDG_STATE_HOME": places.kept,
        "DBT_PROFILES_DIR": places.profiles,
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        "DBT_USE_COLORS": "false",
        **variables,
    }


def secrets_of(variables: Mapping[str, str], output: Mapping[str, object]) -> tuple[str, ...]:
    """Return the values that must not be shown: secret variables, and words of the connection."""
    secret_keys = ("pass", "token", "secret", "key", "private")
    return (
        *(value for name, value in variables.items() if is_secret(name)),
        *(
            str(value)
            for name, value in output.items()
            if isinstance(value, str) and any(word in name.lower() for word in secret_keys)
        ),
    )
