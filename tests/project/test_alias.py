from __future__ import annotations

import os
import subprocess
from pathlib import Path

from tests.cli.shop_project import Shop


def test_it_is_written_works_and_is_removed(shop: Shop, tmp_path: Path) -> None:
    command = tmp_path / "bin" / "dbt"
    assert shop("alias", "--directory", str(command.parent)).exit_code == 0
    ran = subprocess.run(
        [str(command), "--version"], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    assert "installed: 1.11" in ran.stdout
    said = shop("alias", "--directory", str(command.parent), "--remove")
    assert said.exit_code == 0
    assert said.lines == [f"Removed {command}"]
    assert not command.exists()


def test_what_another_program_wrote_stays(shop: Shop, tmp_path: Path) -> None:
    other = tmp_path / "dbt"
    other.write_text("#!/bin/sh\necho other\n")
    for args in ([], ["--remove"]):
        said = shop("alias", "--directory", str(tmp_path), *args)
        assert said.exit_code == 2
        assert "error[alias-refused]" in said.out
    assert other.read_text() == "#!/bin/sh\necho other\n"


def test_another_dbt_on_the_path_is_told(shop: Shop, tmp_path: Path) -> None:
    other = tmp_path / "other" / "dbt"
    other.parent.mkdir()
    other.write_text("#!/bin/sh\n")
    other.chmod(0o755)
    said = shop("alias", "--directory", str(tmp_path / "bin"), PATH=os.fspath(other.parent))
    assert said.exit_code == 0
    assert f"`{other}` is the `dbt` that is found on the path" in said.out
