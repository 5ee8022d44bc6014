"""What templates see: names, macros, references (JINJA-16..83, 135..144). Expected values were
observed with dbt where it gives the same.
"""

from __future__ import annotations

from typing import Any

import pytest
from tests.jinja.contexts import FakeWarehouse, subject, world

from upriver.jinja.context import build_context, call_in, call_macro, render, render_node
from upriver.jinja.errors import CompilationError, Origin
from upriver.jinja.subject import Overrides
from upriver.problems import WarehouseError

OWN = """
{% macro greet(x, y='!') %}hello {{ x }}{{ y }}{% endmacro %}
{% macro typed() %}text{% do return([1, {'a': 2}]) %}more{% endmacro %}
{% macro wrap(x) %}<{{ caller(x) }}>{{ varargs }}{{ kwargs }}{% endmacro %}
{% macro global_of() %}[{{ zz }}]{% endmacro %}
{% macro stack() %}{% set s = context_macro_stack %}{{ s.depth }} {{ s.call_stack }}{% endmacro %}
{% macro added() %}{{ extra is defined }}{% endmacro %}
{% macro by_name(n) %}{% do return(context[n]('x')) %}{% endmacro %}
{% macro _private() %}p{% endmacro %}
{% macro endless() %}{{ endless() }}{% endmacro %}
{% macro default__pick() %}default{% endmacro %}
{% macro duckdb__pick() %}duck{% endmacro %}
{% macro undefined_inside() %}{{ nope.x }}{% endmacro %}
"""
PACKAGES = {
    "tools": "{% macro star() %}{{ helper() }}{% endmacro %}"
    "{% macro helper() %}theirs{% endmacro %}"
    "{% macro _is() %}inner{% endmacro %}{% macro default__only() %}tools{% endmacro %}"
}


def rendered(text: str, own: str = OWN, **changes: Any) -> str:
    made = world(own, variables={"v": "{{ 1 + 1 }}", "n": 3}, env={"HOME": "/me"}, **PACKAGES)
    return render_node(made, subject(made, **changes), text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{{ greet('x') }} {{ greet('x', y='?') }}", "hello x! hello x?"),
        ("{{ typed()[1].a + 1 }}", "3"),
        ("{% call(y) wrap(3, 4, z=5) %}{{ y }}{% endcall %}", "<3>(4,){'z': 5}"),
        ("{% set zz = 5 %}{{ global_of() }}", "[]"),
        ("{{ stack() }} {{ context_macro_stack.depth }}", "1 ['macro.shop.stack'] 0"),
        (
            "{% do context.update({'extra': 1}) %}{{ extra is defined }} {{ added() }}",
            "False True",
        ),
        ("{{ by_name('greet') }}", "hello x!"),
        (
            "{{ 'greet' in context }} {{ 'no' in context }} {{ context.get('no', 'd') }}",
            "True False d",
        ),
        ("{{ context['execute'] }}", "True"),
        ("{{ shop._private() }} {{ _private() }} {{ tools._is() }}", "p p inner"),
        ("{{ shop.no is defined }} {{ 'no' in shop }} {{ 'greet' in shop }}", "False False True"),
        ("{{ dbt.type_string() }}", "TEXT"),
        (
            "{{ adapter.dispatch('pick')() }} {{ adapter.dispatch('only', 'tools')() }}",
            "duck tools",
        ),
        ("{% set a = 3 %}{{ render('{{ greet(1) }} {{ a }} {{ execute }}') }}", "hello 1!  True"),
        (
            "{{ var('v') }} {{ var('n') + 1 }} {{ var('no', 5) }} {{ var('no', none) is none }}",
            "2 4 5 True",
        ),
        ("{{ var.has_var('v') }} {{ var.has_var('no') }}", "True False"),
        ("{{ env_var('HOME') }} {{ env_var('NO', 5) + 1 }}", "/me 6"),
        (
            "{{ target.name }} {{ target.no }}{{ database }}.{{ schema }} {{ this }}",
            'dev db.main "db"."main"."m"',
        ),
        (
            "{{ ref('a') }} {{ ref('p', 'a') }} {{ ref('a', v=2) }}",
            '"db"."main"."a" "db"."p"."a" "db"."main"."a_v2"',
        ),
        (
            "{{ source('s', 't') }} {{ function('f') }} {{ metric('m') }}",
            '"db"."s"."t" "db"."fn"."f" m',
        ),
        (
            "{{ graph.nodes.keys() | list }} {{ selected_resources }}",
            "['model.shop.a'] ['model.shop.a']",
        ),
        (
            "{{ invocation_id }} {{ invocation_args_dict.which }} {{ run_started_at.year }}",
            "i-1 run 2024",
        ),
        ("{{ builtins.ref('a') }} {{ builtins.no is defined }}", '"db"."main"."a" False'),
        (
            "{{ modules.datetime.date(2024, 1, 2) }} {{ modules.re.match('a', 'b') is none }}",
            "2024-01-02 True",
        ),
        (
            "{{ modules.itertools.chain([1], [2]) | list }} {{ modules.os is defined }}",
            "[1, 2] False",
        ),
        ("{{ range(3) | list }} {{ namespace(a=1).a }}", "[0, 1, 2] 1"),
        ("{{ sql_now }} {{ project_name }} {{ dbt_version }}", "now() shop 1.11.16"),
        ("{{ model }} {{ sql }} {{ pre_hooks }} {{ defer_relation }}", "{} None None None"),
        ("no tags\r\nhere\n", "no tags\nhere"),
    ],
)
def test_templates_see(text: str, expected: str) -> None:
    assert rendered(text) == expected


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("{{ ref() }}", "ref-arguments"),
        ("{{ ref('a', 'b', 'c') }}", "ref-arguments"),
        ("{{ ref(1) }}", "ref-arguments"),
        ("{{ source('a') }}", "source-arguments"),
        ("{{ source('a', 1) }}", "source-arguments"),
        ("{{ var('no') }}", "var-not-found"),
        ("{{ env_var('NO') }}", "env-var-not-found"),
        ("{{ env_var('DBT_ENV_SECRET_X', 'd') }}", "secret-env-var"),
        ("{{ nope() }}", "jinja-undefined"),
        ("{{ undefined_inside() }}", "jinja-undefined"),
        ("{{ target.no.further }}", "jinja-undefined"),
        ("{{ adapter.no() }}", "jinja-undefined"),
        ("{{ greet(1, 2, 3) }}", "jinja-error"),
        ("{{ 'a' + 1 }}", "jinja-error"),
        ("{{ endless() }}", "compilation-error"),
        ("{{ adapter.dispatch('tools.star') }}", "dispatch-arguments"),
        ("{{ adapter.dispatch('star', packages=['tools']) }}", "dispatch-arguments"),
        ("{{ adapter.dispatch('zork', 'dbt')() }}", "macro-not-found"),
        ("{{ adapter_macro('x') }}", "adapter-macro-removed"),
        ("{{ exceptions.raise_compiler_error('boom') }}", "compilation-error"),
        ("{{ try_or_compiler_error('bad', env_var, 'NO') }}", "compilation-error"),
        ("{{ load_agate_table() }}", "compilation-error"),
        ("{{ set_strict(5) }}", "jinja-error"),
        ("{{ tojson(modules.re) }}", "jinja-error"),
    ],
)
def test_mistakes_have_codes_and_places(text: str, code: str) -> None:
    made = world(OWN, **PACKAGES)
    with pytest.raises(CompilationError) as caught:
        render(f"\n{text}", build_context(made, subject(made)), Origin(file="models/m.sql"))
    assert caught.value.code == code
    assert caught.value.span is not None
    assert caught.value.span.file in {"models/m.sql", "macros/m.sql"}


def test_dispatch_says_what_it_looked_for() -> None:
    with pytest.raises(CompilationError) as caught:
        rendered("{{ adapter.dispatch('zork', 'dbt')() }}")
    for name in ("shop.duckdb__zork", "shop.default__zork", "dbt.duckdb__zork"):
        assert name in caught.value.message


def test_a_macro_replaces_what_is_offered_and_builtins_keeps_it() -> None:
    own = (
        "{% macro ref(n) %}{% do return(builtins.ref(n).include(database=false)) %}{% endmacro %}"
    )
    assert rendered("{{ ref('a') }}", own) == '"main"."a"'


def test_a_package_sees_its_own_macro_first() -> None:
    made = world("{% macro helper() %}ours{% endmacro %}", **PACKAGES)
    of_root = render_node(made, subject(made), "{{ tools.star() }}{{ helper() }}")
    of_package = render_node(made, subject(made, package="tools"), "{{ star() }}")
    assert (of_root, of_package) == ("oursours", "theirs")


def test_extra_names_and_overrides() -> None:
    overrides = Overrides(
        macros={"is_incremental": True, "tools.star": "*"}, vars={"v": "x"}, env_vars={"HOME": "y"}
    )
    text = (
        "{{ is_incremental() }} {{ tools.star() }} {{ var('v') }} {{ env_var('HOME') }} {{ more }}"
    )
    assert rendered(text, overrides=overrides, extra={"more": 1}) == "True * x y 1"


def test_messages_go_to_the_world() -> None:
    made = world()
    text = "{{ print('p') }}{{ log('d') }}{{ log('i', info=true) }}{{ exceptions.warn('w') }}"
    assert render_node(made, subject(made), text) == ""
    assert made.said == [("print", "p"), ("debug", "d"), ("info", "i"), ("warn", "w")]


def test_flags_are_asked_by_name() -> None:
    made = world(flags={"FULL_REFRESH": True})
    text = "{{ flags.FULL_REFRESH }} {{ flags.full_refresh }} {{ flags.NO }}"
    assert render_node(made, subject(made), text) == "True  "


def test_while_parsing_nothing_unmemorable_is_asked() -> None:
    made = world(is_executing=False)
    made.graph = made.invocation = made.selected = None
    text = "{{ execute }} {{ graph }} {{ selected_resources }} {{ dbt_version }} {{ var('no') }}"
    assert render_node(made, subject(made), text) == "False {} [] 1.11.16 None"


def test_macros_are_called_with_any_argument_names() -> None:
    made = world(
        "{% macro m(context, macro, args) %}{{ context }}{{ macro }}{{ args }}{% endmacro %}"
    )
    values = {"context": 1, "macro": 2, "args": 3}
    assert call_macro("m", made, subject(made), kwargs=values) == "123"
    assert call_macro("shop.m", made, subject(made), (1, 2, 3)) == "123"
    with pytest.raises(CompilationError, match=r"no macro `shop\.no`"):
        call_macro("shop.no", made, subject(made))


def test_generated_names_are_macro_results() -> None:
    own = (
        "{% macro generate_schema_name(c, node) %}"
        " {{ target.schema }}_{{ node.config.x }} {% endmacro %}"
    )
    made = world(own, is_executing=False)
    node = {"config": {"x": 1}}
    assert call_macro("generate_schema_name", made, subject(made), ("c", node)).strip() == "main_1"


def test_the_warehouse_keeps_its_words() -> None:
    class Refusing(FakeWarehouse):
        def execute(self, *_args: Any, **_options: Any) -> Any:
            raise WarehouseError("no such table")

    made = world(warehouse=Refusing())
    with pytest.raises(WarehouseError, match="no such table"):
        render_node(made, subject(made), "{{ run_query('select 1') }}")


def test_a_materialization_runs_and_leaves_its_result() -> None:
    warehouse = FakeWarehouse()
    made = world(warehouse=warehouse)
    node = subject(
        made,
        config={"contract": {"enforced": False}, "persist_docs": {}, "grants": {}},
        sql="select 1 as id",
        compiled_code="select 1 as id",
        pre_hooks=(),
        post_hooks=(),
        model=lambda: {"name": "m", "columns": {}, "config": {}, "unique_id": "model.shop.m"},
    )
    context = build_context(made, node)
    returned = call_in(context, made.macros.find_materialization("view"))
    assert [str(relation) for relation in returned["relations"]] == ['"db"."main"."m"']
    main = context.results.load("main")
    assert main is not None
    assert (str(main["response"]), main["response"].rows_affected) == ("OK", 2)
    assert any("select 1 as id" in sql for sql in warehouse.sent)


def test_direct_calls_are_reported_and_nested_ones_are_not() -> None:
    made = world("{% macro a() %}{{ b() }}{% endmacro %}{% macro b() %}{% endmacro %}")
    called: list[str] = []
    text = "{{ a() }}{{ dbt.type_int() }}"
    render_node(made, subject(made, on_macro=called.append), text)
    assert called == ["macro.shop.a", "macro.dbt.type_int"]
