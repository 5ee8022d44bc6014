"""Run by the oracle's own Python: `dbt deps` in many directories, in one process.

python deps_driver.py CASES.json ANSWERS.json
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys
from pathlib import Path

os.environ["DBT_SEND_ANONYMOUS_USAGE_STATS"] = "0"

from dbt.cli.main import dbtRunner


def main() -> None:
    asked, answered = (Path(argument) for argument in sys.argv[1:])
    answers = []
    for case in json.loads(asked.read_text()):
        console = io.StringIO()
        with contextlib.chdir(case["folder"]), contextlib.redirect_stdout(console):
            result = dbtRunner().invoke(["--no-use-colors", "deps", *case["words"]])
        exit_code = 0 if result.success else 2 if result.exception else 1
        answers.append({"exit_code": exit_code, "output": console.getvalue()})
    answered.write_text(json.dumps(answers))


main()
