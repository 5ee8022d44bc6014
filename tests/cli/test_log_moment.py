"""The log of a command that is killed, or still runs, has all but the last moment."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import threading
import time
from pathlib import Path

import pytest
from tests.cli.shop_project import Shop, command

from upriver.cli.log_file import LogFile, open_log

FILES = {
    "models/quick.sql": "{{ config(materialized='table') }} select 1 as n",
    "models/slow.sql": "{{ config(materialized='table') }}"
    " select sum(a.range * b.range) as n from range(4000000) a, range(400000) b"
    " -- {{ ref('quick') }}",
}


def wait_for(path: Path, text: str) -> str:
    until = time.monotonic() + 20
    while time.monotonic() < until:
        found = path.read_text() if path.exists() else ""
        if text in found:
            return found
        time.sleep(0.05)
    pytest.fail(f"no `{text}` in the log")


def start(shop: Shop) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        command("run"), cwd=shop.root, env={**shop.env}, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )  # fmt: skip


def test_a_killed_run_leaves_a_log_of_what_it_was_at(tmp_path: Path) -> None:
    shop = Shop(tmp_path, FILES)
    process = start(shop)
    try:
        # Seen while the statement runs, though nothing is written after it.
        wait_for(tmp_path / "logs" / "dbt.log", '"slow__dbt_tmp"')
    finally:
        process.kill()
        process.wait()
    assert process.returncode == -signal.SIGKILL
    text = (tmp_path / "logs" / "dbt.log").read_text()
    assert "1 of 2 OK created sql table model" in text
    assert text.endswith("\n")


def test_whoever_asks_twice_to_end_finds_the_log_whole(tmp_path: Path) -> None:
    shop = Shop(tmp_path, FILES)
    process = start(shop)
    wait_for(tmp_path / "logs" / "dbt.log", '"slow__dbt_tmp"')
    os.kill(process.pid, signal.SIGINT)
    os.kill(process.pid, signal.SIGINT)
    assert process.wait(timeout=20) != 0
    assert (tmp_path / "logs" / "dbt.log").read_text().endswith("\n")


def test_lines_of_many_threads_stay_whole_and_come_a_moment_later(tmp_path: Path) -> None:
    log = open_log(str(tmp_path), 0)
    assert log is not None

    def write(name: str) -> None:
        for _ in range(500):
            log.write(f"{name * 40}\n")

    threads = [threading.Thread(target=write, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    time.sleep(1)
    seen = (tmp_path / "dbt.log").read_text().splitlines()
    assert sorted(seen) == sorted(name * 40 for name in "abcd" for _ in range(500))
    log.write("after\n")
    log.close()
    assert (tmp_path / "dbt.log").read_text().endswith("after\n")


def test_a_full_disk_ends_nothing() -> None:
    class Full(io.StringIO):
        def write(self, text: str) -> int:
            raise OSError(28, "No space left on device", text)

        def flush(self) -> None:
            raise OSError(28, "No space left on device")

    log = LogFile(Full(), moment=0.01)
    assert log.write("lost") == 4
    time.sleep(0.05)
    log.sync()
    log.close()
