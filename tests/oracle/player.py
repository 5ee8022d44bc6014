"""Plays a script of commands in a project's directory, whichever program carries them out.

The same script is played by dbt, in the oracle's Python (`dbt_driver.py`), and by upriver, in the
process of the tests. So this module knows neither, and imports nothing outside the standard
library but the warehouses' drivers. Steps are plain data:

    {"name": .., "run": [args], "env": {..}}   a command; what it leaves in `target/` is kept;
                                               "fresh": in a process of its own, "cwd": from there
    {"name": .., "list": {label: [args]}}      one `ls` each; the unique ids it lists
    {"name": .., "dump": [files]}              every table of DuckDB files, row by row; the file
                                               "postgres" is the program's PostgreSQL database
    {"name": .., "sql": [file, statement, ..]} statements on a DuckDB file, or on "postgres"
    {"name": .., "write": {path: text}}        files of the project to write; null deletes
    {"name": .., "copy": [from, to]}           a file or directory, within the project
    {"name": .., "edit": [file, old, new]}     a text that a file holds
    {"name": .., "remove": [paths]}            files and directories, where they exist
    {"name": .., "take": [file, name]}         a file of the project to keep with the results
    {"name": .., "set": [file, [[keys, value], ..]]}   values of a JSON file; null deletes
"""

from __future__ import annotations

import contextlib
import json
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

MANY_ROWS = 1000
"""Larger tables are compared by count and by a sum of hashes."""
ARTIFACTS = ("manifest.json", "run_results.json")
POSTGRES = "postgres"
"""Stands for a file in steps on a PostgreSQL database."""


class Done(NamedTuple):
    """How a command ended."""

    exit_code: int
    error: str = ""
    lines: tuple[str, ...] = ()


class Manner(NamedTuple):
    """How a command is to be run."""

    env: Mapping[str, str] = {}
    """Variables beside the usual ones."""
    is_fresh: bool = False
    """In a process of its own: dbt-core keeps the selected set for a whole process."""
    cwd: str = "."
    """Relative to the project."""


Invoke = Callable[[list[str], Manner], Done]


class Program(NamedTuple):
    """What plays the commands."""

    run: Invoke
    list_ids: Invoke
    """`ls` with JSON lines as its result."""
    release: Callable[[], None]
    """Close what the program holds open, so that database files can be looked at."""
    postgres: Mapping[str, Any] | None = None
    """How to connect to the program's PostgreSQL server, if it has one."""


def play(script: list[dict[str, Any]], root: Path, out: Path, program: Program) -> None:
    """Carry out the steps in `root`; results and artifacts are left in `out`."""
    results: dict[str, Any] = {}
    for step in script:
        name = step["name"]
        if "run" in step:
            results[name] = _run(step, root, out / name, program)
        elif "list" in step:
            results[name] = {key: _ids(args, program) for key, args in step["list"].items()}
        elif "dump" in step:
            program.release()
            results[name] = _dump(step["dump"], root, program)
        elif "take" in step:
            program.release()
            shutil.copy(root / step["take"][0], out / step["take"][1])
        else:
            program.release()
            results[name] = _prepare(step, root, program)
    program.release()
    out.mkdir(parents=True, exist_ok=True)
    (out / "results.json").write_text(json.dumps(results, indent=1, default=str))


def _run(step: dict[str, Any], root: Path, out: Path, program: Program) -> dict[str, Any]:
    before = {artifact: _stamp(root / "target" / artifact) for artifact in ARTIFACTS}
    manner = Manner(step.get("env", {}), bool(step.get("fresh")), step.get("cwd", "."))
    done = program.run(step["run"], manner)
    out.mkdir(parents=True, exist_ok=True)
    for artifact in ARTIFACTS:
        # What an earlier command left is not this one's.
        if _stamp(root / "target" / artifact) != before[artifact]:
            shutil.copy(root / "target" / artifact, out / artifact)
    program.release()
    return {"exit_code": done.exit_code, "error": done.error}


def _stamp(file: Path) -> tuple[int, int] | None:
    return (file.stat().st_mtime_ns, file.stat().st_ino) if file.exists() else None


def _ids(args: list[str], program: Program) -> Any:
    keys = ["--output", "json", "--output-keys", "unique_id", "--quiet"]
    done = program.list_ids(["ls", *keys, *args], Manner())
    if done.exit_code:
        return {"exit_code": done.exit_code}
    return sorted(json.loads(line)["unique_id"] for line in done.lines if line.startswith("{"))


def _prepare(step: dict[str, Any], root: Path, program: Program) -> None:  # noqa: C901, PLR0912 - one branch per kind of step
    if "sql" in step and step["sql"][0] == POSTGRES:
        with contextlib.closing(_connect(program)) as connection:
            for statement in step["sql"][1:]:
                connection.cursor().execute(statement)
    elif "sql" in step:
        import duckdb  # only where there is a database

        file, *statements = step["sql"]
        # Files that statements attach are named relative to the project.
        with contextlib.chdir(root), duckdb.connect(str(root / file)) as connection:
            for statement in statements:
                connection.execute(statement)
    elif "write" in step:
        for path, text in step["write"].items():
            target = root / path
            if text is None:
                target.unlink()
            else:
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_text(text, "utf-8")
    elif "remove" in step:
        for path in step["remove"]:
            if (root / path).is_dir():
                shutil.rmtree(root / path)
            else:
                (root / path).unlink(missing_ok=True)
    elif "edit" in step:
        file, old, new = step["edit"]
        text = (root / file).read_text("utf-8")
        assert old in text, (file, old)
        (root / file).write_text(text.replace(old, new), "utf-8")
    elif "set" in step:
        _set(root / step["set"][0], step["set"][1])
    else:
        origin, target = (root / path for path in step["copy"])
        target.parent.mkdir(parents=True, exist_ok=True)
        if origin.is_dir():
            shutil.copytree(origin, target, dirs_exist_ok=True)
        else:
            shutil.copy(origin, target)


def _set(file: Path, changes: list[tuple[list[str], Any]]) -> None:
    whole = json.loads(file.read_text("utf-8"))
    for keys, value in changes:
        *above, last = keys
        place = whole
        for key in above:
            place = place[key]
        if value is None:
            del place[last]
        else:
            place[last] = value
    file.write_text(json.dumps(whole), "utf-8")


def _dump(names: list[str], root: Path, program: Program) -> dict[str, Any]:
    if names == [POSTGRES]:
        with contextlib.closing(_connect(program)) as connection:
            return dump_postgres(connection)
    return dump([root / name for name in names])


def _connect(program: Program) -> Any:
    assert program.postgres is not None, "the script needs a PostgreSQL server"
    try:
        import psycopg as driver  # upriver's
    except ImportError:
        import psycopg2 as driver  # dbt's
    connection = driver.connect(**program.postgres)
    connection.autocommit = True
    return connection


def dump_postgres(connection: Any) -> dict[str, Any]:
    """Return the relations of a PostgreSQL database: columns, comments, keys, grants and rows."""

    def ask(sql: str, *values: Any) -> list[list[Any]]:
        cursor = connection.cursor()
        cursor.execute(sql, values)
        return [list(row) for row in cursor.fetchall()]

    return {
        f"{schema}.{table}": {
            "kind": kind,
            "comment": comment,
            "columns": ask(_PG_COLUMNS, oid),
            "constraints": ask(_PG_CONSTRAINTS, oid) + ask(_PG_INDEXES, oid),
            "grants": ask(_PG_GRANTS, oid),
            "rows": sorted(
                [str(value) for value in row]
                for row in ask(f'select * from "{schema}"."{table}" limit {MANY_ROWS}')
            )
            if not kind.startswith("m ")
            else [],
        }
        for schema, table, kind, comment, oid in ask(_PG_RELATIONS)
    }


_PG_RELATIONS = """
    select n.nspname, c.relname,
      case c.relkind when 'r' then 'table' when 'v' then 'view'
        when 'm' then case when c.relispopulated then 'materialized view' else 'm empty' end end
        || case c.relpersistence when 'u' then ' unlogged' else '' end,
      obj_description(c.oid, 'pg_class'), c.oid
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('r', 'v', 'm') and n.nspname !~ '^(pg_|information_schema)' order by 1, 2
"""
_PG_COLUMNS = """
    select attname, format_type(atttypid, atttypmod), not attnotnull, col_description(attrelid, attnum)
    from pg_attribute where attrelid = %s and attnum > 0 and not attisdropped order by attnum
"""
_PG_CONSTRAINTS = """
    select contype::text || ' ' || pg_get_constraintdef(oid) from pg_constraint
    where conrelid = %s order by 1
"""
_PG_INDEXES = """
    select regexp_replace(indexdef, ' INDEX \\S+ ON', ' INDEX ON') from pg_indexes i
    join pg_class c on c.relname = i.tablename join pg_namespace n
      on n.oid = c.relnamespace and n.nspname = i.schemaname where c.oid = %s order by 1
"""
_PG_GRANTS = """
    select grantee::regrole::text, privilege_type from pg_class, aclexplode(relacl)
    where oid = %s and grantee <> relowner order by 1, 2
"""


def dump(files: list[Path]) -> dict[str, Any]:
    """Return every table and view: its columns, comments, constraints and rows."""
    import duckdb  # only where there is a database

    with duckdb.connect(":memory:") as connection:
        files = [file for file in files if file.exists()]
        names = [file.name.partition(".")[0] for file in files]
        for file, name in zip(files, names, strict=True):
            connection.execute(f"attach '{file}' as \"{name}\" (read_only)")
        listed = connection.execute(_RELATIONS, [names]).fetchall()
        return {
            f"{database}.{schema}.{table}": {
                "kind": kind,
                "comment": comment,
                "columns": connection.execute(_COLUMNS, [database, schema, table]).fetchall(),
                "constraints": connection.execute(
                    _CONSTRAINTS, [database, schema, table]
                ).fetchall(),
                "rows": _rows(connection, f'"{database}"."{schema}"."{table}"'),
            }
            for database, schema, table, kind, comment in listed
        }


_RELATIONS = """
    select database_name, schema_name, table_name, 'table', comment from duckdb_tables()
    where list_contains($1, database_name)
    union all
    select database_name, schema_name, view_name, 'view', comment from duckdb_views()
    where list_contains($1, database_name) and not internal
    order by 1, 2, 3
"""
_COLUMNS = """
    select column_name, data_type, is_nullable, comment from duckdb_columns()
    where database_name = $1 and schema_name = $2 and table_name = $3 order by column_index
"""
_CONSTRAINTS = """
    select constraint_text from duckdb_constraints()
    where database_name = $1 and schema_name = $2 and table_name = $3 order by 1
"""


def _rows(connection: Any, relation: str) -> Any:
    try:
        count = connection.execute(f"select count(*) from {relation}").fetchone()[0]
        if count <= MANY_ROWS:
            rows = connection.execute(f"select * from {relation}").fetchall()
            return sorted([str(value) for value in row] for row in rows)
        hashes = f"select count(*), sum(hash(r)::hugeint) from {relation} as r"
        return {"hashed": [str(value) for value in connection.execute(hashes).fetchone()]}
    except Exception as error:  # noqa: BLE001 - a view over what is gone: equal on both sides
        return {"error": str(error).splitlines()[0]}
