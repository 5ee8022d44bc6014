"""Groups of options that several verbs share: those of every command, and those of selecting.

Annotations are evaluated here, unlike elsewhere: they are read at every start, and evaluating
their text then costs 50 ms.
"""

from collections.abc import Mapping
from typing import Annotated, Any

import msgspec

from upriver.project.options import option

_LOG_LEVELS = ("debug", "info", "warn", "error", "none")
_LOG_FORMATS = ("text", "debug", "json", "default")
_TYPES = (
    "metric", "semantic_model", "saved_query", "source", "analysis", "model", "test", "unit_test",
    "exposure", "snapshot", "seed", "function", "default", "all",
)  # fmt: skip
INDIRECT = ("eager", "cautious", "buildable", "empty")

Flag = bool | None
Text = str | None
Words = tuple[str, ...]
Places = str | tuple[str, ...] | None
"""One text, or several in an order."""


class GlobalOptions(msgspec.Struct, frozen=True, kw_only=True):
    """Options every command accepts, before or after its name (CLI-14..42)."""

    project_dir: Annotated[
        Text,
        option(
            "--project-dir",
            env="PROJECT_DIR",
            metavar="DIR",
            help="Directory of the project; by default the current one or the nearest above it",
        ),
    ] = None
    profiles_dir: Annotated[
        Text,
        option(
            "--profiles-dir", env="PROFILES_DIR", metavar="DIR", help="Directory of `profiles.yml`"
        ),
    ] = None
    profile: Annotated[
        Text, option("--profile", env="PROFILE", help="Profile to use instead of the project's")
    ] = None
    target: Annotated[
        Text, option("--target", "-t", env="TARGET", help="Target of the profile to use")
    ] = None
    vars: Annotated[
        Mapping[str, Any] | None,
        option(
            "--vars",
            metavar="YAML",
            help="Variables as a YAML mapping; they override the project's",
        ),
    ] = None
    threads: Annotated[
        int | None, option("--threads", metavar="N", help="Steps executed at the same time")
    ] = None
    target_path: Annotated[
        Text,
        option(
            "--target-path",
            env="TARGET_PATH",
            metavar="DIR",
            help="Directory for artifacts and compiled files",
        ),
    ] = None
    log_path: Annotated[
        Text, option("--log-path", env="LOG_PATH", metavar="DIR", help="Directory for log files")
    ] = None
    defer: Annotated[
        Flag,
        option(
            "--defer",
            env="DEFER",
            help="Read what is not in the target from the state's relations",
        ),
    ] = None
    state: Annotated[
        Places,
        option(
            "--state",
            env="STATE",
            metavar="PLACE",
            is_repeatable=True,
            help="Where the artifacts are to compare with and to defer to: a directory, a file,"
            " `https://..`, `s3://..`, `gs://..`, `az://..`, `git:REVISION`, `warehouse:`; given several"
            " times, each resource is read from the first that has built it",
        ),
    ] = None
    defer_state: Annotated[
        Places,
        option(
            "--defer-state",
            env="DEFER_STATE",
            metavar="PLACE",
            is_repeatable=True,
            help="Where the manifest is to defer to, if it differs from --state",
        ),
    ] = None
    defer_env: Annotated[
        Text,
        option(
            "--defer-env",
            env="CLOUD_DEFER_ENV_ID",
            metavar="ENV",
            help="Environment of the linked server to defer to, by number or name",
        ),
    ] = None
    state_target: Annotated[
        Text,
        option(
            "--state-target",
            env="STATE_TARGET",
            metavar="TARGET",
            help="Target that `--state git:..` is read with; `prod` or `production` if not given",
        ),
    ] = None
    favor_state: Annotated[
        Flag,
        option(
            "--favor-state",
            env="FAVOR_STATE",
            help="Defer unselected resources even if they exist in the target",
        ),
    ] = None
    defer_policy: Annotated[
        Text,
        option(
            "--defer-policy",
            env="DEFER_POLICY",
            choices=("exists", "favor-state", "fresh"),
            help="How deferral chooses; given as an option, it turns deferral on",
        ),
    ] = None
    build_missing: Annotated[
        Flag,
        option(
            "--build-missing",
            env="BUILD_MISSING",
            help="Build ancestors that policy `fresh` finds no right relation of; on by default",
        ),
    ] = None
    debug: Annotated[
        Flag,
        option(
            "--debug", "-d", env="DEBUG", help="Show debug messages, with every statement sent"
        ),
    ] = None
    fail_fast: Annotated[
        Flag, option("--fail-fast", "-x", env="FAIL_FAST", help="Stop at the first failure")
    ] = None
    indirect_selection: Annotated[
        Text,
        option(
            "--indirect-selection",
            env="INDIRECT_SELECTION",
            choices=INDIRECT,
            help="Which tests come along with what they test",
        ),
    ] = None
    quiet: Annotated[
        Flag, option("--quiet", "-q", env="QUIET", help="Show errors and requested output only")
    ] = None
    log_format: Annotated[
        Text,
        option(
            "--log-format",
            env="LOG_FORMAT",
            choices=_LOG_FORMATS,
            help="Format of console messages",
        ),
    ] = None
    log_format_file: Annotated[
        Text,
        option(
            "--log-format-file",
            env="LOG_FORMAT_FILE",
            choices=_LOG_FORMATS,
            help="Format of the log file",
        ),
    ] = None
    log_level: Annotated[
        Text,
        option(
            "--log-level",
            env="LOG_LEVEL",
            choices=_LOG_LEVELS,
            help="Least severe messages to show",
        ),
    ] = None
    log_level_file: Annotated[
        Text,
        option(
            "--log-level-file",
            env="LOG_LEVEL_FILE",
            choices=_LOG_LEVELS,
            help="Least severe messages to write to the log file",
        ),
    ] = None
    log_file_max_bytes: Annotated[
        int | None,
        option(
            "--log-file-max-bytes",
            env="LOG_FILE_MAX_BYTES",
            is_hidden=True,
            help="Size at which the log file rotates",
        ),
    ] = None
    log_cache_events: Annotated[
        Flag,
        option(
            "--log-cache-events", env="LOG_CACHE_EVENTS", help="Log changes of the relation cache"
        ),
    ] = None
    print: Annotated[Flag, option("--print", env="PRINT", help="Show what templates print")] = None
    printer_width: Annotated[
        int | None,
        option("--printer-width", env="PRINTER_WIDTH", metavar="N", help="Width of result lines"),
    ] = None
    use_colors: Annotated[
        Flag, option("--use-colors", env="USE_COLORS", help="Colour console messages")
    ] = None
    use_colors_file: Annotated[
        Flag, option("--use-colors-file", env="USE_COLORS_FILE", help="Colour the log file")
    ] = None
    warn_error: Annotated[
        Flag,
        option(
            "--warn-error", env="WARN_ERROR", help="Treat every warning as an error", is_plain=True
        ),
    ] = None
    warn_error_options: Annotated[
        Mapping[str, Any] | None,
        option(
            "--warn-error-options",
            env="WARN_ERROR_OPTIONS",
            metavar="YAML",
            help="Which warnings are errors, and which are silenced",
        ),
    ] = None
    write_json: Annotated[
        Flag,
        option("--write-json", env="WRITE_JSON", help="Write artifacts to the target directory"),
    ] = None
    version_check: Annotated[
        Flag, option("--version-check", env="VERSION_CHECK", help="Check `require-dbt-version`")
    ] = None
    partial_parse: Annotated[
        Flag,
        option(
            "--partial-parse",
            env="PARTIAL_PARSE",
            help="Use what was remembered of earlier parses",
        ),
    ] = None
    populate_cache: Annotated[
        Flag,
        option(
            "--populate-cache",
            env="POPULATE_CACHE",
            help="List relations before running; without it, when first asked for",
        ),
    ] = None
    cache_selected_only: Annotated[
        Flag,
        option(
            "--cache-selected-only",
            env="CACHE_SELECTED_ONLY",
            help="List only schemas of the selection",
        ),
    ] = None
    introspect: Annotated[
        Flag,
        option(
            "--introspect",
            env="INTROSPECT",
            help="Let templates query the warehouse while compiling",
        ),
    ] = None
    show_all_deprecations: Annotated[
        Flag, option("--show-all-deprecations", help="Show every occurrence of a deprecation")
    ] = None
    static_parser: Annotated[
        Flag,
        option(
            "--static-parser", env="STATIC_PARSER", is_hidden=True, help="Accepted; has no effect"
        ),
    ] = None
    use_experimental_parser: Annotated[
        Flag,
        option(
            "--use-experimental-parser",
            env="USE_EXPERIMENTAL_PARSER",
            is_hidden=True,
            help="Accepted; has no effect",
        ),
    ] = None
    use_fast_test_edges: Annotated[
        Flag,
        option(
            "--use-fast-test-edges",
            env="USE_FAST_TEST_EDGES",
            is_hidden=True,
            help="Accepted; has no effect",
        ),
    ] = None
    single_threaded: Annotated[
        Flag,
        option(
            "--single-threaded",
            env="SINGLE_THREADED",
            is_hidden=True,
            help="Execute one step at a time",
        ),
    ] = None
    macro_debugging: Annotated[
        Flag,
        option(
            "--macro-debugging",
            env="MACRO_DEBUGGING",
            is_hidden=True,
            help="Accepted; has no effect",
        ),
    ] = None
    show_resource_report: Annotated[
        Flag, option("--show-resource-report", is_hidden=True, help="Accepted; has no effect")
    ] = None
    record_timing_info: Annotated[
        Text,
        option(
            "--record-timing-info",
            "-r",
            metavar="FILE",
            is_hidden=True,
            help="Write what took how long, for `python -m pstats`",
        ),
    ] = None
    send_anonymous_usage_stats: Annotated[
        Flag,
        option(
            "--send-anonymous-usage-stats",
            env="SEND_ANONYMOUS_USAGE_STATS",
            is_hidden=True,
            help="Accepted; upriver never sends anything",
        ),
    ] = None
    upload_to_artifacts_ingest_api: Annotated[
        Flag,
        option(
            "--upload-to-artifacts-ingest-api",
            env="UPLOAD_TO_ARTIFACTS_INGEST_API",
            help="Push the artifacts of this command to the server, as dbt does",
        ),
    ] = None


class Selecting(msgspec.Struct, frozen=True, kw_only=True):
    """Which resources (selection.md)."""

    select: Annotated[
        Words,
        option(
            "--select",
            "-s",
            "--models",
            "--model",
            "-m",
            metavar="SELECTOR",
            help="Resources to act on",
        ),
    ] = ()
    exclude: Annotated[
        Words, option("--exclude", metavar="SELECTOR", help="Resources to leave out")
    ] = ()
    selector: Annotated[
        Text, option("--selector", metavar="NAME", help="Selector of `selectors.yml` to use")
    ] = None
    resource_types: Annotated[
        Words,
        option(
            "--resource-type",
            "--resource-types",
            env="RESOURCE_TYPES",
            choices=_TYPES,
            help="Keep only these kinds",
        ),
    ] = ()
    exclude_resource_types: Annotated[
        Words,
        option(
            "--exclude-resource-type",
            "--exclude-resource-types",
            env="EXCLUDE_RESOURCE_TYPES",
            choices=_TYPES,
            help="Leave these kinds out",
        ),
    ] = ()
