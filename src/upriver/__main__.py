"""`python -m upriver`."""

from __future__ import annotations

from upriver.cli.main import main

main()
