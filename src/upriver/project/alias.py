"""`alias`: a command called `dbt` that starts upriver, and its removal.

Tools that look for `dbt` on the path find upriver so. It is made on request only, beside upriver's
own command or in a directory that is given, and nothing that upriver did not write is touched.
"""

from __future__ import annotations

import os
import shutil
import stat
import sys
import sysconfig
from pathlib import Path

from upriver.problems import Problem, ProblemsError
from upriver.project.events import Said
from upriver.project.opened import Caller
from upriver.project.outcome import Outcome
from upriver.project.requests import Alias, Request
from upriver.state.publish import write_atomically

_NAME = "dbt"
_MARK = "written by `upriver alias`; `upriver alias --remove` deletes it"


def alias(request: Request, caller: Caller) -> Outcome:
    """Write or delete the command; raises ProblemsError where another program has its name."""
    assert isinstance(request, Alias)  # noqa: S101 - the table of verbs
    directory = Path(caller.cwd, request.directory or sysconfig.get_path("scripts"))
    file = directory / (f"{_NAME}.cmd" if os.name == "nt" else _NAME)
    if file.exists() and not _is_ours(file):
        raise ProblemsError((_foreign(file),))
    if request.remove:
        was_there = file.exists()
        file.unlink(missing_ok=True)
        caller.listener(Said(text=f"Removed {file}" if was_there else f"There is no {file}"))
        return Outcome()
    directory.mkdir(parents=True, exist_ok=True)
    write_atomically(str(file), _script().encode())
    file.chmod(file.stat().st_mode | stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH)
    caller.listener(Said(text=f"{file} starts upriver; `upriver alias --remove` takes it back"))
    _tell_of_others(file, caller)
    return Outcome()


def _script() -> str:
    if os.name == "nt":
        return f'@rem {_MARK}\r\n@"{sys.executable}" -m upriver %*\r\n'
    return f'#!/bin/sh\n# {_MARK}\nexec "{sys.executable}" -m upriver "$@"\n'


def _is_ours(file: Path) -> bool:
    try:
        return _MARK.encode() in file.read_bytes()[:4096]
    except OSError:
        return False


def _foreign(file: Path) -> Problem:
    return Problem(
        code="alias-refused",
        message=f"`{file}` is another program, and is left as it is",
        hint="`--directory` names another place, which has to come before it on the path",
    )


def _tell_of_others(file: Path, caller: Caller) -> None:
    found = shutil.which(_NAME, path=caller.env.get("PATH", ""))
    if found is None or Path(found).resolve() != file.resolve():
        what = "no `dbt` is" if found is None else f"`{found}` is the `dbt` that is"
        caller.listener(Said(text=f"For now {what} found on the path; put {file.parent} first"))
