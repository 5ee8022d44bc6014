"""Descriptions and the blocks they show (PROJ-170)."""

from __future__ import annotations

import pytest
from tests.graph.linked_project import codes, link_texts, resource

DOCS = "{% docs aa %}\n x {{ 1 }}\n{% enddocs %}{% docs bb %}B{% enddocs %}"


def described(text: str) -> dict[str, str]:
    return {
        "models/m.sql": "select 1",
        "models/d.md": DOCS,
        "models/p.yml": f"models: [{{name: m, description: {text!r}}}]",
    }


@pytest.mark.parametrize(
    ("text", "expected", "blocks"),
    [
        ("plain", "plain", ()),
        ("{{ doc('bb') }} and more", "B and more", ("doc.shop.bb",)),
        ('{{ doc("shop", "bb") }}', "B", ("doc.shop.bb",)),
        ("{{doc('aa')}}-{{ doc('bb') }}", "x 1-B", ("doc.shop.aa", "doc.shop.bb")),
        ("{{ doc('bb') }} {{ target.name }}", "B dev", ("doc.shop.bb",)),
        ("{{ doc('bb') | lower }}", "b", ("doc.shop.bb",)),
        ("a {single} brace", "a {single} brace", ()),
    ],
)
def test_descriptions(text: str, expected: str, blocks: tuple[str, ...]) -> None:
    model = resource(link_texts(described(text)), "model.shop.m")
    assert (model.description, model.doc_blocks) == (expected, blocks)


def test_a_missing_block_is_an_error_with_the_nearest_name() -> None:
    (problem,) = link_texts(described("{{ doc('bbb') }}")).problems
    assert (problem.code, problem.hint) == ("doc-not-found", "Did you mean `bb`?")
    assert problem.span is not None
    assert problem.span.file == "models/p.yml"


def test_descriptions_of_a_disabled_model_stay_as_written() -> None:
    text = "{{ doc('bb') }} {{ doc('missing') }}"
    linked = link_texts(
        {
            "models/m.sql": "{{ config(enabled=false) }} select 1",
            "models/d.md": DOCS,
            "models/p.yml": f"models: [{{name: m, description: {text!r},"
            f" columns: [{{name: a, description: {text!r}}}]}}]",
        }
    )
    assert linked.problems == ()
    assert linked.graph is not None
    (model,) = linked.graph.disabled["model.shop.m"]
    assert (model.description, model.doc_blocks) == (text, ())
    assert model.columns["a"].description == text


def test_broken_templates_are_problems() -> None:
    assert len(link_texts(described("{{ nothing( }}")).problems) == 1


def test_blocks_of_the_root_project_come_first() -> None:
    linked = link_texts(
        {"models/d.md": "{% docs aa %}root{% enddocs %}"},
        packages={
            "one": {
                "models/m.sql": "select 1",
                "models/d.md": "{% docs aa %}one{% enddocs %}{% docs cc %}c{% enddocs %}",
                "models/p.yml": "models: [{name: m, description:"
                " \"{{ doc('aa') }}{{ doc('cc') }}\"}]",
            }
        },
    )
    assert resource(linked, "model.one.m").description == "rootc"


def test_a_block_that_is_defined_twice() -> None:
    texts = {
        "models/a.md": "{% docs a %}{% enddocs %}",
        "models/b.md": "{% docs a %}{% enddocs %}",
    }
    assert codes(link_texts(texts)) == ["resource-twice"]
