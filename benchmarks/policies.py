"""How much each deferral policy builds, and how often it gives a wrong table.

    python benchmarks/policies.py --histories 40

Random projects on DuckDB live through random histories: edits and their reversal, changed seeds and
variables, builds of parts in production, builds in development. The same histories are played once
per policy; every command that defers is asked for the same models. A built table is wrong if its
rows are not those of building everything from nothing with the code of that moment.
"""

from __future__ import annotations

import argparse
import random
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import msgspec
from tests.project.small_worlds import Node, World, building, name_of

POLICIES = ("exists", "favor-state", "fresh", "everything")
KINDS = ("view", "table", "table", "ephemeral")


def project(rng: random.Random, size: int) -> tuple[Node, ...]:
    """Return a random project."""
    nodes = []
    for at in range(size):
        parents = sorted(rng.sample(range(-1, at), k=min(at + 1, rng.randint(1, 2))))
        kind = rng.choice(KINDS) if at else "table"
        nodes.append(Node(at, tuple(parents), kind, 0, rng.random() < 0.1))
    return tuple(nodes)


def play(seed: int, policy: str, commands: int, size: int) -> Counter[str]:
    """Play one history under one policy."""
    rng = random.Random(seed)
    counts: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder:
        world = World(Path(folder) / "p", project(rng, size))
        first = list(world.nodes)
        world.perform(building((), with_seeds=True), "prod")
        for _ in range(commands):
            at = rng.randrange(size)
            match rng.choices(
                ("edit", "revert", "note", "seed", "part", "prod", "build"),
                (4, 2, 1, 0.5, 0.5, 0.5, 6),
            )[0]:
                case "edit":
                    changed = msgspec.structs.replace(world.nodes[at], number=rng.randint(10, 12))
                    world.nodes[at] = changed
                case "revert":
                    world.nodes[at] = first[at]
                case "note":
                    changed = msgspec.structs.replace(world.nodes[at], note=rng.randint(1, 9))
                    world.nodes[at] = changed
                case "seed":
                    world.seed = rng.randint(1, 2)
                case "part":
                    world.perform(building((name_of(at),)), "prod")
                case "prod":
                    world.perform(building((), with_seeds=True), "prod")
                case _:
                    count(world, policy, at, counts)
            world.write()
    return counts


def count(world: World, policy: str, at: int, counts: Counter[str]) -> None:
    """Build one model and look at it."""
    name = name_of(at)
    if policy == "everything":
        outcome = world.perform(building((f"+{name}",), with_seeds=True), "dev")
    else:
        options: dict[str, Any] = {"defer_policy": policy, "state": "prod-state"}
        outcome = world.perform(building((name,)), "dev", **options)
    counts["commands"] += 1
    if outcome.report is None:
        return
    counts["failed"] += outcome.exit_code != 0
    for result in outcome.report.results:
        if result.status == "success":
            counts["builds"] += 1
            built = result.unique_id.rpartition(".")[2]
            if built != name:
                counts["ancestors"] += 1
            elif world.rows("dev", name) != [(world.value(name),)]:
                counts["wrong"] += 1


def main() -> None:
    """Play all histories and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else "")
    parser.add_argument("--histories", type=int, default=40)
    parser.add_argument("--commands", type=int, default=25)
    parser.add_argument("--models", type=int, default=8)
    given = parser.parse_args()
    print("| policy | commands | relations built | ancestors built | failed | wrong tables |")
    print("| --- | --- | --- | --- | --- | --- |")
    for policy in POLICIES:
        total: Counter[str] = Counter()
        for seed in range(given.histories):
            total += play(seed, policy, given.commands, given.models)
        cells = [total[key] for key in ("commands", "builds", "ancestors", "failed", "wrong")]
        print(f"| {policy} | " + " | ".join(map(str, cells)) + " |", flush=True)


if __name__ == "__main__":
    main()
