"""Running a Python model in this process, on the cursor of the worker that builds it.

The code is the user's file with what its `dbt` object needs appended, so its line numbers are
those of the file, and it is compiled under the file's name: a traceback points where it should.
What the model reads are DuckDB relations of the same cursor, hence of the same transaction.
"""

from __future__ import annotations

import linecache
import sys
import traceback
import types
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from upriver.adapters.contract import ModelCodeError, PythonJob
from upriver.problems import WarehouseError

if TYPE_CHECKING:
    import duckdb

_RESULTS = "a DuckDB relation, a pandas or polars data frame, or a pyarrow table"


def run_python_model(
    cursor: duckdb.DuckDBPyConnection, job: PythonJob, module_paths: tuple[str, ...] = ()
) -> None:
    """Call the model's function and let its `materialize` make a table of the result.

    Raises ModelCodeError with the line of the user's file at which it went wrong.
    """
    for path in module_paths:
        if path not in sys.path:
            sys.path.append(path)
    # A module of its own, in the table of modules as long as it runs: what the code defines
    # (a dataclass, something pickled) looks itself up there.
    module = types.ModuleType(f"upriver_model_{job.name}_{id(job)}")
    module.__file__ = job.file
    sys.modules[module.__name__] = module
    try:
        result = _attempt(lambda: _call(module, cursor, job), job)
        if result is None:
            raise ModelCodeError(f"`model` returned nothing; return {_RESULTS}", None)
        _store(module, result, cursor)
    finally:
        del sys.modules[module.__name__]


def _call(module: types.ModuleType, cursor: duckdb.DuckDBPyConnection, job: PythonJob) -> Any:
    linecache.checkcache(job.file)
    exec(compile(job.code, job.file, "exec"), module.__dict__)  # noqa: S102 - the user's model
    names = module.__dict__

    def load(relation: str) -> Any:
        return cursor.query(f"select * from {relation}")  # noqa: S608 - a rendered name

    return names["model"](names["dbtObj"](load), cursor)


def _store(module: types.ModuleType, result: Any, cursor: duckdb.DuckDBPyConnection) -> None:
    import duckdb  # already loaded; named here so that the module's import stays cheap

    try:
        module.__dict__["materialize"](result, cursor)
    except duckdb.InvalidInputException as error:
        if "replacement scan" not in str(error):
            raise
        kind = type(result).__name__
    else:
        return
    raise ModelCodeError(f"`model` returned a value of type `{kind}`; return {_RESULTS}", None)


def _attempt(act: Callable[[], Any], job: PythonJob) -> Any:
    """Run the user's code; whatever it raises becomes a message with a line of the file."""
    try:
        return act()
    except (Exception, SystemExit) as error:
        if isinstance(error, WarehouseError):
            raise
        failure = _failure(error, job)
    # Raised out here so that our own frames do not come along.
    raise failure


def _failure(error: BaseException, job: PythonJob) -> ModelCodeError:
    text = "".join(traceback.format_exception_only(error)).strip()
    if isinstance(error, SyntaxError) and error.filename == job.file:
        return ModelCodeError(f"SyntaxError: {error.msg}", error.lineno)
    frames = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if frame.filename == job.file and (frame.lineno or 0) <= job.lines
    ]
    if not frames:
        return ModelCodeError(text, None)
    calls = "".join(f"\ncalled from line {frame.lineno}" for frame in reversed(frames[:-1]))
    return ModelCodeError(text + calls, frames[-1].lineno)
