"""What can be asked of an open project: one frozen struct per verb.

The structs are composed of groups of options that several verbs share. `None` means "not given";
what was not given is looked up in the environment and the project's `flags:` (`resolve.py`), so
that every front door has the same precedence (PROJ-264).

Annotations are evaluated here, unlike elsewhere: they are read at every start, and evaluating
their text then costs 50 ms.
"""

from collections.abc import Mapping
from typing import Annotated, Any

import msgspec

from upriver.project.option_groups import Flag, GlobalOptions, Selecting, Text, Words
from upriver.project.options import option

_FULL_REFRESH = option(
    "--full-refresh",
    "-f",
    env="FULL_REFRESH",
    help="Rebuild incremental models and seeds from nothing",
)
_EMPTY = option("--empty", env="EMPTY", help="Build with no rows: every reference is limited to 0")
_STORE = option(
    "--store-failures", env="STORE_FAILURES", help="Keep failing rows of tests in tables"
)
_START = option(
    "--event-time-start", env="EVENT_TIME_START", metavar="TIME", help="Start of the batches"
)
_END = option("--event-time-end", env="EVENT_TIME_END", metavar="TIME", help="End of the batches")
_SAMPLE = option(
    "--sample", env="SAMPLE", metavar="WINDOW", help="Read `3 days` only, or `{start: a, end: b}`"
)
_REUSE = option(
    "--reuse",
    env="REUSE",
    help="Do not build again what was built from the same code and the same rows",
)
_STALE = option(
    "--refresh-stale",
    env="REFRESH_STALE",
    help="Copy again what was built in the state after it was copied",
)
_CLONE_FIRST = option(
    "--clone-incrementals",
    env="CLONE_INCREMENTALS",
    help="Copy incremental models and snapshots that the target lacks from the state, then add to"
    " them",
)
_INLINE = option("--inline", metavar="SQL", help="A query instead of a selection; may use `ref`")


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """What all requests have: the global options."""

    options: GlobalOptions = GlobalOptions()


class Build(Request, frozen=True, kw_only=True):
    """Seeds, snapshots, models and tests in dependency order (CLI-43)."""

    selecting: Selecting = Selecting()
    reuse: Annotated[Flag, _REUSE] = None
    clone_incrementals: Annotated[Flag, _CLONE_FIRST] = None
    full_refresh: Annotated[Flag, _FULL_REFRESH] = None
    empty: Annotated[Flag, _EMPTY] = None
    store_failures: Annotated[Flag, _STORE] = None
    export_saved_queries: Annotated[
        Flag,
        option(
            "--export-saved-queries",
            help="Accepted for dbt's sake: exports are written by a service, not by a build",
        ),
    ] = None
    include_saved_query: Annotated[
        Flag,
        option(
            "--include-saved-query",
            is_hidden=True,
            help="Accepted: the older name of `--export-saved-queries`",
        ),
    ] = None
    event_time_start: Annotated[Text, _START] = None
    event_time_end: Annotated[Text, _END] = None
    sample: Annotated[Text, _SAMPLE] = None


class Run(Request, frozen=True, kw_only=True):
    """Build models (CLI-44)."""

    selecting: Selecting = Selecting()
    reuse: Annotated[Flag, _REUSE] = None
    clone_incrementals: Annotated[Flag, _CLONE_FIRST] = None
    full_refresh: Annotated[Flag, _FULL_REFRESH] = None
    empty: Annotated[Flag, _EMPTY] = None
    event_time_start: Annotated[Text, _START] = None
    event_time_end: Annotated[Text, _END] = None
    sample: Annotated[Text, _SAMPLE] = None


class Test(Request, frozen=True, kw_only=True):
    """Run data tests and unit tests (CLI-45)."""

    selecting: Selecting = Selecting()
    store_failures: Annotated[Flag, _STORE] = None


class Seed(Request, frozen=True, kw_only=True):
    """Load CSV files (CLI-46)."""

    selecting: Selecting = Selecting()
    full_refresh: Annotated[Flag, _FULL_REFRESH] = None
    show: Annotated[Flag, option("--show", is_plain=True, help="Show rows of what was loaded")] = (
        None
    )


class Snapshot(Request, frozen=True, kw_only=True):
    """Record changes of snapshotted queries (CLI-47)."""

    selecting: Selecting = Selecting()
    clone_incrementals: Annotated[Flag, _CLONE_FIRST] = None
    empty: Annotated[Flag, _EMPTY] = None


class Compile(Request, frozen=True, kw_only=True):
    """Render SQL without running it (CLI-48)."""

    selecting: Selecting = Selecting()
    full_refresh: Annotated[Flag, _FULL_REFRESH] = None
    empty: Annotated[Flag, _EMPTY] = None
    inline: Annotated[Text, _INLINE] = None
    output: Annotated[
        str, option("--output", choices=("json", "text"), help="Format of what is shown")
    ] = "text"


class Show(Request, frozen=True, kw_only=True):
    """Run a query and show rows (CLI-49)."""

    selecting: Selecting = Selecting()
    full_refresh: Annotated[Flag, _FULL_REFRESH] = None
    inline: Annotated[Text, _INLINE] = None
    limit: Annotated[int, option("--limit", metavar="N", help="Rows to show; -1 for all")] = 5
    output: Annotated[
        str, option("--output", choices=("json", "text"), help="Format of what is shown")
    ] = "text"


class List(Request, frozen=True, kw_only=True):
    """List resources (CLI-50, CLI-111..116)."""

    selecting: Selecting = Selecting()
    models: Annotated[
        Words,
        option(
            "--models",
            "--model",
            "-m",
            metavar="SELECTOR",
            help="As `--select` with `--resource-type model`",
        ),
    ] = ()
    output: Annotated[
        str,
        option(
            "--output",
            choices=("selector", "name", "path", "json"),
            help="What to print of each resource",
        ),
    ] = "selector"
    why: Annotated[
        Flag, option("--why", is_plain=True, help="Say what differs from the state")
    ] = None
    output_keys: Annotated[
        Words, option("--output-keys", metavar="KEY", help="Keys of each JSON object")
    ] = ()


class Diff(Request, frozen=True, kw_only=True):
    """Show what differs from a state, and why; with `--data`, how the rows differ."""

    selecting: Selecting = Selecting()
    columns: Annotated[
        Flag,
        option("--columns", is_plain=True, help="Say which columns differ, by column lineage"),
    ] = None
    data: Annotated[
        Flag,
        option("--data", is_plain=True, help="Compare the rows of relations in the warehouse"),
    ] = None
    key: Annotated[
        Text,
        option(
            "--key",
            metavar="COLUMNS",
            help="With `--data`: columns, separated by commas, that tell rows apart",
        ),
    ] = None
    limit_examples: Annotated[
        int, option("--limit-examples", metavar="N", help="With `--data`: examples of each change")
    ] = 3
    html: Annotated[
        Text, option("--html", metavar="FILE", help="With `--data`: also write a page to a file")
    ] = None
    fail_on_difference: Annotated[
        Flag,
        option(
            "--fail-on-difference", is_plain=True, help="End with exit code 1 if anything differs"
        ),
    ] = None
    output: Annotated[
        str,
        option(
            "--output",
            choices=("json", "text", "html"),
            help="What is printed; a page with `--data` only",
        ),
    ] = "text"


class ShowLineage(Request, frozen=True, kw_only=True):
    """Show which columns the columns of models come from; of one column, also what reads it."""

    selecting: Selecting = Selecting()
    warehouse_columns: Annotated[
        Flag,
        option(
            "--warehouse-columns",
            is_plain=True,
            help="Ask the warehouse which columns sources have, where nothing else says all of them",
        ),
    ] = None
    output: Annotated[str, option("--output", choices=("json", "text"), help="Table or JSON")] = (
        "text"
    )


class Parse(Request, frozen=True, kw_only=True):
    """Read the project and write its manifest (CLI-51)."""


class PlanOnly(Request, frozen=True, kw_only=True):
    """Show what a command would do and which relation every reference reads; build nothing."""

    selecting: Selecting = Selecting()
    command: Annotated[
        str,
        option(
            "--command",
            choices=("run", "build", "test", "seed", "snapshot", "compile", "clone"),
            help="Command to plan",
        ),
    ] = "run"
    reuse: Annotated[Flag, _REUSE] = None
    clone_incrementals: Annotated[Flag, _CLONE_FIRST] = None
    refresh_stale: Annotated[Flag, _STALE] = None
    full_refresh: Annotated[Flag, _FULL_REFRESH] = None
    output: Annotated[str, option("--output", choices=("json", "text"), help="Table or JSON")] = (
        "text"
    )


class Clone(Request, frozen=True, kw_only=True):
    """Copy production's relations into the target (deferral.md section 10)."""

    selecting: Selecting = Selecting()
    full_refresh: Annotated[Flag, _FULL_REFRESH] = None
    refresh_stale: Annotated[Flag, _STALE] = None
    clone_mode: Annotated[
        Text,
        option(
            "--clone-mode",
            env="CLONE_MODE",
            choices=("auto", "copy", "view"),
            help="What becomes a table of its own where tables cannot be cloned: what runs add to,"
            " everything, or nothing",
        ),
    ] = None
    limit: Annotated[
        int | None, option("--limit", metavar="N", help="Copy N rows of each relation only")
    ] = None
    where: Annotated[
        Text,
        option("--where", metavar="SQL", help="Copy only rows that meet a condition"),
    ] = None

    @property
    def is_partial(self) -> bool:
        """Whether some of the rows are copied only."""
        return self.limit is not None or self.where is not None


class Retry(Request, frozen=True, kw_only=True):
    """Run again what failed last time (CLI-124)."""

    full_refresh: Annotated[Flag, _FULL_REFRESH] = None


class RunOperation(Request, frozen=True, kw_only=True):
    """Call a macro (CLI-59)."""

    macro: Annotated[str, option(metavar="MACRO", help="Macro to call: `name` or `package.name`")]
    args: Annotated[
        Mapping[str, Any] | None,
        option("--args", metavar="YAML", help="Arguments as a YAML mapping"),
    ] = None


class SourceFreshness(Request, frozen=True, kw_only=True):
    """Find out how old the newest rows of sources are (CLI-58, CLI-79)."""

    selecting: Selecting = Selecting()
    output: Annotated[
        Text,
        option(
            "--output",
            "-o",
            metavar="FILE",
            help="File for the result instead of `sources.json` in the target directory",
        ),
    ] = None


class DocsGenerate(Request, frozen=True, kw_only=True):
    """Write the documentation site with the project's manifest and catalog (CLI-56, CLI-80)."""

    selecting: Selecting = Selecting()
    compile: Annotated[
        Flag, option("--compile", help="Compile first, so that the site shows compiled SQL")
    ] = None
    empty_catalog: Annotated[
        Flag, option("--empty-catalog", is_plain=True, help="Do not ask the warehouse anything")
    ] = None
    static: Annotated[
        Flag,
        option(
            "--static", is_plain=True, help="Also write `static_index.html`, the site as one file"
        ),
    ] = None


class DocsServe(Request, frozen=True, kw_only=True):
    """Serve the documentation site of the target directory (CLI-57)."""

    host: Annotated[
        Text, option("--host", env="HOST", metavar="HOST", help="Address to listen on")
    ] = None
    port: Annotated[
        int | None, option("--port", metavar="N", help="Port to listen on; 8080 by default")
    ] = None
    browser: Annotated[Flag, option("--browser", help="Open the site in a browser")] = None


class Debug(Request, frozen=True, kw_only=True):
    """Check settings and the connection (CLI-54)."""

    connection: Annotated[
        Flag, option("--connection", is_plain=True, help="Check the connection only")
    ] = None
    config_dir: Annotated[
        Flag, option("--config-dir", is_plain=True, help="Show where `profiles.yml` is looked for")
    ] = None


class Clean(Request, frozen=True, kw_only=True):
    """Delete `clean-targets` (CLI-53), or drop what builds left in the target's schemas."""

    schema: Annotated[
        Flag,
        option(
            "--schema",
            is_plain=True,
            help="Instead, list and drop what builds left in the target's schemas",
        ),
    ] = None
    orphans: Annotated[
        Flag,
        option(
            "--orphans",
            is_plain=True,
            help="As `--schema`, but only what deleted and renamed resources left",
        ),
    ] = None
    yes: Annotated[Flag, option("--yes", "-y", is_plain=True, help="Drop without asking")] = None
    clean_project_files_only: Annotated[
        Flag,
        option(
            "--clean-project-files-only",
            env="CLEAN_PROJECT_FILES_ONLY",
            help="Refuse to delete outside the project",
        ),
    ] = None


class Deps(Request, frozen=True, kw_only=True):
    """Install the packages the project uses (CLI-52)."""

    upgrade: Annotated[
        Flag,
        option("--upgrade", is_plain=True, help="Look for newer versions than the locked ones"),
    ] = None
    lock: Annotated[
        Flag, option("--lock", is_plain=True, help="Write `package-lock.yml` and install nothing")
    ] = None
    add_package: Annotated[
        Text,
        option(
            "--add-package",
            metavar="NAME[@VERSION]",
            help="Add a package to `packages.yml`; a version is needed except for a local one",
        ),
    ] = None
    source: Annotated[
        str,
        option(
            "--source",
            choices=("hub", "git", "local"),
            help="Where the added package comes from",
        ),
    ] = "hub"


class Init(Request, frozen=True, kw_only=True):
    """Create a project (CLI-55)."""

    name: Annotated[Text, option(metavar="NAME", help="Name of the project")] = None
    skip_profile_setup: Annotated[
        Flag, option("--skip-profile-setup", "-s", is_plain=True, help="Do not write a profile")
    ] = None


class Alias(Request, frozen=True, kw_only=True):
    """Offer upriver under the name `dbt`, for tools that look for that, or take it back."""

    directory: Annotated[
        Text, option("--directory", metavar="DIR", help="Where; beside `upriver` if not given")
    ] = None
    remove: Annotated[Flag, option("--remove", is_plain=True, help="Delete the command")] = None


class Login(Request, frozen=True, kw_only=True):
    """Link this machine to a server that hands out the state of production."""

    host: Annotated[
        Text, option(metavar="HOST", help="Server: `dbt.example.com`, `http://localhost:8580`")
    ] = None
    token_file: Annotated[
        Text,
        option(
            "--token-file",
            metavar="FILE",
            help="File that holds the token, `-` for the standard input; it is asked for otherwise",
        ),
    ] = None
    project: Annotated[
        Text,
        option("--project", metavar="PROJECT", help="Project of the server, by number or name"),
    ] = None


class LoginStatus(Request, frozen=True, kw_only=True):
    """Show which server is linked, and whether it knows the token."""


class Logout(Request, frozen=True, kw_only=True):
    """Forget the token of the linked project."""


class EnvironmentShow(Request, frozen=True, kw_only=True):
    """Show the linked server, its environments, and the target."""


class StatePublish(Request, frozen=True, kw_only=True):
    """Write what the last run left to a table of the target's database, for others to defer to."""


class StatePush(Request, frozen=True, kw_only=True):
    """Push artifacts, whichever tool made them, to an environment of the linked server."""

    environment: Annotated[
        Text,
        option(
            "--environment",
            metavar="ENV",
            help="Environment that the artifacts are of, by number or name",
        ),
    ] = None


class Stats(Request, frozen=True, kw_only=True):
    """Show what deferral and reuse have saved."""

    days: Annotated[int, option("--days", metavar="N", help="Runs of the last N days")] = 30
    output: Annotated[str, option("--output", choices=("json", "text"), help="Table or JSON")] = (
        "text"
    )


class Demo(Request, frozen=True, kw_only=True):
    """Set up a project over real flights and show deferral at work."""

    directory: Annotated[Text, option(metavar="DIR", help="Where to put it")] = None


class Serve(Request, frozen=True, kw_only=True):
    """Keep what production builds and hand it out to everyone who defers to it."""

    host: Annotated[
        Text,
        option("--host", metavar="HOST", help="Address to listen on; 127.0.0.1 if not given"),
    ] = None
    port: Annotated[
        int | None,
        option("--port", metavar="N", help="Port to listen on: 8580 if not given, 0 a free one"),
    ] = None
    data: Annotated[
        Text, option("--data", metavar="DIR", help="Directory of the server's own files")
    ] = None
    database: Annotated[
        Text,
        option("--database", metavar="URL", help="Database; a SQLite file in --data if not given"),
    ] = None
    objects: Annotated[
        Text,
        option(
            "--objects",
            metavar="PLACE",
            help="Where artifacts are kept: a directory or `s3://bucket/prefix`",
        ),
    ] = None
    project: Annotated[
        Text,
        option("--project", metavar="NAME", help="Create this project if it is not there"),
    ] = None
    public_url: Annotated[
        Text,
        option("--public-url", metavar="URL", help="How clients reach the server behind a proxy"),
    ] = None
    tls_cert: Annotated[
        Text, option("--tls-cert", metavar="FILE", help="Certificate chain to speak TLS with")
    ] = None
    tls_key: Annotated[
        Text, option("--tls-key", metavar="FILE", help="Private key of the certificate")
    ] = None
    runs: Annotated[
        int | None,
        option("--runs", metavar="N", help="Runs of jobs carried out at once: 2, 0 for none"),
    ] = None
    clean_up: Annotated[
        Flag,
        option(
            "--clean-up",
            is_plain=True,
            help="Delete what is old or nothing names, and end",
        ),
    ] = None


class WorkerOnly(Request, frozen=True, kw_only=True):
    """Carry out the runs of a server's jobs, on this machine."""

    data: Annotated[
        Text, option("--data", metavar="DIR", help="Directory of the worker's own files")
    ] = None
    database: Annotated[
        Text, option("--database", metavar="URL", help="The server's database")
    ] = None
    objects: Annotated[
        Text,
        option(
            "--objects",
            metavar="PLACE",
            help="The server's artifacts: a directory or `s3://bucket/prefix`",
        ),
    ] = None
    runs: Annotated[
        int | None, option("--runs", metavar="N", help="Runs carried out at once; 2 if not given")
    ] = None


REQUESTS: Mapping[str, type[Request]] = {
    "alias": Alias,
    "build": Build,
    "clean": Clean,
    "clone": Clone,
    "compile": Compile,
    "debug": Debug,
    "demo": Demo,
    "diff": Diff,
    "deps": Deps,
    "docs generate": DocsGenerate,
    "docs serve": DocsServe,
    "environment show": EnvironmentShow,
    "init": Init,
    "lineage": ShowLineage,
    "login": Login,
    "login status": LoginStatus,
    "logout": Logout,
    "ls": List,
    "parse": Parse,
    "plan": PlanOnly,
    "retry": Retry,
    "run": Run,
    "run-operation": RunOperation,
    "seed": Seed,
    "serve": Serve,
    "worker": WorkerOnly,
    "show": Show,
    "snapshot": Snapshot,
    "source freshness": SourceFreshness,
    "state publish": StatePublish,
    "stats": Stats,
    "state push": StatePush,
    "test": Test,
}
"""Every verb by its name on the command line."""
