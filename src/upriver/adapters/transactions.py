"""Transactions that SQL of the user's begins and ends.

Hooks send `commit;`, macros send `begin; ..; commit;`: a session must notice, or it would believe
in a transaction that is gone, and leave open one it never heard of.
"""

from __future__ import annotations

import re

_COMMENT = r"(?:\s|--[^\n]*(?:\n|\Z)|/\*(?:(?!\*/).)*\*/)*"
_STATEMENT = rf"(?:\A|;){_COMMENT}"
_ANY = re.compile(
    rf"{_STATEMENT}(?:begin|start\s+transaction|commit|end|rollback|abort)\b",
    re.IGNORECASE | re.DOTALL,
)
_ROLLBACK = re.compile(rf"{_STATEMENT}(?:rollback|abort)\b(?!\s+to\b)", re.IGNORECASE | re.DOTALL)


def may_change_transaction(sql: str) -> bool:
    """Tell whether a statement of the text begins or ends a transaction.

    Text inside quotes may be taken for one; the caller then asks the warehouse in vain.
    """
    return _ANY.search(sql) is not None


def rolls_back(sql: str) -> bool:
    """Tell whether the text rolls a transaction back."""
    return _ROLLBACK.search(sql) is not None
