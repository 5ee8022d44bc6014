"""The site in a real browser: what is shown, lineage among it (ART-95), that nothing in a project
runs, and large projects.
"""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.cli.shop_project import Shop

from upriver.project.docs.bundle import write_site, write_static_site
from upriver.project.docs.serve import Shown, make_server, serve_until
from upriver.run.stop import Stop

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
EVIL = '<img src=x onerror="window.harm=1"><script>window.harm=1</script>'
PROPERTIES = f"""\
models:
  - name: customers
    description: |
      # Who buys
      Some **bold** words, `code`, a [good link](https://example.com/a) and
      [a bad one](javascript:window.harm=1). {EVIL}

      ![picture](javascript:window.harm=1)

      | a | b |
      | --- | --- |
      | 1 | {EVIL} |
    meta: {{note: '{EVIL}'}}
    config: {{tags: ['{EVIL}']}}
    columns:
      - name: customer
        description: "The buyer's name {EVIL.replace('"', "'")}"
        data_tests: [unique, not_null]
      - {{name: '<b onclick="window.harm=1">nothing</b>', description: not there}}
exposures:
  - name: board
    label: '{EVIL}'
    type: dashboard
    url: "javascript:window.harm=1"
    owner: {{name: '{EVIL}', email: a@b.c}}
    depends_on: [ref('customers')]
"""
OVERVIEW = """\
{% docs __overview__ %}
Welcome to the **shop**. <script>window.harm=1</script>
{% enddocs %}
"""


@contextmanager
def served(target: Path) -> Iterator[str]:
    """Serve a target directory."""
    server, stop = make_server(Shown(target_path=str(target)), "127.0.0.1", 0), Stop()
    thread = threading.Thread(target=serve_until, args=(server, stop))
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}/"
    stop.request()
    thread.join()


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """A browser without a window."""
    found = next((path for name in NAMES if (path := shutil.which(name))), None)
    with sync_api.sync_playwright() as playwright:
        if found is None and not Path(playwright.chromium.executable_path).exists():
            pytest.skip(f"no browser on this machine: looked for {', '.join(NAMES)}")
        launched = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield launched
        launched.close()


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    """A page that fails the test when a script of it fails."""
    made = browser.new_page(viewport={"width": 1300, "height": 850})
    made.set_default_timeout(15_000)
    failures: list[str] = []
    made.on("pageerror", lambda error: failures.append(str(error)))
    yield made
    made.close()
    assert failures == []


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The artifacts of a project whose every text tries to do harm."""
    shop = Shop(tmp_path_factory.mktemp("shop"))
    shop.write({"models/models.yml": PROPERTIES, "models/docs.md": OVERVIEW})
    assert shop("build", "-q").exit_code == 0
    # Compiling once more would put its results in the place of the tests'.
    assert shop("docs", "generate", "-q", "--static", "--no-compile").exit_code == 0
    return shop.root / "target"


@pytest.fixture(scope="module")
def address(target: Path) -> Iterator[str]:
    with served(target) as where:
        yield where


def _open(page: Any, address: str, place: str = "") -> None:
    page.goto(f"{address}#!/{place}")
    page.wait_for_selector("html[data-ready]", state="attached")


@pytest.mark.parametrize(
    "place",
    ["overview", "model/model.shop.customers", "exposure/exposure.shop.board", "list/model",
     "list/exposure", "lineage", "lineage/model.shop.customers", "model/model.shop.orders",
     "nowhere/%3Cimg%20src%3Dx%20onerror%3Dwindow.harm%3D1%3E"],
)  # fmt: skip
def test_nothing_in_a_project_runs(page: Any, address: str, place: str) -> None:
    _open(page, address, place)
    page.wait_for_timeout(200)
    assert page.evaluate("window.harm") is None
    assert page.locator("#app script, #app [onerror], #app [onclick]").count() == 0
    assert page.locator("a[href^='javascript' i], img[src^='javascript' i]").count() == 0


def test_a_description_is_shown_as_markdown(page: Any, address: str) -> None:
    _open(page, address, "model/model.shop.customers")
    text = page.locator("#description .prose")
    assert text.locator("strong").inner_text() == "bold"
    assert text.locator("a").get_attribute("href") == "https://example.com/a"
    assert text.locator("a").get_attribute("rel") == "noopener noreferrer"
    assert "<script>" in text.inner_text()
    assert text.locator("tbody td").first.inner_text() == "1"


def test_columns_have_types_tests_and_results(page: Any, address: str) -> None:
    _open(page, address, "model/model.shop.customers")
    rows = page.locator("#columns tbody tr")
    assert rows.first.inner_text().split() == [
        "customer", "varchar", *["The", "buyer's", "name"], *rows.first.inner_text().split()[5:],
    ]  # fmt: skip
    assert rows.first.locator("a.chip.is-good").all_inner_texts() == ["unique", "not null"]
    assert "not in the warehouse" in rows.last.inner_text()
    rows.first.locator("a.chip").first.click()
    assert "test/test.shop.unique_customers_customer" in page.url


def test_code_is_coloured_and_compiled_code_a_tab_away(page: Any, address: str) -> None:
    _open(page, address, "model/model.shop.customers")
    code = page.locator("#code pre")
    assert code.locator(".t-brace").first.inner_text() == "{{"
    page.get_by_role("tab", name="Compiled").click()
    assert '"shop"."dev"."orders"' in code.inner_text()
    assert code.locator(".t-keyword").first.inner_text() == "select"


def test_search_opens_by_key_and_finds_columns(page: Any, address: str) -> None:
    _open(page, address)
    page.keyboard.press("/")
    page.keyboard.type("buyer")
    first = page.locator(".result").first
    assert "customers" in first.inner_text()
    assert first.locator("mark").inner_text() == "buyer"
    page.keyboard.press("Enter")
    page.wait_for_url("**/model/model.shop.customers")


def test_lineage_is_walked_by_keys(page: Any, address: str) -> None:
    _open(page, address, "lineage/model.shop.orders")
    said = page.locator(".lineage-head [role=status]")
    assert said.inner_text() == "4 resources, 3 edges, 4 layers"
    page.get_by_role("button", name="Fewer downstream steps").click()
    page.get_by_role("button", name="Fewer downstream steps").click()
    assert said.inner_text() == "3 resources, 2 edges, 3 layers"
    page.locator(".lineage-canvas canvas").focus()
    for key in ("ArrowRight", "ArrowRight"):
        page.keyboard.press(key)
    assert page.locator(".lineage-card .card-title").inner_text() == "customers"
    page.keyboard.press("Enter")
    page.wait_for_url("**/model/model.shop.customers")


def test_the_tree_is_walked_by_keys(page: Any, address: str) -> None:
    _open(page, address)
    page.keyboard.press("s")
    page.keyboard.press("End")
    page.keyboard.press("Home")
    page.keyboard.press("ArrowRight")
    active = page.locator(".row.is-active")
    assert (active.count(), active.get_attribute("aria-level")) == (1, "2")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    assert active.get_attribute("aria-expanded") == "false"


def test_the_overview_is_the_projects_own(page: Any, address: str) -> None:
    _open(page, address)
    assert page.locator("main .prose strong").inner_text() == "shop"
    assert page.locator(".tile").count() >= 4


def test_light_and_dark(page: Any, address: str) -> None:
    page.emulate_media(color_scheme="dark")
    _open(page, address)
    colour = "getComputedStyle(document.body).backgroundColor"
    dark = page.evaluate(colour)
    page.keyboard.press("t")
    assert page.evaluate(colour) != dark
    page.reload()
    page.wait_for_selector("html[data-ready]", state="attached")
    assert page.evaluate(colour) != dark


def test_one_file_works_from_the_disk(page: Any, target: Path) -> None:
    _open(page, (target / "static_index.html").as_uri(), "model/model.shop.customers")
    assert page.locator("h1").inner_text() == "customers"
    assert page.locator("#columns tbody tr").count() == 3
    assert page.evaluate("window.harm") is None


def test_a_folder_without_a_catalog_says_so(page: Any, target: Path, tmp_path: Path) -> None:
    shutil.copy(target / "manifest.json", tmp_path)
    with served(tmp_path) as where:
        _open(page, where)
        assert "There is no catalog" in page.locator("main").inner_text()


def test_a_folder_without_artifacts_says_what_to_do(page: Any, tmp_path: Path) -> None:
    with served(tmp_path) as where:
        page.goto(where)
        page.get_by_text("upriver docs generate").wait_for()


SEMANTIC = {
    "semantic_models": {
        "semantic_model.p.orders": {
            "name": "orders", "package_name": "p", "description": None, "depends_on": {"nodes": []},
            "entities": [{"name": "order_id", "type": "primary", "expr": None}], "dimensions": [],
            "measures": [{"name": "total", "agg": "sum", "expr": "amount", "description": EVIL}],
        },
    },
    "metrics": {
        "metric.p.revenue": {
            "name": "revenue", "package_name": "p", "type": "simple", "label": "Revenue",
            "depends_on": {"nodes": ["semantic_model.p.orders"]},
            "type_params": {"measure": {"name": "total"}, "metrics": []},
            "filter": {"where_filters": [{"where_sql_template": EVIL}]},
        },
    },
    "saved_queries": {
        "saved_query.p.monthly": {
            "name": "monthly", "package_name": "p", "depends_on": {"nodes": ["metric.p.revenue"]},
            "query_params": {"metrics": ["revenue"], "group_by": [EVIL], "limit": 3},
            "exports": [{"name": "kept", "config": {"export_as": "table"}}],
        },
    },
}  # fmt: skip


def test_the_semantic_layer_is_shown(page: Any, tmp_path: Path) -> None:
    manifest = {"metadata": {"project_name": "p"}, "nodes": {}, **SEMANTIC}
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    with served(tmp_path) as where:
        _open(page, where, "semantic_model/semantic_model.p.orders")
        assert page.locator("#measures tbody tr").inner_text().split()[:3] == [
            "total", "sum", "amount",
        ]  # fmt: skip
        _open(page, where, "metric/metric.p.revenue")
        assert EVIL in page.locator("#definition").inner_text()
        _open(page, where, "saved_query/saved_query.p.monthly")
        assert "kept table" in page.locator("#query").inner_text()
        assert page.evaluate("window.harm") is None


LAYOUT = """
async (count) => {
  const { layoutGraph, NODE_WIDTH, NODE_HEIGHT } = await import("./docs_site/layout.js");
  const ids = Array.from({ length: count }, (_, n) => `n${n}`);
  const edges = ids.flatMap((id, n) => [[n >> 1, id], [(n * 7) % (n || 1), id]])
    .filter(([from, id]) => `n${from}` !== id).map(([from, id]) => [`n${from}`, id]);
  const { places, lines } = layoutGraph(ids, edges);
  const back = lines.filter((line) => places.get(line.from).x >= places.get(line.to).x).length;
  const all = [...places.values()];
  const over = all.filter((a) => all.some((b) => a !== b
    && Math.abs(a.x - b.x) < NODE_WIDTH && Math.abs(a.y - b.y) < NODE_HEIGHT)).length;
  return [places.size, lines.length === edges.length, back, over];
}
"""


@pytest.mark.parametrize("count", [1, 2, 40, 300, 1500])
def test_edges_go_one_way_and_nothing_overlaps(page: Any, address: str, count: int) -> None:
    _open(page, address)
    assert page.evaluate(LAYOUT, count) == [count, True, 0, 0]


MANY = 5000


def _large(folder: Path) -> None:
    """Write artifacts of 5,000 models with two tests each."""
    nodes: dict[str, Any] = {}
    catalog: dict[str, Any] = {}
    for n in range(MANY):
        unique_id = f"model.big.model_{n:04}"
        parents = [f"model.big.model_{p:04}" for p in {n // 3, n // 7} if p < n]
        nodes[unique_id] = {
            "name": f"model_{n:04}", "package_name": "big", "unique_id": unique_id,
            "original_file_path": f"models/area_{n % 20}/model_{n:04}.sql", "schema": "s",
            "database": "d", "relation_name": f"d.s.model_{n:04}", "alias": f"model_{n:04}",
            "description": f"Number {n} of many", "tags": [], "config": {"materialized": "view"},
            "columns": {}, "depends_on": {"nodes": parents, "macros": []}, "meta": {},
            "raw_code": f"select id, {n} as n\nfrom somewhere\n" * 20,
        }  # fmt: skip
        columns = {f"c{c}": {"name": f"c{c}", "type": "INT", "index": c} for c in range(10)}
        catalog[unique_id] = {"metadata": {"type": "VIEW"}, "columns": columns, "stats": {}}
        for kind in ("unique", "not_null"):
            test_id = f"test.big.{kind}_{n}.abc"
            nodes[test_id] = {
                "name": f"{kind}_{n}", "package_name": "big", "column_name": "c1", "tags": [],
                "attached_node": unique_id, "depends_on": {"nodes": [unique_id]}, "columns": {},
                "test_metadata": {"name": kind, "kwargs": {}}, "config": {}, "raw_code": "",
                "original_file_path": "models/s.yml", "description": "", "meta": {},
            }  # fmt: skip
    metadata = {"project_name": "big", "generated_at": "2026-01-01T00:00:00Z"}
    (folder / "manifest.json").write_text(json.dumps({"metadata": metadata, "nodes": nodes}))
    (folder / "catalog.json").write_text(
        json.dumps({"metadata": metadata, "nodes": catalog, "sources": {}, "errors": None})
    )
    write_site(str(folder))
    write_static_site(str(folder))


def test_thousands_of_models_are_no_burden(page: Any, tmp_path: Path) -> None:
    _large(tmp_path)
    with served(tmp_path) as where:
        _open(page, where, "list/model")
        elements = "document.getElementsByTagName('*').length"
        assert page.evaluate(elements) < 1500
        page.keyboard.press("/")
        page.keyboard.type("model_4321")
        page.locator(".result").first.wait_for()
        assert page.locator(".result-name").first.inner_text().startswith("model_4321")
        page.keyboard.press("Enter")
        page.wait_for_url("**/model/model.big.model_4321")
        assert page.locator(".row.is-selected").inner_text() == "model_4321"
        page.goto(f"{where}#!/lineage")
        said = page.locator(".lineage-head [role=status]", has_text="5,000 resources")
        said.wait_for()
        assert page.evaluate(elements) < 1500
