"""The other side: fingerprints of what was published, from its manifest and its records.

A manifest holds the code, the configuration and the macros of every resource, whichever tool wrote
it, so meanings are worked out from it as they are from the local graph. What it does not hold is
what templates were answered: variables, environment variables, the target. upriver writes digests
of those with its records (`metadata.env`, key `UPRIVER_BUILDS`); where there is none, an answer is
not known, and neither is the fingerprint, unless unknown answers are said to be the local ones.

A record comes before the manifest: it says what a relation was really built from, while the
manifest may be younger.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import msgspec

from upriver.state.builds import Built
from upriver.state.fingerprint.described import describe_published
from upriver.state.fingerprint.macros import Macros, MacroSource
from upriver.state.fingerprint.meaning import VERSION, Meaning, Parts, Read, meaning_of, parts_of
from upriver.state.fingerprint.prints import Answer, Prints, secret_free
from upriver.state.wire.manifest import BUILDS_KEY
from upriver.state.wire.read import (
    WireBuild,
    WireManifest,
    WireResource,
    decode_config,
    decode_manifest,
)

SideOf = Callable[[Mapping[str, MacroSource]], Macros]


class PublishedBuild(msgspec.Struct, frozen=True, array_like=True):
    """What readers of a manifest need of a record."""

    relation_name: str
    fingerprint: str | None
    identity: str | None
    form: str | None
    is_stored: bool
    data: str
    built_at: float
    git_commit: str | None = None
    invocation_id: str = ""
    seconds: float = 0.0


class PublishedBuilds(msgspec.Struct, frozen=True, kw_only=True):
    """The value of `UPRIVER_BUILDS`, as JSON."""

    version: str = VERSION
    built: dict[str, PublishedBuild] = {}
    """By unique_id."""
    answers: dict[str, dict[str, str]] = {}
    """Digest of each answer, by package and question."""


class PublishedMeanings(msgspec.Struct, frozen=True, array_like=True):
    """What is worth remembering of a manifest for fingerprints."""

    meanings: dict[str, Meaning]
    builds: PublishedBuilds
    relations: dict[str, str | None]
    """Rendered names by unique_id."""


MARK = ";"
"""Stands between fingerprint and identity where servers keep both as one text."""
EVERYWHERE = ""
"""Key of answers that are the same for every package."""
_NOTHING: Mapping[str, Mapping[str, str]] = {}
_TOLD_NOTHING: Mapping[str, str] = {}
_encode = msgspec.json.Encoder().encode
_BUILDS = msgspec.json.Decoder(PublishedBuilds)


def encode_builds(
    records: Iterable[Built], known: Mapping[str, Mapping[str, str]] = _NOTHING
) -> str:
    """Return records, and further answers that are known, as a manifest carries them."""
    built: dict[str, PublishedBuild] = {}
    answers: dict[str, dict[str, str]] = {name: dict(given) for name, given in known.items()}
    for record in sorted(records, key=lambda item: item.unique_id):
        built[record.unique_id] = PublishedBuild(
            record.relation_name,
            record.fingerprint,
            record.identity,
            record.form,
            record.is_stored,
            record.data,
            round(record.built_at, 3),
            record.git_commit,
            record.invocation_id,
            round(record.seconds, 3),
        )
        package = record.unique_id.split(".")[1]
        if record.answers:
            answers.setdefault(package, {}).update(record.answers)
    return encode_published(PublishedBuilds(built=built, answers=answers))


def encode_published(builds: PublishedBuilds) -> str:
    """Return records as a manifest carries them."""
    return _encode(builds).decode()


def decode_builds(text: str | None) -> PublishedBuilds:
    """Read what a manifest carries; of another version or damaged, it says nothing."""
    if not text:
        return PublishedBuilds()
    try:
        found = _BUILDS.decode(text)
    except msgspec.MsgspecError:
        return PublishedBuilds()
    return found if found.version == VERSION else PublishedBuilds()


def read_meanings(data: bytes, location: str, side_of: SideOf, read: Read) -> PublishedMeanings:
    """Work out the meanings of everything in a manifest; nothing if it cannot be read."""
    wire, _ = decode_manifest(data, location)
    if wire is None:
        return PublishedMeanings({}, PublishedBuilds(), {})
    if wire.upriver_builds is not None:
        return _indexed(wire, wire.upriver_builds)
    macros = side_of(_sources(wire))
    meanings: dict[str, Meaning] = {}
    relations: dict[str, str | None] = {}
    for unique_id, resource in wire.resources().items():
        described = describe_published(unique_id, resource)
        if described is not None:
            meanings[unique_id] = meaning_of(described, macros, read)
            relations[unique_id] = resource.relation_name
    env = (wire.metadata and wire.metadata.env) or {}
    return PublishedMeanings(meanings, decode_builds(env.get(BUILDS_KEY)), relations)


def _indexed(wire: WireManifest, builds: Mapping[str, WireBuild]) -> PublishedMeanings:
    """Take from an index what it says of tables; what a view holds needs code to be known."""
    built: dict[str, PublishedBuild] = {}
    relations: dict[str, str | None] = {}
    for unique_id, resource in wire.resources().items():
        relations[unique_id] = resource.relation_name
        build = builds.get(unique_id)
        if build is not None and not _is_view(resource):
            record = _recorded(build, is_stored=True)
            if record.fingerprint is not None:
                built[unique_id] = record
    return PublishedMeanings({}, PublishedBuilds(built=built), relations)


def _is_view(resource: WireResource) -> bool:
    return decode_config(resource.config).materialized == "view"


def _recorded(build: WireBuild, *, is_stored: bool) -> PublishedBuild:
    """Make a record of what a server's ledger says; of another version it says nothing."""
    fingerprint, _, identity = (build.fingerprint or "").partition(MARK)
    is_known = fingerprint.startswith(f"{VERSION}.")
    return PublishedBuild(
        build.relation or "",
        fingerprint if is_known else None,
        identity or None if is_known else None,
        None,
        is_stored=is_stored,
        data="",
        built_at=0.0,
    )


def with_ledger(meanings: PublishedMeanings, index: bytes, run_id: str) -> PublishedMeanings:
    """Say of each relation what the ledger of a server knows of its last build.

    A manifest describes the code of the run that wrote it, `run_id`, and that run may have built a
    few models only. What another run built last is what that built; what none is known to have
    built holds nobody knows what.
    """
    wire, _ = decode_manifest(index, "")
    if wire is None or wire.upriver_builds is None:
        return meanings
    builds = dict(meanings.builds.built)
    for unique_id, resource in wire.resources().items():
        if decode_config(resource.config).materialized == "ephemeral":
            continue
        row = wire.upriver_builds.get(unique_id, WireBuild(relation=resource.relation_name))
        record = _recorded(row, is_stored=not _is_view(resource))
        known = builds.get(unique_id)
        is_same = known is not None and known.relation_name == record.relation_name
        if known is not None and is_same and known.fingerprint == record.fingerprint:
            continue
        if record.fingerprint is None and row.run_id is not None and str(row.run_id) == run_id:
            continue
        builds[unique_id] = record
    return msgspec.structs.replace(
        meanings, builds=msgspec.structs.replace(meanings.builds, built=builds)
    )


def read_parts(
    data: bytes, location: str, side_of: SideOf, read: Read
) -> tuple[Callable[[str], Parts | None], Callable[[str], str]]:
    """Return what gives the named parts of a published resource's meaning, and a macro's digest."""
    wire, _ = decode_manifest(data, location)
    resources = {} if wire is None else wire.resources()
    macros = side_of({} if wire is None else _sources(wire))

    def parts(unique_id: str) -> Parts | None:
        resource = resources.get(unique_id)
        described = None if resource is None else describe_published(unique_id, resource)
        return None if described is None else parts_of(described, macros, read)

    return parts, lambda unique_id: macros.text(unique_id).digest


class PublishedPrints(Prints):
    """The fingerprints of what a baseline's relations hold."""

    def __init__(
        self,
        published: PublishedMeanings,
        local_answer: Answer,
        *,
        are_unknown_same: bool,
        told: Mapping[str, str] = _TOLD_NOTHING,
    ) -> None:
        """`are_unknown_same`: what templates were answered is taken to be what they are here.

        `told` are answers that something else than the manifest says, by question.
        """
        self.builds = published.builds.built
        self._relations = published.relations
        answers = published.builds.answers
        everywhere = answers.get(EVERYWHERE, {})

        def answer(question: str, package: str) -> str | None:
            given = secret_free(
                question,
                answers.get(package, {}).get(question)
                or everywhere.get(question)
                or told.get(question),
            )
            if given is None and are_unknown_same and not question.startswith("target"):
                return local_answer(question, package)
            return given

        super().__init__(published.meanings, answer)
        for unique_id, built in self.builds.items():
            if not self._is_of_relation(unique_id):
                continue
            self._identities[unique_id] = built.identity
            if built.is_stored:
                self._fingerprints[unique_id] = built.fingerprint

    def _is_of_relation(self, unique_id: str) -> bool:
        """Whether a record is of the relation that the manifest names."""
        return self._relations.get(unique_id) == self.builds[unique_id].relation_name

    def holds(self, unique_id: str, relation_name: str | None) -> str | None:
        """Return what a published relation holds, if it is still the one of that name."""
        if relation_name is not None and self._relations.get(unique_id) != relation_name:
            return None
        return self.fingerprint(unique_id)

    def relation_name(self, unique_id: str) -> str | None:
        """Return the rendered name of a published relation."""
        return self._relations.get(unique_id)

    def data(self, unique_id: str, relation_name: str | None = None) -> str | None:
        """Return the version of a published relation's rows; None if it is not recorded."""
        if relation_name is not None and self._relations.get(unique_id) != relation_name:
            return None
        built = self.builds.get(unique_id)
        is_known = built is not None and self._is_of_relation(unique_id)
        return built.data or None if built is not None and is_known else None

    def unknown(self, unique_id: str) -> tuple[str, ...]:
        """Return the questions of a resource whose answers are not known."""
        meaning = self.meanings.get(unique_id)
        if meaning is None or unique_id in self.builds:
            return ()
        return tuple(ask for ask in meaning.asks if self.answer(ask, meaning.package) is None)


def _sources(wire: WireManifest) -> dict[str, MacroSource]:
    return {
        unique_id: MacroSource(
            sql=macro.macro_sql or "",
            depends_on=(macro.depends_on and macro.depends_on.macros) or (),
        )
        for unique_id, macro in (wire.macros or {}).items()
    }
