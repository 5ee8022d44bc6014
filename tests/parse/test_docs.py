from __future__ import annotations

import pytest
from tests.jinja.parse_worlds import parse_world
from tests.parse.source_files import source_file

from upriver.parse.docs import parse_docs
from upriver.resources.definitions import ParsedFile

WORLD = parse_world({})


def parse(text: str) -> ParsedFile:
    return parse_docs(source_file("models/sub/d.md", "docs", text), text, WORLD)


@pytest.mark.parametrize(
    ("inside", "contents"),
    [
        ("\n\n hello \n", "hello"),
        ("{{ x }}a{# gone #}", "a"),
        ("{% raw %}{{ kept }}{% endraw %}", "{{ kept }}"),
        ("{{ 1 + 1 }}", "2"),
    ],
)
def test_a_block_is_rendered_without_names(inside: str, contents: str) -> None:
    (doc,) = parse(f"# title {{% docs one %}}{inside}{{% enddocs %}} rest").docs
    assert doc.block_contents == contents
    assert (doc.unique_id, doc.path) == ("doc.shop.one", "sub/d.md")
    assert doc.original_file_path == "models/sub/d.md"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("{% docs a %}{{ doc('b') }}{% enddocs %}", "jinja-undefined"),
        ("{% docs a %}{% foo %}{% enddocs %}", "jinja-unknown-tag"),
        ("{% docs a %}", "unclosed-block"),
        ("{% docs a %}1{% enddocs %}{% docs a %}2{% enddocs %}", "duplicate-block"),
        ("# T {#id}", "unclosed-jinja"),
    ],
)
def test_a_broken_block_is_reported(text: str, code: str) -> None:
    assert [problem.code for problem in parse(text).problems] == [code]


def test_tags_outside_blocks_are_text() -> None:
    assert parse("{% foo %} {% docs a %}x{% enddocs %}").problems == ()
