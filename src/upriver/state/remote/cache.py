"""What was fetched before, by content digest, and what is known of each address.

    <folder>/objects/<digest>/manifest.json ...    artifacts that were fetched together
    <folder>/addresses/<digest of address>.json    which of them an address gave last, and when
    <folder>/failures/<digest of place>            when a server did not answer

Artifacts of one content are kept once. Every file is written beside and renamed, so that programs
running at the same time share the folder.
"""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

import msgspec

from upriver.digest import digest_bytes, digest_text
from upriver.state.publish import write_atomically
from upriver.state.remote.address import secret_free

KEPT = 20
"""Objects that stay; the least recently used ones are deleted."""


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """What an address gave last."""

    address: str
    digest: str
    """Names the object."""
    fetched_at: float
    """When it was last known to be current, in seconds since the epoch."""
    revision: str | None = None
    """ETag, or what else the other side calls this content."""


class Cache:
    """The folder of fetched state."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def find(self, address: str) -> Kept | None:
        """Return what an address gave last, if it is still here."""
        try:
            kept = msgspec.json.decode(self._record(address).read_bytes(), type=Kept)
        except (OSError, msgspec.MsgspecError):
            return None
        is_same = kept.address == secret_free(address)
        is_here = is_same and (self.directory(kept) / "manifest.json").is_file()
        return msgspec.structs.replace(kept, address=address) if is_here else None

    def directory(self, kept: Kept) -> Path:
        """Return the directory that holds the artifacts."""
        return self._folder / "objects" / kept.digest

    def keep(
        self, address: str, artifacts: Mapping[str, bytes], revision: str | None, now: float
    ) -> Kept:
        """Keep artifacts of an address. Raises OSError."""
        parts = [f"{name} {digest_bytes(artifacts[name])}" for name in sorted(artifacts)]
        kept = Kept(
            address=address,
            digest=digest_text("\n".join(parts)),
            fetched_at=now,
            revision=revision,
        )
        directory = self.directory(kept)
        if not directory.is_dir():
            self._place(directory, artifacts)
        self.confirm(kept, now)
        self._prune()
        return kept

    def confirm(self, kept: Kept, now: float) -> Kept:
        """Note that an address still gives the same. Raises OSError."""
        confirmed = msgspec.structs.replace(kept, fetched_at=now)
        # What lies on disk is read by others than who may know the password.
        written = msgspec.structs.replace(confirmed, address=secret_free(kept.address))
        write_atomically(str(self._record(kept.address)), msgspec.json.encode(written))
        return confirmed

    def failed_at(self, place: str) -> float:
        """Return when a place did not answer last; 0 where it did since."""
        try:
            return float(self._failure(place).read_text())
        except (OSError, ValueError):
            return 0.0

    def note_failure(self, place: str, now: float) -> None:
        """Note that a place does not answer; what cannot be noted is not."""
        with contextlib.suppress(OSError):
            write_atomically(str(self._failure(place)), str(now).encode())

    def forget_failure(self, place: str) -> None:
        """Note that a place answers again."""
        with contextlib.suppress(OSError):
            self._failure(place).unlink(missing_ok=True)

    def _failure(self, place: str) -> Path:
        return self._folder / "failures" / digest_text(place)

    def _record(self, address: str) -> Path:
        return self._folder / "addresses" / f"{digest_text(address)}.json"

    def _place(self, directory: Path, artifacts: Mapping[str, bytes]) -> None:
        directory.parent.mkdir(parents=True, exist_ok=True)
        beside = Path(tempfile.mkdtemp(prefix=".new-", dir=directory.parent))
        try:
            for name, data in artifacts.items():
                (beside / name).write_bytes(data)
            beside.rename(directory)
        except OSError:
            # Another program may have placed the same content meanwhile.
            shutil.rmtree(beside, ignore_errors=True)
            if not directory.is_dir():
                raise

    def _prune(self) -> None:
        objects = [path for path in (self._folder / "objects").iterdir() if path.is_dir()]
        if len(objects) <= KEPT:
            return
        used = self._last_used()
        objects.sort(key=lambda path: used.get(path.name, 0.0), reverse=True)
        for path in objects[KEPT:]:
            shutil.rmtree(path, ignore_errors=True)

    def _last_used(self) -> dict[str, float]:
        used: dict[str, float] = {}
        for file in (self._folder / "addresses").glob("*.json"):
            try:
                kept = msgspec.json.decode(file.read_bytes(), type=Kept)
            except (OSError, msgspec.MsgspecError):
                continue
            used[kept.digest] = max(kept.fetched_at, used.get(kept.digest, 0.0))
        return used
