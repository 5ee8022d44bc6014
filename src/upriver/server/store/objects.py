"""Objects in S3 or what speaks like it, by the library `obstore`; settings as in other tools of AWS.

`s3://bucket/prefix?endpoint=http://host:9000` names another server than Amazon's.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError, NotFoundError
from obstore.store import S3Store

from upriver.server.store.contract import PIECE, MissingObjectError, StoreAwayError, new_key

_PAGE = 1000


class ObjectStore:
    """Objects below a prefix of a bucket."""

    def __init__(self, url: str) -> None:
        """Make the client; nothing is asked of the server yet."""
        parts = urlsplit(url)
        endpoint = parse_qs(parts.query).get("endpoint", [None])[0]
        options: dict[str, Any] = {}
        if endpoint is not None:
            options["endpoint"] = endpoint
            options["virtual_hosted_style_request"] = False
            if endpoint.startswith("http://"):
                options["client_options"] = {"allow_http": True}
        self._store: Any = S3Store(parts.netloc, prefix=parts.path.strip("/") or None, **options)

    def put_file(self, key: str, path: Path) -> None:
        """Send the file, unless the key is taken."""
        try:
            with path.open("rb") as file:
                obstore.put(self._store, key, file, mode="create", use_multipart=False)
        except AlreadyExistsError as error:
            raise FileExistsError(key) from error
        except BaseError as error:
            raise StoreAwayError(_first_line(error)) from error

    def read(self, key: str) -> Iterator[bytes]:
        """Ask at once, read as it is asked for."""
        try:
            found = obstore.get(self._store, key)
        except (NotFoundError, FileNotFoundError) as error:
            raise MissingObjectError(key) from error
        except BaseError as error:
            raise StoreAwayError(_first_line(error)) from error
        return (bytes(piece) for piece in found.stream(min_chunk_size=PIECE))

    def fetch(self, key: str, path: Path) -> None:
        """Write the object to a file."""
        with path.open("xb") as file:
            for piece in self.read(key):
                file.write(piece)

    def delete(self, key: str) -> None:
        """Remove the object."""
        try:
            obstore.delete(self._store, key)
        except (NotFoundError, FileNotFoundError):
            return
        except BaseError as error:
            raise StoreAwayError(_first_line(error)) from error

    def old_keys(self, before: datetime.datetime) -> Iterator[str]:
        """Ask for one page after another."""
        try:
            for page in obstore.list(self._store, chunk_size=_PAGE):
                yield from (each["path"] for each in page if each["last_modified"] < before)
        except BaseError as error:
            raise StoreAwayError(_first_line(error)) from error

    def check(self) -> None:
        """Write a small object and remove it."""
        key = new_key("probe")
        try:
            obstore.put(self._store, key, b"upriver")
            obstore.delete(self._store, key)
        except BaseError as error:
            raise StoreAwayError(_first_line(error)) from error


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0][:300]
