"""State from an object store: S3, Google Cloud Storage, Azure, by the library `obstore`.

Credentials are found as each cloud's own tools find them: the environment, files, the machine.
"""

from __future__ import annotations

from upriver.state.remote.answer import Absent, Answer, Content, Unchanged, Unreachable
from upriver.state.remote.archive import LIMIT


def get(url: str, revision: str | None) -> Answer:
    """Fetch an object unless it is still what `revision` names."""
    try:
        # An optional extra, and loaded only for an address that needs it.
        import obstore
        from obstore import exceptions
        from obstore.store import from_url
    except ImportError:
        return Unreachable("object stores need `pip install 'upriver[objects]'`", is_refusal=True)
    folder, _, name = url.rpartition("/")
    try:
        store = from_url(folder)
        options = {} if revision is None else {"if_none_match": revision}
        found = obstore.get(store, name, options=options)  # type: ignore[arg-type]
        if found.meta["size"] > LIMIT:
            return Unreachable(f"it has more than {LIMIT >> 30} GiB", is_refusal=True)
        return Content(data=bytes(found.bytes()), revision=found.meta["e_tag"])
    except exceptions.NotModifiedError:
        return Unchanged()
    except (exceptions.NotFoundError, FileNotFoundError):
        return Absent()
    except (exceptions.BaseError, OSError, ValueError) as error:
        return Unreachable(_first_line(str(error)))


def _first_line(text: str) -> str:
    return text.strip().partition("\n")[0][:300]
