"""Checks out the public projects that upriver is compared with dbt-core on.

python tests/oracle/public/checkout.py FOLDER [NAME ...]

Each repository named in `projects.toml` is cloned into FOLDER at its pinned commit, from GitHub, or
from bare copies under the directory that UPRIVER_PUBLIC_MIRRORS names (`<owner>+<name>/repo`).
Then run the tests with UPRIVER_PUBLIC_PROJECTS=FOLDER. Nothing of these projects is committed here.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

LIST = Path(__file__).parent / "projects.toml"


def main() -> int:
    """Check out what is named, or everything."""
    if len(sys.argv) < 2:
        print(__doc__, file=sys.stderr)
        return 2
    into, names = Path(sys.argv[1]).resolve(), set(sys.argv[2:])
    into.mkdir(parents=True, exist_ok=True)
    failed = 0
    for name, repository in tomllib.loads(LIST.read_text("utf-8"))["repositories"].items():
        if names and name not in names:
            continue
        try:
            left_out = check_out(repository["at"], repository["commit"], into / name)
        except subprocess.CalledProcessError as error:
            failed += 1
            print(f"{name}: {' '.join(error.cmd)}: {error.stderr.strip()}", file=sys.stderr)
            continue
        print(f"{name}: {repository['commit']}")
        for path in left_out:
            print(f"{name}: the copy lacks {path}", file=sys.stderr)
    return 1 if failed else 0


def check_out(repository: str, commit: str, folder: Path) -> list[str]:
    """Clone a repository at a commit; returns the files that the origin does not hold."""
    if not (folder / ".git").exists():
        _git(folder.parent, "clone", "--quiet", "--no-checkout", _origin(repository), str(folder))
    listed = _git(folder, "ls-tree", "-r", "-z", commit).split("\0")
    paths = [tuple(line.split("\t", 1)) for line in listed if " blob " in line]
    blobs = "\n".join(entry.split(" ")[2] for entry, _ in paths)
    answers = _git(folder, "cat-file", "--batch-check", given=blobs).splitlines()
    missing = [answer.endswith("missing") for answer in answers]
    _empty(folder)
    present = "\0".join(path for (_, path), gone in zip(paths, missing, strict=True) if not gone)
    _git(
        folder, "checkout", "--quiet", "--force", commit,
        "--pathspec-from-file=-", "--pathspec-file-nul", given=present,
    )  # fmt: skip
    return [path for (_, path), gone in zip(paths, missing, strict=True) if gone]


def _empty(folder: Path) -> None:
    """Remove what another commit left."""
    for path in folder.iterdir():
        if path.name == ".git":
            continue
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()


def _origin(repository: str) -> str:
    mirrors = os.environ.get("UPRIVER_PUBLIC_MIRRORS")
    if mirrors is None:
        return f"https://github.com/{repository}.git"
    folder = Path(mirrors) / repository.replace("/", "+") / "repo"
    return str(folder / ".git" if (folder / ".git").exists() else folder)


def _git(folder: Path, *args: str, given: str | None = None) -> str:
    # A copy may be without some files of the commit; git is not to look for them elsewhere.
    environment = {**os.environ, "GIT_NO_LAZY_FETCH": "1", "GIT_LITERAL_PATHSPECS": "1"}
    return subprocess.run(
        ["git", *args],
        cwd=folder,
        input=given,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    ).stdout


if __name__ == "__main__":
    sys.exit(main())
