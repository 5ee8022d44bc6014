"""Run by the oracle's own Python: plays a script with a real dbt-core in one process.

python dbt_driver.py SCRIPT.json ROOT OUT
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

os.environ["DBT_SEND_ANONYMOUS_USAGE_STATS"] = "0"

from dbt.adapters.duckdb.connections import DuckDBConnectionManager
from dbt.adapters.factory import reset_adapters
from dbt.cli.main import dbtRunner
from player import Done, Manner, Program, play


class Dbt:
    """dbt-core, keeping the manifest it read last for listing."""

    def __init__(self) -> None:
        self.manifest: Any = None

    def run(self, args: list[str], manner: Manner) -> Done:
        if manner.is_fresh:
            return _run_alone(args, manner)
        before = dict(os.environ)
        os.environ.update(manner.env)
        try:
            with contextlib.chdir(manner.cwd):
                result = dbtRunner().invoke(args)
        finally:
            os.environ.clear()
            os.environ.update(before)
        if args[0] == "parse":
            self.manifest = result.result
        return _done(result)

    def list_ids(self, args: list[str], _: Manner) -> Done:
        if self.manifest is None:
            return Done(2, "the project was not parsed")
        return _done(dbtRunner(manifest=self.manifest).invoke(args))

    def release(self) -> None:
        DuckDBConnectionManager.close_all_connections()
        reset_adapters()


def _run_alone(args: list[str], manner: Manner) -> Done:
    code = "from dbt.cli.main import cli; cli()"
    done = subprocess.run(
        [sys.executable, "-c", code, *args],
        env={**os.environ, **manner.env},
        cwd=manner.cwd,
        capture_output=True,
        text=True,
        check=False,
    )
    return Done(done.returncode, done.stdout[-1000:])


def _done(result: Any) -> Done:
    if result.exception is not None:
        return Done(2, str(result.exception))
    lines = result.result if isinstance(result.result, list) else ()
    return Done(0 if result.success else 1, "", tuple(str(line) for line in lines))


def main() -> None:
    script, root, out = (Path(argument).resolve() for argument in sys.argv[1:])
    os.chdir(root)
    dbt = Dbt()
    server = json.loads(os.environ.get("ORACLE_POSTGRES", "null"))
    program = Program(dbt.run, dbt.list_ids, dbt.release, server)
    play(json.loads(script.read_text()), root, out, program)


if __name__ == "__main__":
    main()
