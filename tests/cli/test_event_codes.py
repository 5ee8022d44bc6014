from __future__ import annotations

import re
from pathlib import Path

import upriver
from upriver.cli.event_codes import CODES

SOURCE = Path(upriver.__file__).parent


def test_every_event_that_problems_name_has_its_code() -> None:
    # CLI-107
    used = {
        name
        for path in SOURCE.rglob("*.py")
        for name in re.findall(r'event="([A-Za-z]+)"', path.read_text("utf-8"))
    }
    assert used <= CODES.keys()
