"""How long the server takes: the state check, one model of the index, and taking in large artifacts.

    python -m benchmarks.serve [--nodes 10000] [--megabytes 47] [--clients 200]

The server is a process of its own on SQLite. Times of single requests are the server's, from its own
log; taking in is measured from the outside. While the last row is measured, many clients ask for the
state at once and runs are uploaded.
"""

from __future__ import annotations

import argparse
import http.client
import json
import statistics
import tempfile
import threading
import time
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import msgspec
from tests.server_process import Served, run_results, running_serve, zipped

STATE = "/api/upriver/v1/projects/{project_id}/state"
SECONDS_UNDER_LOAD = 20
PAUSE = 2.0
"""Seconds between two commands of one person: that is a great deal of commands."""


def large_manifest(nodes: int, megabytes: float) -> bytes:
    """Return a manifest of so many models, and of about that size."""
    filler = "select " + ", ".join(f"column_{n} as renamed_{n}" for n in range(40))
    each = max(200, int(megabytes * 1_000_000 / nodes) - 550)
    code = (filler * (each // len(filler) + 1))[:each]
    models = {
        f"model.shop.model_{n}": {
            "unique_id": f"model.shop.model_{n}", "resource_type": "model", "name": f"model_{n}",
            "package_name": "shop", "database": "db", "schema": "prod", "alias": f"model_{n}",
            "relation_name": f'"db"."prod"."model_{n}"', "path": f"marts/model_{n}.sql",
            "config": {"enabled": True, "materialized": "table", "tags": [], "meta": {}},
            "checksum": {"name": "sha256", "checksum": f"{n:064x}"}, "raw_code": code,
            "depends_on": {"nodes": [], "macros": []}, "columns": {},
        }
        for n in range(nodes)
    }  # fmt: skip
    version = "https://schemas.getdbt.com/dbt/manifest/v12.json"
    metadata = {"dbt_schema_version": version, "project_name": "shop", "dbt_version": "1.11.16"}
    return msgspec.json.encode({"metadata": metadata, "nodes": models, "macros": {}})


class Bench:
    """A server with one large state in it."""

    def __init__(self, served: Served, api: httpx.Client) -> None:
        self._served = served
        self._api = api
        self._state = STATE.format(project_id=served.project_id)
        self._log = served.data.parent / f"{served.data.name}.log"

    def take_in(self, manifest: bytes, nodes: int) -> float:
        """Upload, and return the seconds from the last byte sent to the answer that it is state."""
        names = [f"model_{n}" for n in range(nodes)]
        files = {"manifest.json": manifest, "run_results.json": run_results(*names)}
        base = f"/api/private/accounts/1/environments/{self._served.environments['Production']}"
        announced = self._api.post(f"{base}/ingests/").json()["data"]
        self._api.put(announced["upload_url"], content=zipped(files))
        started = time.perf_counter()
        done = self._api.patch(
            f"{base}/ingests/{announced['id']}/", json={"upload_status": "SUCCESS"}
        )
        done.raise_for_status()
        return time.perf_counter() - started

    def server_milliseconds(self, path: str, times: int, **options: object) -> list[float]:
        """Ask so many times; return what the server's log says each took."""
        before = len(self._log.read_text().splitlines())
        for _ in range(times):
            self._api.get(self._state + path, **options)  # type: ignore[arg-type]
        lines = self._log.read_text().splitlines()[before:]
        return [json.loads(line)["milliseconds"] for line in lines if line.startswith("{")]

    def etag(self) -> str:
        """Return the state's ETag."""
        return self._api.get(self._state).headers["etag"]

    def under_load(self, clients: int, manifest: bytes, nodes: int) -> tuple[list[float], int]:
        """Let many clients ask while runs are uploaded; return milliseconds, and the uploads."""
        until = time.monotonic() + SECONDS_UNDER_LOAD
        times: list[float] = []
        headers = {"If-None-Match": self.etag(), "Authorization": f"Bearer {self._served.token}"}
        place = urlsplit(self._served.url).netloc

        def ask() -> None:
            # A plain connection: the clients should not be what is measured.
            connection = http.client.HTTPConnection(place, timeout=60)
            while time.monotonic() < until:
                started = time.perf_counter()
                connection.request("GET", self._state, headers=headers)
                connection.getresponse().read()
                times.append((time.perf_counter() - started) * 1000)
                time.sleep(PAUSE)

        threads = [threading.Thread(target=ask) for _ in range(clients)]
        for thread in threads:
            thread.start()
        uploads = 0
        while time.monotonic() < until - 2:
            self.take_in(manifest, nodes)
            uploads += 1
        for thread in threads:
            thread.join()
        return times, uploads


def row(name: str, times: list[float], unit: str) -> None:
    """Print median, 99th percentile and worst."""
    ordered = sorted(times)
    late = ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))]
    print(
        f"{name:<44} median {statistics.median(times):8.2f} {unit}"
        f"   p99 {late:8.2f}   worst {ordered[-1]:8.2f}   of {len(times)}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--nodes", type=int, default=10_000)
    parser.add_argument("--megabytes", type=float, default=47)
    parser.add_argument("--clients", type=int, default=200)
    words = parser.parse_args()
    manifest = large_manifest(words.nodes, words.megabytes)
    size = len(manifest) / 1_000_000
    env = {"UPRIVER_SERVER_LIMIT_REQUESTS_PER_MINUTE": "10000000"}
    with tempfile.TemporaryDirectory() as folder, running_serve(
        Path(folder) / "data", env=env
    ) as served, served.client() as api:  # fmt: skip
        bench = Bench(served, api)
        taken = [bench.take_in(manifest, words.nodes) for _ in range(3)]
        row(f"take in {size:.0f} MB, {words.nodes} models built", taken, "s ")
        known = {"If-None-Match": bench.etag()}
        row("state, copy is current", bench.server_milliseconds("", 200, headers=known), "ms")
        row("state, in full", bench.server_milliseconds("", 200), "ms")
        one = {"node": "model.shop.model_77"}
        row("index of one model", bench.server_milliseconds("/index", 200, params=one), "ms")
        row("index of all models", bench.server_milliseconds("/index", 5), "ms")
        times, uploads = bench.under_load(words.clients, manifest, words.nodes)
        row(f"state, {words.clients} clients, {uploads} uploads meanwhile", times, "ms")
        status = Path(f"/proc/{served.process_id}/status").read_text()
        print(next(line for line in status.splitlines() if line.startswith("VmHWM")))
        kept = [path for path in (served.data / "objects").rglob("*") if path.is_file()]
        stored = sum(path.stat().st_size for path in kept) / (uploads + 3) / 1_000_000
        print(f"stored per upload: {stored:.1f} MB")


if __name__ == "__main__":
    main()
