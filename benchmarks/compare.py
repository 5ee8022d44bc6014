"""Compare upriver with dbt-core in the same run, as ratios of CPU time.

    python -m benchmarks.compare [--models 500 5000 10000] [--rows parse ls ...] [--json FILE]
        [--macros 300] [--packages FOLDER]

Every row runs both programs on the same generated project and prints CPU seconds (user and system,
children included), the ratio, and the ratio to reach. Wall times and peak memory are shown, never
judged. `--macros` puts that many macros into the project and all of them to use; `--packages` installs
four packages from a folder of checkouts (`tests/oracle/public/checkout.py` makes one) and calls them.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path

from benchmarks.generate import generate

ROOT = Path(__file__).parent.parent


PACKAGES = {
    "dbt_utils": "dbt-utils",
    "dbt_date": "dbt-date",
    "dbt_expectations": "metaplane-expectations",
    "audit_helper": "dbt-audit-helper",
    "codegen": "dbt-codegen",
}
"""By name, the checkouts that `--packages` installs; `dbt_expectations` needs `dbt_date`."""
CALLS = (
    "{{ dbt_utils.generate_surrogate_key(['id', 'area']) }}",
    "{{ dbt_date.date_part('month', 'happened_on') }}",
    "{{ dbt_utils.safe_divide('amount', 'id') }}",
)


@dataclass(frozen=True)
class Shape:
    """What the generated project has beside its models."""

    macros: int | None = None
    packages: Path | None = None

    def write(self, directory: Path, models: int) -> None:
        """Generate a project, and put its packages where `deps` does."""
        macros = {} if self.macros is None else {"macros": self.macros, "used_macros": self.macros}
        calls = () if self.packages is None else CALLS
        generate(directory, models, calls=calls, **macros)
        if self.packages is None:
            return
        for name, checkout in PACKAGES.items():
            installed = directory / "dbt_packages" / name
            left_out = shutil.ignore_patterns(".git", "integration_tests", "node_modules")
            shutil.copytree(self.packages / checkout, installed, ignore=left_out)
        entries = "".join(f"  - local: dbt_packages/{name}\n" for name in PACKAGES)
        (directory / "packages.yml").write_text(f"packages:\n{entries}")


@dataclass(frozen=True)
class Cost:
    """What one command took."""

    cpu: float
    wall: float
    peak_mib: float


@dataclass
class Row:
    """One comparison."""

    name: str
    models: int
    dbt: Cost | None
    upriver: Cost
    target: float | None
    notes: list[str] = field(default_factory=list)

    @property
    def ratio(self) -> float | None:
        """How many times less CPU upriver takes."""
        return None if self.dbt is None else self.dbt.cpu / self.upriver.cpu


class Bench:
    """A generated project, its copies for both programs, and the commands."""

    def __init__(self, models: int, shape: Shape, *, repeats: int, runs_dbt: bool) -> None:
        self.models = models
        self.repeats = repeats
        self.scratch = Path(tempfile.mkdtemp(prefix=f"upriver-bench-{models}-"))
        self.dbt_dir = self.scratch / "dbt"
        self.our_dir = self.scratch / "upriver"
        shape.write(self.dbt_dir, models)
        shutil.copytree(self.dbt_dir, self.our_dir)
        self.dbt = dbt_command() if runs_dbt else None

    def upriver(self, *args: str, repeats: int | None = None) -> Cost:
        """Run upriver and return the cheapest of a few runs."""
        command = [sys.executable.replace("python3", "python"), "-m", "upriver", *args]
        return best(lambda: timed(command, self.our_dir), repeats or self.repeats)

    def core(self, *args: str, repeats: int = 1) -> Cost | None:
        """Run dbt-core."""
        dbt = self.dbt
        if dbt is None:
            return None
        return best(lambda: timed([dbt, *args], self.dbt_dir), repeats)

    def close(self) -> None:
        """Remove the files."""
        shutil.rmtree(self.scratch, ignore_errors=True)


def dbt_command() -> str:
    """Find dbt-core; `make oracle` installs it."""
    given = os.environ.get("UPRIVER_ORACLE_DBT")
    found = given or str(ROOT / ".cache" / "oracle" / "bin" / "dbt")
    if not Path(found).exists():
        sys.exit(f"dbt-core is not at {found}: run `make oracle`")
    return str(Path(found).resolve())


def timed(command: list[str], directory: Path) -> Cost:
    """Run a command and measure its own CPU time and memory."""
    environment = {**os.environ, "DBT_SEND_ANONYMOUS_USAGE_STATS": "0", "DBT_PROFILES_DIR": "."}
    # Installed programs have compiled modules; a checkout gets them here.
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = time.perf_counter()
    process = subprocess.Popen(
        command, cwd=directory, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    output, _ = process.communicate()
    wall = time.perf_counter() - started
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if process.returncode != 0:
        sys.exit(f"{' '.join(command)} failed:\n{output.decode()[-3000:]}")
    cpu = (after.ru_utime + after.ru_stime) - (before.ru_utime + before.ru_stime)
    return Cost(cpu=cpu, wall=wall, peak_mib=after.ru_maxrss / 1024)


def best(measure: Callable[[], Cost], repeats: int) -> Cost:
    """Return the cheapest of several measurements: noise only ever adds."""
    return min((measure() for _ in range(repeats)), key=lambda cost: cost.cpu)


def forget(directory: Path) -> None:
    """Remove what either program remembers."""
    shutil.rmtree(directory / "target", ignore_errors=True)


def parse_cold(bench: Bench) -> Row:
    """Read the project with nothing remembered."""

    def ours() -> Cost:
        forget(bench.our_dir)
        return bench.upriver("parse", repeats=1)

    def theirs() -> Cost | None:
        forget(bench.dbt_dir)
        return bench.core("parse")

    row = Row("parse, cold", bench.models, theirs(), best(ours, bench.repeats), 40)
    row.notes.append(f"peak {row.upriver.peak_mib:.0f} MiB")
    return row


def ls_warm(bench: Bench) -> Row:
    """List one model, nothing changed."""
    one = one_model(bench.our_dir)
    bench.upriver("parse", repeats=1)
    bench.core("parse")
    theirs = bench.core("ls", "-s", one)
    return Row(
        "ls -s one, nothing changed", bench.models, theirs, bench.upriver("ls", "-s", one), 80
    )


def compile_edited(bench: Bench) -> Row:
    """Edit one model and compile it, deferring to production."""
    one = one_model(bench.our_dir)
    for directory, run in ((bench.our_dir, bench.upriver), (bench.dbt_dir, bench.core)):
        if directory == bench.dbt_dir and bench.dbt is None:
            continue
        forget(directory)
        run("parse", "--target", "prod")
        shutil.rmtree(directory / "prod", ignore_errors=True)
        (directory / "prod").mkdir()
        shutil.copy(directory / "target" / "manifest.json", directory / "prod" / "manifest.json")
        run("compile", "-s", one, "--defer", "--state", "prod")

    def ours() -> Cost:
        edit(bench.our_dir, one)
        return bench.upriver("compile", "-s", one, "--defer", "--state", "prod", repeats=1)

    edit(bench.dbt_dir, one)
    theirs = bench.core("compile", "-s", one, "--defer", "--state", "prod")
    return Row("edit one, compile it --defer", bench.models, theirs, best(ours, bench.repeats), 60)


def state_read(bench: Bench) -> Row:
    """Read a production manifest as state the second time: `ls` with state less `ls` without.

    dbt reads the whole file each time; upriver reads the index it kept of it.
    """
    one = one_model(bench.our_dir)
    for directory, run in ((bench.our_dir, bench.upriver), (bench.dbt_dir, bench.core)):
        if directory == bench.dbt_dir and bench.dbt is None:
            continue
        forget(directory)
        run("parse")
        (directory / "prod").mkdir(exist_ok=True)
        shutil.copy(directory / "target" / "manifest.json", directory / "prod" / "manifest.json")
    bench.upriver("ls", "-s", one, "--state", "prod", repeats=1)
    repeats = max(bench.repeats, 5)
    ours = beyond(
        bench.upriver("ls", "-s", one, "--state", "prod", repeats=repeats),
        bench.upriver("ls", "-s", one, repeats=repeats),
    )
    plain, stated = bench.core("ls", "-s", one), bench.core("ls", "-s", one, "--state", "prod")
    theirs = None if plain is None or stated is None else beyond(stated, plain)
    row = Row("read state, second time", bench.models, theirs, ours, 50)
    size = (bench.our_dir / "prod" / "manifest.json").stat().st_size / 1e6
    row.notes.append(f"manifest {size:.0f} MB")
    return row


def run_small(bench: Bench) -> Row:
    """Run all models; the statements alone, sent by hand, are taken off both."""
    bench.core("parse")
    bench.upriver("parse", repeats=1)
    theirs = bench.core("run")
    ours = bench.upriver("run", repeats=1)
    return beyond_statements("run", bench, theirs, ours)


def tests_small(bench: Bench) -> Row:
    """Run all tests of what was built; their statements, sent by hand, are taken off both."""
    bench.core("run")
    bench.upriver("run", repeats=1)
    theirs = bench.core("test")
    return beyond_statements("test", bench, theirs, bench.upriver("test"))


def beyond_statements(command: str, bench: Bench, theirs: Cost | None, ours: Cost) -> Row:
    """Return the row of a command, with what each of its nodes costs."""
    by_hand, nodes = statements_by_hand(bench, command)
    mine = beyond(ours, by_hand)
    row = Row(
        f"{command} beyond its statements",
        bench.models,
        None if theirs is None else beyond(theirs, by_hand),
        mine,
        15,
    )
    row.notes.append(f"statements by hand {by_hand.cpu:.2f} s")
    row.notes.append(f"{mine.cpu / nodes * 1000:.1f} ms a node of {nodes}, {NODE_MS} to reach")
    return row


NODE_MS = 5


def docs(bench: Bench) -> Row:
    """Document a project whose models are all built."""
    bench.upriver("run", repeats=1)
    for path in bench.our_dir.glob("*.duckdb*"):
        shutil.copy(path, bench.dbt_dir / path.name)
    forget(bench.our_dir)
    theirs = bench.core("docs", "generate")
    ours = bench.upriver("docs", "generate", repeats=1)
    row = Row("docs generate", bench.models, theirs, ours, 20)
    again = bench.upriver("docs", "generate", repeats=1)
    row.notes.append(f"again {again.cpu:.2f} s, peak {ours.peak_mib:.0f} MiB")
    return row


def beyond(cost: Cost, base: Cost) -> Cost:
    """Take the statements' own cost off."""
    return Cost(
        cpu=max(cost.cpu - base.cpu, 0.01), wall=cost.wall - base.wall, peak_mib=cost.peak_mib
    )


def statements_by_hand(bench: Bench, command: str) -> tuple[Cost, int]:
    """Send every statement that a command sends, in its order, from a bare script; returns the
    number of nodes too.

    The statements are recorded from a run of upriver on its own copy; both programs send the same
    ones in effect (intermediate relation, renames, drops), which the comparison tests hold.
    """
    copy = bench.scratch / "recorded"
    is_reading = command == "test"
    left_out = ("target",) if is_reading else ("target", "*.duckdb*")
    shutil.copytree(bench.our_dir, copy, ignore=shutil.ignore_patterns(*left_out))
    arguments = [sys.executable, "-m", "upriver", "--log-format", "json", "--debug", command,
                 "--threads", "1"]  # fmt: skip
    environment = {**os.environ, "DBT_PROFILES_DIR": "."}
    output = subprocess.run(arguments, cwd=copy, env=environment, capture_output=True, check=True)
    statements = [
        record["data"]["sql"]
        for record in map(json.loads, output.stdout.splitlines())
        if record["info"]["name"] == "SQLQuery"
    ]
    path = bench.scratch / "statements.json"
    path.write_text(json.dumps(statements))
    database = bench.scratch / "by_hand" / "bench.duckdb"
    database.parent.mkdir()
    if is_reading:
        shutil.copy(copy / "bench.duckdb", database)
    results = json.loads((copy / "target" / "run_results.json").read_bytes())["results"]
    script = [sys.executable, "-m", "benchmarks.by_hand", str(path), str(database)]
    return timed(script, ROOT), len(results)


ROWS: dict[str, Callable[[Bench], Row]] = {
    "parse": parse_cold,
    "ls": ls_warm,
    "compile": compile_edited,
    "state": state_read,
    "run": run_small,
    "test": tests_small,
    "docs": docs,
}


def one_model(directory: Path) -> str:
    """Return the name of a mart in the middle."""
    names = sorted(path.stem for path in (directory / "models" / "marts").rglob("*.sql"))
    return names[len(names) // 2]


def edit(directory: Path, model: str) -> None:
    """Change a model's text."""
    path = next((directory / "models").rglob(f"{model}.sql"))
    path.write_text(f"{path.read_text()}-- edited {time.time_ns()}\n")


def show(rows: list[Row]) -> None:
    """Print the table."""
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    print(f"{'work':<32} {'models':>6} {'dbt CPU':>9} {'upriver':>9} {'ratio':>7} {'target':>7}")
    for row in rows:
        dbt = "-" if row.dbt is None else f"{row.dbt.cpu:.2f}"
        ratio = "-" if row.ratio is None else f"{row.ratio:.0f}x"
        target = "-" if row.target is None else f"{row.target:.0f}x"
        notes = f"  {'; '.join(row.notes)}" if row.notes else ""
        print(
            f"{row.name:<32} {row.models:>6} {dbt:>9} {row.upriver.cpu:>9.3f} {ratio:>7}"
            f" {target:>7}{notes}"
        )


def main() -> None:
    """Run the rows."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", type=int, nargs="+", default=[5000])
    parser.add_argument("--rows", nargs="+", choices=list(ROWS), default=list(ROWS))
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--only-upriver", action="store_true")
    parser.add_argument("--macros", type=int, help="macros of the project, all of them in use")
    parser.add_argument("--packages", type=Path, help="a folder of checkouts of packages")
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    shape = Shape(given.macros, given.packages)
    rows: list[Row] = []
    for models in given.models:
        for name in given.rows:
            size = min(models, 500) if name in ("run", "test") else models
            bench = Bench(size, shape, repeats=given.repeats, runs_dbt=not given.only_upriver)
            try:
                rows.append(ROWS[name](bench))
            finally:
                bench.close()
            show(rows[-1:])
    show(rows)
    if given.json:
        given.json.write_text(json.dumps([{**asdict(row), "ratio": row.ratio} for row in rows]))


if __name__ == "__main__":
    main()
