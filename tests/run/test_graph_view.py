"""The `graph` object of templates."""

from __future__ import annotations

from tests.graph.linked_project import link_texts

from upriver.run.graph_view import graph_view


def test_tests_that_lost_what_they_read_are_nodes() -> None:
    """As in manifests: packages that list the tests count them."""
    linked = link_texts(
        {
            "models/gone.sql": "{{ config(enabled=false) }} select 1",
            "models/kept.sql": "select 1",
            "models/p.yml": "models: [{name: gone, data_tests: [one_row]},"
            " {name: kept, data_tests: [one_row]}]",
            "macros/t.sql": "{% test one_row(model) %}{% endtest %}",
        }
    )
    found = graph_view(linked.graph, {})["nodes"]
    assert sorted(key.split(".")[2] for key in found) == ["kept", "one_row_gone_", "one_row_kept_"]
    assert [n["config"]["enabled"] for n in found.values() if n["name"] == "one_row_gone_"] == [
        False
    ]
