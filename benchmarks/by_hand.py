"""Send a recorded list of statements to a fresh DuckDB file, as a script by hand would.

python -m benchmarks.by_hand STATEMENTS.json DATABASE
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import duckdb


def main() -> None:
    """Send every statement in order on one connection."""
    statements = json.loads(Path(sys.argv[1]).read_text())
    connection = duckdb.connect(sys.argv[2])
    for sql in statements:
        connection.execute(sql)
    connection.close()


if __name__ == "__main__":
    main()
