"""What is counted while the server runs, in the text form that Prometheus reads (R-20)."""

from __future__ import annotations

import threading
from collections import defaultdict

_BUCKETS = (0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Upper ends of the histogram, in seconds."""
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Metrics:
    """Requests by route and status, their durations, and uploads by how they ended."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._requests: defaultdict[tuple[str, str, int], int] = defaultdict(int)
        self._durations: defaultdict[str, list[int]] = defaultdict(lambda: [0] * len(_BUCKETS))
        self._totals: defaultdict[str, list[float]] = defaultdict(lambda: [0, 0.0])
        self._ingests: defaultdict[str, int] = defaultdict(int)

    def request(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count an answered request; `route` is the pattern, never the path that was asked for."""
        with self._lock:
            self._requests[method, route, status] += 1
            total = self._totals[route]
            total[0] += 1
            total[1] += seconds
            buckets = self._durations[route]
            for position, end in enumerate(_BUCKETS):
                buckets[position] += seconds <= end

    def ingest(self, outcome: str) -> None:
        """Count an upload: `accepted` or `refused`."""
        with self._lock:
            self._ingests[outcome] += 1

    def text(self) -> str:
        """Write everything counted."""
        lines = ["# TYPE upriver_http_requests_total counter"]
        with self._lock:
            for (method, route, status), count in sorted(self._requests.items()):
                labels = f'method="{method}",route="{route}",status="{status}"'
                lines.append(f"upriver_http_requests_total{{{labels}}} {count}")
            lines.append("# TYPE upriver_http_request_seconds histogram")
            for route, buckets in sorted(self._durations.items()):
                lines.extend(self._histogram(route, buckets))
            lines.append("# TYPE upriver_ingests_total counter")
            for outcome, count in sorted(self._ingests.items()):
                lines.append(f'upriver_ingests_total{{outcome="{outcome}"}} {count}')
        return "\n".join(lines) + "\n"

    def _histogram(self, route: str, buckets: list[int]) -> list[str]:
        name, label = "upriver_http_request_seconds", f'route="{route}"'
        count, total = self._totals[route]
        return [
            *(
                f'{name}_bucket{{{label},le="{end}"}} {number}'
                for end, number in zip(_BUCKETS, buckets, strict=True)
            ),
            f'{name}_bucket{{{label},le="+Inf"}} {int(count)}',
            f"{name}_sum{{{label}}} {total:.6f}",
            f"{name}_count{{{label}}} {int(count)}",
        ]
