"""Rate limits: a bucket per token, user or address, refilled as time goes by (S-23).

Buckets are of this process alone: several processes together allow several times as much. That
keeps a database out of the path of every request.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict

_MOST_BUCKETS = 20_000
_MINUTE = 60.0


class Limiter:
    """Counts what callers use up."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, who: str, per_minute: int) -> float | None:
        """Take one; None when there was one, else the seconds until there will be."""
        moment = time.monotonic()
        with self._lock:
            left, last = self._buckets.pop(who, (float(per_minute), moment))
            left = min(float(per_minute), left + (moment - last) * per_minute / _MINUTE)
            is_allowed = left >= 1
            self._buckets[who] = (left - 1 if is_allowed else left, moment)
            if len(self._buckets) > _MOST_BUCKETS:
                self._buckets.popitem(last=False)
        return None if is_allowed else (1 - left) * _MINUTE / per_minute
