"""A deterministic generator of projects that look like a company's.

    python benchmarks/generate.py DIRECTORY --models 5000

The same arguments always give the same bytes. Shape: sources and a seed, then staging (40 %),
intermediate (35 %) and marts (25 %), each model with property YAML, two tests on average, config
blocks in a third of the files, macros and vars in a quarter, some incremental and some ephemeral
models. Every model runs on DuckDB in milliseconds.
"""

from __future__ import annotations

import argparse
import random
from pathlib import Path
from typing import NamedTuple

AREAS = ("sales", "finance", "product", "growth", "support", "logistics", "people", "risk")
NOUNS = ("orders", "events", "users", "items", "visits", "payments", "tickets", "shipments")

PROJECT = """\
name: bench
version: "1.0"
profile: bench
model-paths: [models]
seed-paths: [seeds]
macro-paths: [macros]
test-paths: [tests]
vars:
  start_date: "2020-01-01"
  is_full: false
  currency: EUR
models:
  bench:
    +tags: [bench]
    staging:
      +materialized: view
    intermediate:
      +materialized: view
    marts:
      +materialized: table
      +schema: marts
"""

PROFILE = """\
bench:
  target: dev
  outputs:
    dev:
      type: duckdb
      path: "{{ env_var('BENCH_DATABASE', 'bench.duckdb') }}"
      schema: dev
      threads: 2
    prod:
      type: duckdb
      path: "{{ env_var('BENCH_DATABASE', 'bench.duckdb') }}"
      schema: prod
      threads: 2
"""

MACROS = """\
{% macro cents(column) %}
    cast(round({{ column }} * 100) as bigint)
{% endmacro %}

{% macro since(column) %}
    {{ column }} >= cast('{{ var("start_date") }}' as date)
{% endmacro %}

{% macro label(name, suffix='') -%}
    '{{ name }}{{ "_" ~ suffix if suffix else "" }}'
{%- endmacro %}

{% macro limited(sql) %}
    {%- if target.name == 'ci' -%} {{ sql }} limit 100 {%- else -%} {{ sql }} {%- endif -%}
{% endmacro %}
"""

HELPER_MACRO = """\
{{% macro helper_{index}(column, scale={index}) %}}
    ({{{{ column }}}} * {{{{ scale }}}} + {index})
{{% endmacro %}}
"""


USED_MACROS = 20
"""How many of the helping macros models call, unless told."""


def generate(
    directory: Path,
    models: int,
    seed: int = 7,
    macros: int = 60,
    used_macros: int = USED_MACROS,
    calls: tuple[str, ...] = (),
) -> None:
    """Write a project of about `models` models and twice as many tests.

    `calls` are expressions that models have beside their own, such as calls of packages' macros.
    """
    chooser = random.Random(seed)
    write(directory / "dbt_project.yml", PROJECT)
    write(directory / "profiles.yml", PROFILE)
    write(directory / "macros/common.sql", MACROS)
    write(
        directory / "macros/helpers.sql",
        "\n".join(HELPER_MACRO.format(index=index) for index in range(macros)),
    )
    write(directory / "seeds/currencies.csv", "code,rate\nEUR,1.0\nUSD,0.9\nGBP,1.2\n")
    write(directory / "models/sources.yml", sources())
    extra = Extra(used_macros, calls)
    staging = layer(directory, chooser, "staging", models * 40 // 100, [], extra)
    middle = layer(directory, chooser, "intermediate", models * 35 // 100, staging, extra)
    rest = models - len(staging) - len(middle)
    layer(directory, chooser, "marts", rest, [*staging[-200:], *middle], extra)


class Extra(NamedTuple):
    """What models call beside each other."""

    used_macros: int
    calls: tuple[str, ...]


def sources() -> str:
    """Return a property file with a source per area."""
    lines = ["sources:"]
    for area in AREAS:
        lines += [
            f"  - name: raw_{area}",
            f"    description: Raw tables of {area}",
            "    schema: main",
            "    tables:",
        ]
        for noun in NOUNS:
            lines += [f"      - name: {noun}", f"        description: Raw {noun} of {area}"]
    return "\n".join(lines) + "\n"


def layer(
    directory: Path,
    chooser: random.Random,
    name: str,
    count: int,
    parents: list[str],
    extra: Extra,
) -> list[str]:
    """Write one layer and return its models' names."""
    names: list[str] = []
    by_folder: dict[str, list[str]] = {}
    for index in range(count):
        area, noun = chooser.choice(AREAS), chooser.choice(NOUNS)
        model = f"{name[:3]}_{area}_{noun}_{index}"
        folder = f"models/{name}/{area}"
        reads = chooser.sample(parents, min(len(parents), chooser.randint(1, 3)))
        kind = kind_of(chooser, name, index)
        write(
            directory / folder / f"{model}.sql",
            sql(chooser, model, kind, area, noun, reads, extra),
        )
        by_folder.setdefault(folder, []).append(model)
        names.append(model)
    for folder, members in by_folder.items():
        for start in range(0, len(members), 12):
            part = members[start : start + 12]
            write(directory / folder / f"_{part[0]}.yml", properties(chooser, part, name))
    return names


def kind_of(chooser: random.Random, layer_name: str, index: int) -> str:
    """Choose how the model is configured."""
    if layer_name == "marts" and index % 10 == 0:
        return "incremental"
    if layer_name == "intermediate" and index % 25 == 0:
        return "ephemeral"
    return "configured" if chooser.random() < 0.3 else "plain"


def sql(
    chooser: random.Random,
    model: str,
    kind: str,
    area: str,
    noun: str,
    reads: list[str],
    extra: Extra,
) -> str:
    """Return a model's text."""
    lines = [f"-- {model}: {noun} of {area}"]
    if kind == "incremental":
        lines.append(
            "{{ config(materialized='incremental', unique_key='id', tags=['heavy', '"
            + area
            + "']) }}"
        )
    elif kind == "ephemeral":
        lines.append("{{ config(materialized='ephemeral') }}")
    elif kind == "configured":
        lines.append(
            "{{ config(tags=['" + area + "', 'daily'], meta={'owner': '" + area + "'}) }}"
        )
    uses_macros = chooser.random() < 0.25
    amount = "{{ cents('amount') }}" if uses_macros else "amount * 100"
    if uses_macros and chooser.random() < 0.5:
        amount = "{{ helper_" + str(chooser.randrange(extra.used_macros)) + "('amount') }}"
    if not reads:
        # Staging models stand on literals, so that a run needs no data.
        lines += [
            "with source as (",
            f"    select 1 as id, '{area}' as area, 12.5 as amount, date '2024-01-02' as happened_on",
            "    union all",
            f"    select 2, '{noun}', 7.25, date '2024-02-03'",
            "    {# {{ source('raw_" + area + "', '" + noun + "') }} in a real project #}",
            "),",
        ]
    else:
        lines.append("with source as (")
        for position, parent in enumerate(reads):
            if position:
                lines.append("    union all")
            lines.append(
                "    select id, area, amount, happened_on from {{ ref('" + parent + "') }}"
            )
        lines.append("),")
    lines += [
        "renamed as (",
        "    select",
        "        id,",
        "        area,",
        f"        {amount} as scaled,",
        "        amount,",
        "        happened_on,",
        *(f"        {call} as called_{at}," for at, call in enumerate(extra.calls) if uses_macros),
        "        row_number() over (partition by id order by happened_on) as position",
        "    from source",
    ]
    if chooser.random() < 0.15:
        lines.append("    where happened_on >= cast('{{ var(\"start_date\") }}' as date)")
    elif uses_macros and chooser.random() < 0.5:
        lines.append("    where {{ since('happened_on') }}")
    lines += [
        ")",
        "select id, area, scaled, amount, happened_on",
        "from renamed",
        "where position = 1",
    ]
    if kind == "incremental":
        lines += [
            "{% if is_incremental() %}",
            "  and happened_on > (select max(happened_on) from {{ this }})",
            "{% endif %}",
        ]
    return "\n".join(lines) + "\n"


def properties(chooser: random.Random, members: list[str], layer_name: str) -> str:
    """Return a property file with two tests a model on average."""
    lines = ["version: 2", "", "models:"]
    for model in members:
        lines += [
            f"  - name: {model}",
            "    description: >",
            f"      The {layer_name} model {model}, one row for each id, kept by the data team.",
            "    columns:",
            "      - name: id",
            "        description: Primary key",
            "        data_tests:",
            "          - not_null",
        ]
        if chooser.random() < 0.7:
            lines.append("          - unique")
        lines += ["      - name: area", "        description: Where it comes from"]
        if chooser.random() < 0.3:
            lines += [
                "        data_tests:",
                "          - accepted_values:",
                "              arguments:",
                f"                values: [{', '.join([*AREAS, *NOUNS])}]",
            ]
        lines += ["      - name: amount", "        description: Amount in the account's currency"]
    return "\n".join(lines) + "\n"


def write(path: Path, text: str) -> None:
    """Write a file, making its directories."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def main() -> None:
    """Read arguments and generate."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("directory", type=Path)
    parser.add_argument("--models", type=int, default=500)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--macros", type=int, default=60)
    parser.add_argument("--used-macros", type=int, default=USED_MACROS)
    given = parser.parse_args()
    generate(given.directory, given.models, given.seed, given.macros, given.used_macros)


if __name__ == "__main__":
    main()
