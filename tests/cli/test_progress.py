"""On a terminal: a line that shows what runs, and nothing left of it afterwards."""

from __future__ import annotations

import os
import pty
import re
import signal
import subprocess
import threading
import time
from pathlib import Path

import pytest
from tests.cli.shop_project import Shop, command

SHOW_CURSOR = "\033[?25h"
HIDE_CURSOR = "\033[?25l"


class Terminal:
    """A command with a terminal as its output, which is gathered while it runs."""

    def __init__(self, shop: Shop, *args: str, **env: str) -> None:
        ours, theirs = pty.openpty()
        environment = {**shop.env, "TERM": "xterm-256color", "COLUMNS": "100", **env}
        self.process = subprocess.Popen(
            command(*args), cwd=shop.root, env=environment,
            stdin=subprocess.DEVNULL, stdout=theirs, stderr=theirs,
        )  # fmt: skip
        os.close(theirs)
        self._ours = ours
        self.text = ""
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        try:
            while data := os.read(self._ours, 4096):
                self.text += data.decode()
        except OSError:
            return

    def end(self) -> int:
        code = self.process.wait(timeout=30)
        self._reader.join(timeout=5)
        os.close(self._ours)
        return code


def screen(text: str) -> list[str]:
    """Play what was written on a screen of endless height, as a terminal does."""
    rows, row, column = [""], 0, 0
    for part in re.findall(r"\033\[[?\d;]*[A-Za-z]|\r|\n|[^\033\r\n]+", text):
        if part == "\n":
            row += 1
            rows.extend([""] * (row + 1 - len(rows)))
        elif part == "\r":
            column = 0
        elif part.startswith("\033["):
            number, letter = part[2:-1], part[-1]
            if letter == "A":
                row -= int(number or 1)
            elif letter == "K":
                rows[row] = "" if number == "2" else rows[row][:column]
        else:
            rows[row] = rows[row][:column].ljust(column) + part + rows[row][column + len(part) :]
            column += len(part)
    return [line.rstrip() for line in rows]


def test_nothing_is_left_of_the_progress_line(shop: Shop) -> None:
    terminal = Terminal(shop, "build")
    assert terminal.end() == 0
    assert HIDE_CURSOR in terminal.text
    assert terminal.text.rindex(SHOW_CURSOR) > terminal.text.rindex(HIDE_CURSOR)
    assert "[\033[32mOK\033[0m in" in terminal.text
    shown = "\n".join(re.sub(r"^\d\d:\d\d:\d\d  ", "", line) for line in screen(terminal.text))
    assert "START" not in shown
    assert "━" not in shown
    assert "1 of 5 OK loaded seed file dev.raw ..." in shown
    assert shown.rstrip().endswith("Done. PASS=4 WARN=0 ERROR=0 SKIP=0 NO-OP=1 TOTAL=5")


@pytest.mark.parametrize("env", [{"NO_COLOR": "1"}, {"DBT_USE_COLORS": "false"}])
def test_no_colours_where_nobody_wants_them(shop: Shop, env: dict[str, str]) -> None:
    terminal = Terminal(shop, "build", **env)
    assert terminal.end() == 0
    assert not re.search(r"\033\[\d*(;\d+)*m", terminal.text)


@pytest.mark.parametrize(
    "args", [("ls", "-s", "orders"), ("build", "-q"), ("build", "--log-format", "json")]
)
def test_no_progress_line_where_it_would_disturb(shop: Shop, args: tuple[str, ...]) -> None:
    terminal = Terminal(shop, *args)
    assert terminal.end() == 0
    assert HIDE_CURSOR not in terminal.text


def test_ctrl_c_leaves_the_terminal_in_order(tmp_path: Path) -> None:
    slow = "select sum(a.range * b.range) as n from range(4000000) a, range(400000) b"
    shop = Shop(tmp_path, {"models/slow.sql": f"{{{{ config(materialized='table') }}}} {slow}"})
    terminal = Terminal(shop, "run")
    for _ in range(100):
        if "slow" in terminal.text:
            break
        time.sleep(0.1)
    time.sleep(0.3)
    terminal.process.send_signal(signal.SIGINT)
    assert terminal.end() == 1
    assert terminal.text.rindex(SHOW_CURSOR) > terminal.text.rindex(HIDE_CURSOR)
    shown = "\n".join(screen(terminal.text))
    assert "Interrupted: running statements were cancelled" in shown
    assert "━" not in shown
